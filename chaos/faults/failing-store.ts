import type { Answer } from "./failing-items.ts";

/** Ends the id of a record whose incidents the table refuses, whenever they are written. */
export const UNSTORABLE_MARK = "_unstorable";
const RELUCTANT = /[\w-]+_reluctant_(\d+)/g;

/** The id of a record whose incidents the table fails for so many times, and takes then. */
export function reluctantId(id: string, times: number): string {
  return `${id}_reluctant_${times}`;
}

/** A table that refuses single incidents, fails for others many times, and takes all the rest. */
export interface FailingStore {
  /** What the table says to rows that are to be written together; undefined if it takes them. */
  answerTo(rows: Buffer): Answer | undefined;
  readonly figures: { readonly refusals: number; readonly failures: number };
}

export function failingStore(): FailingStore {
  const failures = new Map<string, number>();
  let refusals = 0;
  return {
    answerTo(rows) {
      const json = rows.toString();
      if (json.includes(UNSTORABLE_MARK)) {
        refusals += 1;
        return answer(400, "InvalidInput");
      }
      const reluctant = [...json.matchAll(RELUCTANT)].filter(([id, times]) => (failures.get(id) ?? 0) < Number(times));
      for (const id of new Set(reluctant.map(([found]) => found))) failures.set(id, (failures.get(id) ?? 0) + 1);
      return reluctant.length > 0 ? answer(500, "InternalError") : undefined;
    },
    figures: {
      get refusals() {
        return refusals;
      },
      get failures() {
        return [...failures.values()].reduce((sum, times) => sum + times, 0);
      },
    },
  };
}

function answer(status: number, code: string): Answer {
  const error = { code, message: { lang: "en-US", value: "one row of these is not taken" } };
  const headers = { "content-type": "application/json" };
  return { status, headers, body: Buffer.from(JSON.stringify({ "odata.error": error })) };
}
