// The pipeline with two receivers that fail for some incidents and accept the others, in simulated time.
import { expect } from "vitest";
import { valueText } from "../../src/core/value-text.ts";
import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import type { SendOutcome } from "../../src/core/incident/sinks.ts";
import { type World, type WorldOptions, world } from "./world.ts";

export const MINUTE = 60_000;

type Fail = (world: World) => Promise<SendOutcome>;

/** @param fail how the receivers fail for an incident, or for all while `endpoint.isDown` */
export function failingWorld(fail: Fail) {
  const failing = new Set<string>();
  const endpoint = { isDown: false };
  /** Incident ids, once per acceptance. */
  const taken = { logAnalytics: new Array<string>(), webhook: new Array<string>() };
  const idOf = (row: IncidentRow): string => valueText(row["IncidentId"]);

  function take(rows: readonly IncidentRow[], into: string[]): Promise<SendOutcome> {
    if (endpoint.isDown || rows.some((row) => failing.has(idOf(row)))) return fail(real);
    into.push(...rows.map(idOf));
    return Promise.resolve({ outcome: "accepted" });
  }

  const options: WorldOptions = {
    uploadsTo:
      ({ accept }) =>
      async (rows) => {
        const answer = await take(rows, taken.logAnalytics);
        if (answer.outcome === "accepted") for (const row of rows) accept(row);
        return answer;
      },
    webhook: (rows) => take(rows, taken.webhook),
  };
  const real: World = world(options);

  return {
    real,
    endpoint,
    taken,
    /** Ids of the incidents that the receivers fail for. */
    failing,
    /** All other incidents sent so far. */
    others: (): string[] => real.everSent.flatMap(({ incidentIds }) => incidentIds).filter((id) => !failing.has(id)),

    /** Delivers events with one incident each, in one batch. @returns the invocation's log figures, unless it fails */
    deliver(count: number, isFailing: (index: number) => boolean = () => false) {
      const before = real.everSent.length;
      for (let sent = 0; sent < count; sent += 1) real.send("0", "match");
      const events = real.everSent.slice(before);
      for (const [index, { incidentIds }] of events.entries())
        if (isFailing(index)) for (const id of incidentIds) failing.add(id);
      real.partition("0").checkpoint += count;
      real.clock.app += 1_000;
      return unlessOurs(() => real.handle(events.map(({ event }) => event)));
    },

    /** Lets time pass, then sweeps. @returns the timer's log figures, unless it fails */
    sweep(minutes = 1) {
      real.clock.app += minutes * MINUTE;
      return unlessOurs(() => real.sweep());
    },
  };
}

/** Like the host: an invocation that fails through our own bug is noticed, and the next one still comes. */
async function unlessOurs<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    expect(String(error)).toContain("not a function");
    return undefined;
  }
}
