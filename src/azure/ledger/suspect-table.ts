import { hostname } from "node:os";
import { odata, type TableClient } from "@azure/data-tables";
import { doEach, throwFirst } from "../../core/do-each.ts";
import { DependencyError, isOfADependency } from "../../errors.ts";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import {
  confirmed,
  type Entity,
  hasStatus,
  isExistingRow,
  isMissingRow,
  removeRow,
  rowsWhere,
  TABLE_SERVICE,
} from "../tables/table-rows.ts";

/** The part of the SDK's client that this file uses. */
export type SuspectClient = Pick<
  TableClient,
  "createEntity" | "updateEntity" | "deleteEntity" | "listEntities" | "submitTransaction"
>;

/** A worker process, told apart from every other one, also from an earlier one of the same number. */
export interface WorkerProcess {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Whether a process of that number lives on this host. */
  isAlive(pid: number): boolean;
}

export interface SuspectOptions {
  readonly self?: WorkerProcess;
  readonly timeoutMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What is known of a thing whose processing is about to begin. `deaths`: of workers that had marked it alone. */
export type Begun = { readonly outcome: "quarantined" } | { readonly outcome: "begun"; readonly deaths: number };

const PARTITION = "suspects";
/** Longer than any invocation: the platform ends them at host.json's functionTimeout. */
export const CERTAINLY_DEAD_MS = 15 * 60_000;
/** What was left behind by a process that died of something else is of no interest after that. */
const FORGOTTEN_MS = 24 * 3_600_000;
/** Longer than any hub keeps events. */
const QUARANTINE_MS = 100 * 24 * 3_600_000;
const FRESH_FOR_MS = 60_000;

/**
 * What was being processed when a worker died. A mark is set before and taken away after, so that one that is
 * found is of a process that lives and is at it, or of one that died at it.
 *
 *     PartitionKey  RowKey    says
 *     suspects      <key>     who works on it since when, and how many workers died while it was marked alone.
 *                             Together: others were marked with it, and a death may be due to any of them
 *     suspects      <key>     Quarantined: it is a dead letter, and is not to be touched again
 */
export function suspectTable(
  table: SuspectClient,
  { self = thisProcess(), timeoutMs = CALL_TIMEOUT_MS, now = Date.now }: SuspectOptions = {},
) {
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>) =>
    inTime(TABLE_SERVICE, timeoutMs, make);
  let known: Known = { quarantined: new Set(), marked: new Set() };
  let knownAt = -Infinity;

  async function find(key: string): Promise<Entity | undefined> {
    const filter = odata`PartitionKey eq ${PARTITION} and RowKey eq ${key}`;
    for await (const entity of rowsWhere(table, { filter }, timeoutMs)) return entity;
    return undefined;
  }

  function entityOf(key: string, deaths: number) {
    const { id, host, pid } = self;
    const since = new Date(now()).toISOString();
    return { partitionKey: PARTITION, rowKey: key, Process: id, Host: host, Pid: pid, Since: since, Deaths: deaths };
  }

  function isDead(mark: Entity): boolean {
    const isOld = Math.abs(now() - (Date.parse(String(mark["Since"])) || 0)) >= CERTAINLY_DEAD_MS;
    if (isOld) return true;
    const pid = Number(mark["Pid"]);
    return mark["Host"] === self.host && (pid === self.pid || !self.isAlive(pid));
  }

  async function takeOver(key: string, mark: Entity): Promise<Begun> {
    const before = Number(mark["Deaths"]);
    if (mark["Process"] === self.id) return { outcome: "begun", deaths: before };
    if (!isDead(mark)) throw new DependencyError("Poison guard", "another process is at the same event: later again");
    const deaths = mark["Together"] === true ? before : before + 1;
    try {
      const etag = String(mark["etag"]);
      await call((options) => table.updateEntity(entityOf(key, deaths), "Replace", { etag, ...options }));
    } catch (error) {
      if (!hasStatus(error, 412) && !isMissingRow(error)) throw error;
      throw new DependencyError("Poison guard", "another process took over the same event: later again", {
        cause: error,
      });
    }
    return { outcome: "begun", deaths };
  }

