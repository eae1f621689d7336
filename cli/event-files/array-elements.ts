import { closingBracket, walked, withoutBlanks } from "../../src/core/scan/json-walk.ts";
import { gatheredBytes } from "./gathered-bytes.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

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
 * The elements of an array, without parsing them: one that lies in several chunks is held, and no more.
 *
 * As `sliceArray` does for bytes that are there: strings are skipped as strings, nothing recurses, any bracket closes,
 * a backslash escapes a quote wherever it stands, and an array that is cut short ends with what there is of its last
 * element. The first chunk begins with the bracket that opens the array.
 */
export function arrayElements(): ArrayElements {
  const open = gatheredBytes();
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  let behind: Buffer | undefined;
  return {
    *in(chunk) {
      const walk = walked(chunk);
      let from = depth === 0 ? 1 : 0;
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at];
        if (isEscaped) {
          isEscaped = false;
          if (inString || byte === QUOTE || byte === BACKSLASH) continue;
        }
        if (byte === BACKSLASH) isEscaped = true;
        else if (inString) inString = byte !== QUOTE;
        else if (byte === QUOTE) inString = true;
        else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
          // Most elements lie in one chunk, and are walked over many bytes at a time.
          const end = depth === 1 ? closingBracket(walk, at) : -1;
          if (end < 0) depth += 1;
          else at = end;
        } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
          depth -= 1;
          if (depth > 0) continue;
          yield* trimmed(open.joined(chunk.subarray(from, at)));
          behind = chunk.subarray(at + 1);
          return;
        } else if (byte === COMMA && depth === 1) {
          yield* trimmed(open.joined(chunk.subarray(from, at)));
          from = at + 1;
        }
      }
      open.add(chunk.subarray(from));
    },
    *rest() {
      yield* trimmed(open.joined(Buffer.alloc(0)));
    },
    get behind() {
      return behind;
    },
  };
}

/** What is not blank, without the blanks around it. */
function* trimmed(bytes: Uint8Array): Generator<Uint8Array> {
  const element = withoutBlanks(bytes);
  if (element.length > 0) yield element;
}
