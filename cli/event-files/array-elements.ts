import { enterChunk, jsonWalk, nextElementEnd, OUTSIDE, trimmed } from "../../src/core/json/json-walk.ts";
import { gatheredBytes } from "./gathered-bytes.ts";

/** Cuts the elements out of a JSON array whose bytes come in chunks. */
export interface ArrayElements {
  /** The elements that end in the next chunk. Take all of them; each is valid until you ask for the next. */
  in(chunk: Buffer): Generator<Uint8Array>;
  /** The beginning of an element that the last chunk cut short, if there is one. */
  rest(): Generator<Uint8Array>;
  /** The rest of the chunk behind the bracket that closes the array; undefined before that chunk. */
  readonly behind: Buffer | undefined;
}

/**
 * Finds the elements without parsing them, and holds in memory at most one element that spans several chunks. They are the
 * elements that `sliceArray` finds in the whole bytes. The first chunk begins with the bracket that opens the array.
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
