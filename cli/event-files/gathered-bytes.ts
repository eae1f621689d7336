/** Gathers bytes that come in parts, in memory that it reuses and that grows to the size of the largest whole. */
export interface GatheredBytes {
  readonly length: number;
  add(part: Uint8Array): void;
  /**
   * The gathered bytes and one more part as one buffer, valid until the next `add`; gathering begins anew. If nothing was
   * gathered, it returns the part itself and copies nothing.
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
