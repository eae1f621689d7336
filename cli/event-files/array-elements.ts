import { enterChunk, jsonWalk, nextElementEnd, OUTSIDE, trimmed } from "../../src/core/json/json-walk.ts";
import { gatheredBytes } from "./gathered-bytes.ts";

/** Takes the elements out of a JSON array whose bytes come in chunks. */
export interface ArrayElements {
  /** The elements that end in the next chunk, to be taken to the last. Each holds until the next is asked for. */
  in(chunk: Buffer): Generator<Uint8Array>;
  /** What there is of an element that the last chunk cut short. */
  rest(): Generator<Uint8Array>;
  /** What follows the bracket that closes the array, in the chunk that has it; undefined as long as none does. */
  readonly behind: Buffer | undefined;
}

/**
 * The elements of an array, without parsing them: one that lies in several chunks is held, and no more. They are those
 * that `sliceArray` finds in bytes that are there as a whole. The first chunk begins with the bracket that opens the array.
 */
export function arrayElements(): ArrayElements {
  const open = gatheredBytes();
  const walk = jsonWalk(new Uint8Array(), OUTSIDE);
  let behind: Buffer | undefined;
  return {
    *in(chunk) {
      enterChunk(walk, chunk);
      let from = walk.state === OUTSIDE ? 1 : 0;
      for (let end = nextElementEnd(walk, 0); end < chunk.length; end = nextElementEnd(walk, from)) {
        yield* unlessEmpty(open.joined(chunk.subarray(from, end)));
        from = end + 1;
        if (walk.state !== OUTSIDE) continue;
        behind = chunk.subarray(from);
        return;
      }
      open.add(chunk.subarray(from));
    },
    *rest() {
      yield* unlessEmpty(open.joined(Buffer.alloc(0)));
    },
    get behind() {
      return behind;
    },
  };
}

function* unlessEmpty(bytes: Uint8Array): Generator<Uint8Array> {
  const element = trimmed(bytes);
  if (element.length > 0) yield element;
}
