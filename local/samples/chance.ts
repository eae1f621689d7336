/** A repeatable random generator: the same seed gives the same draws on every machine. Not for secrets. */
export interface Chance {
  /** A whole number from `low` to `high`, inclusive. */
  between(low: number, high: number): number;
  /** One of the choices, which must not be empty. */
  pick<T>(choices: readonly T[]): T;
  /** A random (version 4) GUID. */
  guid(): string;
}

/** Draws from the generator mulberry32, started from a hash (FNV-1a) of the seed text. */
export function chance(seed: string): Chance {
  let state = hash(seed);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    between,
    pick(choices) {
      const [choice] = choices.slice(between(0, choices.length - 1));
      if (choice === undefined) throw new RangeError("Nothing to pick from");
      return choice;
    },
    guid() {
      const hex = Array.from({ length: 32 }, (_, at) => {
        if (at === 12) return "4";
        return (at === 16 ? between(8, 11) : between(0, 15)).toString(16);
      }).join("");
      return [8, 12, 16, 20, 32].map((end, at, ends) => hex.slice(ends[at - 1] ?? 0, end)).join("-");
    },
  };
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193);
  return value;
}
