import { RestError } from "@azure/storage-blob";
import type { DeadLetterEntry } from "../../src/azure/dead-letters.ts";

/** Lists the container of dead letters again and again, and returns the dead letters that are new. */
export function newLetters(letters: { list(): AsyncIterable<DeadLetterEntry> }) {
  const seen = new Set<string>();
  return {
    /** Dead letters that no earlier call has returned. */
    async fresh(): Promise<readonly DeadLetterEntry[]> {
      const added: DeadLetterEntry[] = [];
      try {
        for await (const letter of letters.list()) {
          if (seen.has(letter.name)) continue;
          seen.add(letter.name);
          added.push(letter);
        }
      } catch (error) {
        // The app creates the container at its first dead letter: before that there are none.
        if (!(error instanceof RestError && error.statusCode === 404)) throw error;
      }
      return added;
    },

    /** Number of dead letters returned so far. */
    count(): number {
      return seen.size;
    },
  };
}
