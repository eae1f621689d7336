import { createHash } from "node:crypto";
import { toText } from "../conversion.ts";
import { CallProblem, type Call, type Compute, type FunctionTable } from "../evaluation.ts";
import { asLong } from "../operand.ts";
import type { ScalarType, Value } from "../values.ts";
import { operand, priced, scalar } from "./binding.ts";
import { xxHash64 } from "./xxhash.ts";

/** Hashes of texts and numbers. */
export const HASHING: FunctionTable = {
  hash_sha256: digest("hash_sha256", "sha256"),
  hash_sha1: digest("hash_sha1", "sha1"),
  hash_md5: digest("hash_md5", "md5"),
  hash: priced({ call: 10_000, character: 700 }, scalar("hash(source [, mod])", hash)),
  hash_xxhash64: priced({ call: 10_000, character: 700 }, scalar("hash_xxhash64(source [, mod])", hash)),
};

function digest(name: string, algorithm: string) {
  const entry = scalar(`${name}(source)`, (call) => {
    const { compute, type } = operand(call, 0);
    return (row) =>
      createHash(algorithm)
        .update(toText(compute(row), type))
        .digest("hex");
  });
  return priced({ call: 10_000 }, entry);
}

/** Types with 64 bits: Kusto's page shows it for datetime. */
const WITH_64_BITS = new Set<ScalarType>(["long", "datetime", "timespan"]);

/** The remainder by `mod` is never negative. */
function hash(call: Call): Compute {
  const { compute, type } = operand(call, 0);
  if (type !== "string" && !WITH_64_BITS.has(type)) {
    throw new CallProblem(
      `${call.name}: Kusto's page does not say which bytes of a ${type} are hashed; write ${call.name}(tostring(…)), also in Sentinel`,
    );
  }
  const mod = call.operands[1] ? asLong(operand(call, 1)) : undefined;
  return (row): Value => {
    const value = compute(row);
    if (value === null) return null;
    const hashed = xxHash64(typeof value === "bigint" ? bytesOf(value) : Buffer.from(toText(value, type)));
    if (mod === undefined) return hashed;
    const size = mod(row);
    return size === null || size <= 0n ? null : ((hashed % size) + size) % size;
  };
}

function bytesOf(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, value));
  return bytes;
}
