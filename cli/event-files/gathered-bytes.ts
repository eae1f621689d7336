/** Bytes that come in parts, in memory that is used again: it grows to what the largest whole needs. */
export interface GatheredBytes {
  readonly length: number;
  add(part: Uint8Array): void;
  /**
   * What was gathered, with one more part, as one; gathering begins anew. It holds until something is added. Where
   * nothing was gathered it is the part itself: no byte is copied.
   */
  joined(part: Buffer): Buffer;
}

export function gatheredBytes(): GatheredBytes {
  let memory = Buffer.alloc(0);
  let length = 0;
  const add = (part: Uint8Array): void => {
    const needed = length + part.length;
    if (needed > memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * memory.length));
      larger.set(memory.subarray(0, length));
      memory = larger;
    }
    memory.set(part, length);
    length = needed;
  };
  return {
    get length() {
      return length;
    },
    add,
    joined(part) {
      if (length === 0) return part;
      add(part);
      const whole = memory.subarray(0, length);
      length = 0;
      return whole;
    },
  };
}