  return {
    /**
     * Marks that the processing of something begins.
     *
     * @throws {DependencyError} when another process may be at it
     */
    async begin(key: string): Promise<Begun> {
      try {
        await call((options) => table.createEntity(entityOf(key, 0), options));
        return { outcome: "begun", deaths: 0 };
      } catch (error) {
        if (!isExistingRow(error)) throw error;
      }
      const mark = await find(key);
      if (mark === undefined) throw new DependencyError("Poison guard", "a mark came and went: later again");
      return mark["Quarantined"] === true ? { outcome: "quarantined" } : takeOver(key, mark);
    },

    /**
     * Marks that the processing of several things begins, in one request.
     *
     * @param keys at most 100, all different
     * @returns false, and nothing is marked, where one of them has a mark: `begin` tells what it says
     */
    async beginTogether(keys: readonly string[]): Promise<boolean> {
      try {
        await confirmed(
          table,
          keys.map((key) => ["create", { ...entityOf(key, 0), Together: true }]),
          timeoutMs,
        );
        return true;
      } catch (error) {
        if (!isExistingRow(error)) throw error;
        return false;
      }
    },

    /** The worker has lived through all of these. */
    async endTogether(keys: readonly string[]): Promise<void> {
      try {
        await confirmed(
          table,
          keys.map((key) => ["delete", { partitionKey: PARTITION, rowKey: key }]),
          timeoutMs,
        );
      } catch (error) {
        if (!isMissingRow(error)) throw error; // one is gone, so that nothing was done
        for (const key of keys) await this.end(key);
      }
    },

    /** The worker has lived through it. */
    async end(key: string): Promise<void> {
      await removeRow(table, { partitionKey: PARTITION, rowKey: key }, timeoutMs);
    },

    /** Nobody is to touch it again; it is a dead letter by now. */
    async quarantine(key: string): Promise<void> {
      const entity = { partitionKey: PARTITION, rowKey: key, Quarantined: true, Since: new Date(now()).toISOString() };
      try {
        await call((options) => table.updateEntity(entity, "Merge", { etag: "*", ...options }));
      } catch (error) {
        if (!isMissingRow(error)) throw error;
        await call((options) => table.createEntity({ ...entity, Deaths: 0 }, options));
      }
      known = { ...known, quarantined: new Set([...known.quarantined, key]) };
    },

    /**
     * What is quarantined, and what workers are at or died at.
     *
     * At most a minute old, unless `fresh` is asked for. Where the table does not say, what it said before:
     * whether events are stored does not depend on it.
     */
    async known({ fresh = false } = {}): Promise<Known> {
      if (!fresh && Math.abs(now() - knownAt) < FRESH_FOR_MS) return known; // the clock may have been set back
      knownAt = now();
      try {
        known = knownFrom(await listed(), now());
      } catch (error) {
        if (!isOfADependency(error)) throw error;
      }
      return known;
    },

    /** Takes away what is of no interest any more. @throws when a mark could not be taken away, once the others are */
    async sweep(): Promise<void> {
      const { errors } = await doEach(await listed(), async (mark) => {
        const age = now() - (Date.parse(String(mark["Since"])) || 0);
        if (age > (mark["Quarantined"] === true ? QUARANTINE_MS : FORGOTTEN_MS)) await this.end(String(mark["rowKey"]));
      });
      throwFirst(errors);
    },
  };

  async function listed(): Promise<Entity[]> {
    const marks: Entity[] = [];
    const filter = odata`PartitionKey eq ${PARTITION}`;
    for await (const mark of rowsWhere(table, { filter }, timeoutMs)) marks.push(mark);
    return marks;
  }
}

export interface Known {
  readonly quarantined: ReadonlySet<string>;
  /** Keys of what workers are at, or died at. */
  readonly marked: ReadonlySet<string>;
}

function knownFrom(marks: readonly Entity[], now: number): Known {
  const isRecent = (mark: Entity): boolean => now - (Date.parse(String(mark["Since"])) || 0) < FORGOTTEN_MS;
  const keys = (some: readonly Entity[]) => new Set(some.map((mark) => String(mark["rowKey"])));
  return {
    quarantined: keys(marks.filter((mark) => mark["Quarantined"] === true)),
    marked: keys(marks.filter((mark) => mark["Quarantined"] !== true && isRecent(mark))),
  };
}

function thisProcess(): WorkerProcess {
  return {
    id: crypto.randomUUID(),
    host: hostname(),
    pid: process.pid,
    isAlive(pid) {
      try {
        process.kill(pid, 0); // asks, and does nothing
        return true;
      } catch (error) {
        return error instanceof Error && "code" in error && error.code === "EPERM";
      }
    },
  };
}
