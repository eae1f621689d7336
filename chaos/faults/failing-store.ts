import type { Answer } from "./failing-items.ts";

/** Suffix of the id of a record whose incidents the table always refuses. */
export const UNSTORABLE_MARK = "_unstorable";
const RELUCTANT = /[\w-]+_reluctant_(\d+)/g;

/** Id of a record for whose incidents the table fails this many times before it accepts them. */
export function reluctantId(id: string, times: number): string {
  return `${id}_reluctant_${times}`;
}

/** A table that refuses some incidents, fails many times for others, and accepts the rest. */
export interface FailingStore {
  /** The table's error for rows written together; undefined if it accepts them. */
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
  const error = { code, message: { lang: "en-US", value: "one of these rows is not accepted" } };
  const headers = { "content-type": "application/json" };
  return { status, headers, body: Buffer.from(JSON.stringify({ "odata.error": error })) };
}
