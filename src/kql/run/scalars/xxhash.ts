/*
 * xxHash64 with seed 0, which Kusto's hash() uses. Written here because a package would be longer than the algorithm, and the
 * values that Kusto's page prints prove it.
 *
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */

const P1 = 11400714785074694791n;
const P2 = 14029467366897019727n;
const P3 = 1609587929392839161n;
const P4 = 9650029242287828579n;
const P5 = 2870177450012600261n;

const STRIPE = 32;

function unsigned(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotated(value: bigint, bits: bigint): bigint {
  return unsigned(value << bits) | (value >> (64n - bits));
}

function mixed(lane: bigint, input: bigint): bigint {
  return unsigned(rotated(unsigned(lane + input * P2), 31n) * P1);
}

/** The hash as a signed number of 64 bits. */
export function xxHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = bytes.length - (bytes.length % STRIPE);
  let hash = unsigned((at === 0 ? P5 : hashOfStripes(view, at)) + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    hash = unsigned(rotated(hash ^ mixed(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  }
  if (at + 4 <= bytes.length) {
    hash = unsigned(rotated(hash ^ unsigned(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at += 1) {
    hash = unsigned(rotated(hash ^ unsigned(BigInt(view.getUint8(at)) * P5), 11n) * P1);
  }
  hash = unsigned((hash ^ (hash >> 33n)) * P2);
  hash = unsigned((hash ^ (hash >> 29n)) * P3);
  return BigInt.asIntN(64, hash ^ (hash >> 32n));
}

/** Four lanes, each of which takes 8 bytes of every stripe. */
function hashOfStripes(view: DataView, end: number): bigint {
  const lanes = [unsigned(P1 + P2), P2, 0n, unsigned(-P1)].map((start, lane) => {
    let value = start;
    for (let at = lane * 8; at < end; at += STRIPE) value = mixed(value, view.getBigUint64(at, true));
    return value;
  });
  const shifts = [1n, 7n, 12n, 18n];
  const joined = lanes.reduce((sum, lane, index) => sum + rotated(lane, shifts[index] ?? 0n), 0n);
  return lanes.reduce((hash, lane) => unsigned((hash ^ mixed(0n, lane)) * P1 + P4), unsigned(joined));
}
