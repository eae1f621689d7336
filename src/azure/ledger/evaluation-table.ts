import { type Delays, sumOfDelays } from "../../core/ledger/delays.ts";
import {
  type Evaluations,
  type RuleSet,
  ruleSetHash,
  type StageDelays,
  type UsedRuleSet,
} from "../../core/ledger/evaluations.ts";
import { oncePer } from "../../core/once-per.ts";
import { DELAYS_KEPT_MS, EVALUATION_NOTED_EVERY_MS } from "../../core/timing.ts";
import { changeRow } from "../tables/change-row.ts";
import {
  DELAY_ROWS,
  delayRow,
  evaluationsPartition,
  FORGOTTEN_SETS,
  type HubName,
  SET_ROWS,
} from "../tables/row-keys.ts";
import type { Entity, Row, TableRows } from "../tables/table-rows.ts";
import { ledgerWrite } from "./ledger-table.ts";

const HOUR_MS = 3_600_000;
/** Rule sets to keep: those of the last twenty deployments or changes of a rule. */
export const MOST_SETS = 20;
/** Characters of a set in one string property. */
const PART = 30_000;

/**
 * Which rules evaluated events and when, and how long events took.
 *
 * `evaluating` must be called before an event counts as finished: then no finished event was evaluated by an unknown set.
 */
export function evaluationTable(table: TableRows, hub: HubName) {
  const partitionKey = evaluationsPartition(hub);
  /** When this instance last noted its set. */
  let notedAt = -Infinity;
  let savedAt = -Infinity;
  let unsaved = NO_DELAYS;

  async function noteSet(set: RuleSet, at: string): Promise<void> {
    const rowKey = `${SET_ROWS}${hashOf(set)}`;
    if ((await table.merge({ partitionKey, rowKey, LastAt: at })) === "merged") return;
    if ((await table.insert(setEntity({ partitionKey, rowKey }, set, at))) === "inserted") await forgetOldSets();
  }

  /** The time that is noted first makes sure that nobody takes a forgotten set for one that never was. */
  async function forgetOldSets(): Promise<void> {
    const sets = [];
    for await (const { rowKey, LastAt } of table.list({ partitionKey, prefix: SET_ROWS, select: ["RowKey", "LastAt"] }))
      sets.push({ rowKey: String(rowKey), lastAt: String(LastAt) });
    const old = sets.toSorted((a, b) => (a.lastAt > b.lastAt ? -1 : 1)).slice(MOST_SETS);
    const [latest] = old;
    if (latest === undefined) return;
    await changeRow(table, { partitionKey, rowKey: FORGOTTEN_SETS }, (present) => ({
      LastAt: later(present?.["LastAt"], latest.lastAt),
    }));
    for (const { rowKey } of old) await table.remove({ partitionKey, rowKey });
  }

  async function saveDelays(now: number): Promise<void> {
    if (Math.abs(now - savedAt) < EVALUATION_NOTED_EVERY_MS) return; // the clock may have been set back
    const [taken, savedBefore] = [unsaved, savedAt];
    // Before the first await: other batches of this instance go on counting.
    [unsaved, savedAt] = [NO_DELAYS, now];
    try {
      const outcome = await changeRow(table, { partitionKey, rowKey: delayRow(hourOf(now)) }, (present) =>
        delayProperties(sumOf(delaysIn(present), taken)),
      );
      if (outcome === "inserted") await forgetOldDelays(now);
    } catch (error) {
      [unsaved, savedAt] = [sumOf(unsaved, taken), savedBefore];
      throw error;
    }
  }

  async function forgetOldDelays(now: number): Promise<void> {
    const through = delayRow(hourOf(now - DELAYS_KEPT_MS) - HOUR_MS);
    for await (const { rowKey } of table.list({ partitionKey, from: DELAY_ROWS, through, select: ["RowKey"] }))
      await table.remove({ partitionKey, rowKey: String(rowKey) });
  }

  return {
    /**
     * Notes that this set evaluates events, at most once a minute.
     *
     * @throws {DependencyError} when it is unknown whether the note is stored
     */
    async evaluating(set: RuleSet, at: Date): Promise<void> {
      const now = at.getTime();
      if (Math.abs(now - notedAt) < EVALUATION_NOTED_EVERY_MS) return;
      await ledgerWrite(() => noteSet(set, at.toISOString()));
      notedAt = now;
    },

    /** Adds to the counts, which an instance saves once a minute. Counts that it cannot save now wait for the next call. */
    async addDelays(delays: StageDelays, at: Date): Promise<void> {
      unsaved = sumOf(unsaved, delays);
      await saveDelays(at.getTime());
    },

    /** Everything that is known, with the delays of a day. */
    async read(at: Date): Promise<Evaluations> {
      const sets: UsedRuleSet[] = [];
      let delays = NO_DELAYS;
      let delaysSince: number | undefined;
      let forgottenAt: number | undefined;
      for await (const row of table.list({ partitionKey })) {
        const rowKey = String(row["rowKey"]);
        if (rowKey.startsWith(SET_ROWS)) sets.push(setOf(row));
        else if (rowKey === FORGOTTEN_SETS) forgottenAt = timeIn(row, "LastAt");
        else if (rowKey.startsWith(DELAY_ROWS) && rowKey >= delayRow(hourOf(at.getTime() - DELAYS_KEPT_MS))) {
          delaysSince ??= Number(rowKey.slice(DELAY_ROWS.length));
          delays = sumOf(delays, delaysIn(row));
        }
      }
      return { sets, forgottenAt, delaysSince, ...delays };
    },
  };
}

