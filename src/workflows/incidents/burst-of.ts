import { type ListDependencies, listIncidents } from "./list-incidents.ts";

/** How much one actor did within an hour. */
export interface Burst {
  readonly id: string;
  /** Incidents of it that are stored now, of all rules. */
  readonly count: number;
  /** False where there are more than are counted. */
  readonly complete: boolean;
}

const MOST_COUNTED = 1_000;

/** Counted when it is asked for, so that it is right whatever came late: null where there is no burst to speak of. */
export async function burstOf(id: string, deps: ListDependencies): Promise<Burst | null> {
  if (id === "") return null;
  const columns = ["IncidentId", "RuleId"];
  const list = await listIncidents({ query: { burst: id }, order: "newest", limit: MOST_COUNTED }, deps, {
    milliseconds: 2_000,
    columns,
  });
  if (list === "refused") throw new TypeError("a list without a continuation was refused");
  const complete = list.continuation === undefined;
  return list.rows.length < 2 && complete ? null : { id, count: list.rows.length, complete };
}
