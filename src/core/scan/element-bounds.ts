import { ELEMENT_WALK } from "./element-walk-module.ts";

/** Where elements of an array lie, whatever they are: each begins and ends with a bracket. */
export interface ElementBounds {
  /** First byte and last byte of the first element, of the second, and so on. */
  readonly bounds: readonly number[];
  /** Where the bracket is that closes the array; -1 where none does. */
  readonly end: number;
}

/** Bytes that are copied to WebAssembly's memory at a time: small enough to stay close to the processor. */
const CHUNK = 32_768;
/** What element-walk.wat says. */
const OFFSETS = CHUNK + 64;
const BLOCK = 64;
const BLANK = 0x20;

/**
 * The arrays and objects in the array that opens at `start`. Numbers, strings and the like among them are not told, and
 * nothing is parsed: of text that is not JSON the bounds say nothing.
 */
export function elementBounds(json: Uint8Array, start: number): ElementBounds {
  const { memory, bytes, begin, walk, depth } = (engine ??= newEngine());
  const bounds: number[] = [];
  begin();
  for (let from = start; from < json.length; from += CHUNK) {
    const length = Math.min(CHUNK, json.length - from);
    bytes.set(json.subarray(from, from + length));
    const padded = Math.ceil(length / BLOCK) * BLOCK;
    bytes.fill(BLANK, length, padded);
    const offsets = new Int32Array(memory.buffer, OFFSETS, (walk(padded) - OFFSETS) / 4);
    for (const offset of offsets) bounds.push(from + offset);
    if (depth() === 0) return { bounds, end: bounds.pop() ?? -1 };
  }
  return { bounds, end: -1 };
}

/** What is used of it: the types of Node.js leave it to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  begin(this: void): void;
  /** @returns where the offsets end */
  walk(this: void, length: number): number;
  /** Brackets that are open. */
  depth(this: void): number;
}

interface Engine extends Exports {
  readonly bytes: Uint8Array;
}

/** Made at the first body that is looked into: most runs of the app see none for long. */
let engine: Engine | undefined;

function newEngine(): Engine {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(ELEMENT_WALK, "base64")));
  return { ...exports, bytes: new Uint8Array(exports.memory.buffer) };
}