const hashOf = oncePer(ruleSetHash);

function setEntity(keys: Pick<Row, "partitionKey" | "rowKey">, { appVersion, ...content }: RuleSet, at: string): Row {
  const text = JSON.stringify(content);
  const parts = Array.from({ length: Math.ceil(text.length / PART) }, (_, index) => [
    `Content${index}`,
    text.slice(index * PART, (index + 1) * PART),
  ]);
  return { ...keys, AppVersion: appVersion, FirstAt: at, LastAt: at, ...Object.fromEntries(parts) };
}

function setOf(row: Entity): UsedRuleSet {
  let text = "";
  for (let part = 0; typeof row[`Content${part}`] === "string"; part += 1) text += String(row[`Content${part}`]);
  const content: Pick<RuleSet, "rules" | "tenants"> = JSON.parse(text);
  return {
    ...content,
    appVersion: String(row["AppVersion"]),
    firstAt: timeIn(row, "FirstAt"),
    lastAt: timeIn(row, "LastAt"),
  };
}

const NO_DELAYS: StageDelays = { occurredToHub: {}, hubToStored: {} };

function sumOf(one: StageDelays, other: StageDelays): StageDelays {
  return {
    occurredToHub: sumOfDelays(one.occurredToHub, other.occurredToHub),
    hubToStored: sumOfDelays(one.hubToStored, other.hubToStored),
  };
}

function delayProperties({ occurredToHub, hubToStored }: StageDelays) {
  return { OccurredToHub: JSON.stringify(occurredToHub), HubToStored: JSON.stringify(hubToStored) };
}

function delaysIn(row: Entity | undefined): StageDelays {
  const read = (name: string): Delays => {
    const text = row?.[name];
    return JSON.parse(typeof text === "string" ? text : "{}");
  };
  return { occurredToHub: read("OccurredToHub"), hubToStored: read("HubToStored") };
}

function timeIn(row: Entity, name: string): number {
  return Date.parse(String(row[name])) || 0;
}

/** ISO 8601 in UTC sorts as text. */
function later(present: unknown, time: string): string {
  return typeof present === "string" && present > time ? present : time;
}

function hourOf(time: number): number {
  return Math.floor(time / HOUR_MS) * HOUR_MS;
}
