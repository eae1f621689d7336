import { hostname } from "node:os";
import { doEach, throwFirst } from "../../core/do-each.ts";
import { CERTAINLY_DEAD_MS, QUARANTINE_MS, SUSPECT_FORGOTTEN_MS, SUSPECTS_FRESH_FOR_MS } from "../../core/timing.ts";
import { DependencyError, isOfADependency } from "../../errors.ts";
import { SUSPECTS_PARTITION } from "../tables/row-keys.ts";
import type { Entity, RowKeys, TableRows } from "../tables/table-rows.ts";

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
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** The state of a thing that is about to be processed. `deaths`: number of workers that died while they had marked it alone. */
export type Begun = { readonly outcome: "quarantined" } | { readonly outcome: "begun"; readonly deaths: number };

/**
 * Marks of things being processed. A mark is set before and removed after, so a mark that is found belongs to a process
 * that is still working on the thing, or died at it.
 *
 * A mark says who works on the thing since when, and how many workers died while it was marked alone. `Together`: others
 * were marked with it, and any of them may have caused a death. `Quarantined`: it is a dead letter and must not be processed.
 */
export function suspectTable(table: TableRows, { self = thisProcess(), now = Date.now }: SuspectOptions = {}) {
  let known: Known = { quarantined: new Set(), marked: new Set() };
  let knownAt = -Infinity;

  function entityOf(key: string, deaths: number) {
    const { id, host, pid } = self;
    const since = new Date(now()).toISOString();
    return { ...keysOf(key), Process: id, Host: host, Pid: pid, Since: since, Deaths: deaths };
  }

  function isDead(mark: Entity): boolean {
    const isOld = Math.abs(now() - (Date.parse(String(mark["Since"])) || 0)) >= CERTAINLY_DEAD_MS;
    if (isOld) return true;
    const pid = Number(mark["Pid"]);
    return mark["Host"] === self.host && (pid === self.pid || !self.isAlive(pid));
  }

  async function takeOver(key: string, mark: Entity & { readonly etag: string }): Promise<Begun> {
    const before = Number(mark["Deaths"]);
    if (mark["Process"] === self.id) return { outcome: "begun", deaths: before };
    if (!isDead(mark)) throw new DependencyError("Poison guard", "another process is at the same event: later again");
    const deaths = mark["Together"] === true ? before : before + 1;
    if ((await table.replace(entityOf(key, deaths), mark.etag)) !== "replaced")
      throw new DependencyError("Poison guard", "another process took over the same event: later again");
    return { outcome: "begun", deaths };
  }

  return {
    /**
     * Marks that the processing of something begins.
     *
     * @throws {DependencyError} when another process may be at it
     */
    async begin(key: string): Promise<Begun> {
      if ((await table.insert(entityOf(key, 0))) === "inserted") return { outcome: "begun", deaths: 0 };
      const mark = await table.get(keysOf(key));
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
      const marks = keys.map((key) => ({ ...entityOf(key, 0), Together: true }));
      const answer = await table.commit(marks.map((insert) => ({ insert })));
      if (answer.outcome !== "committed" && answer.outcome !== "conflict") throw answer.error;
      return answer.outcome === "committed";
    },

    /** The worker has lived through all of these. */
    async endTogether(keys: readonly string[]): Promise<void> {
      const answer = await table.commit(keys.map((key) => ({ remove: keysOf(key) })));
      if (answer.outcome === "missing")
        for (const key of keys) await this.end(key); // one is gone, so that nothing was done
      else if (answer.outcome !== "committed") throw answer.error;
    },

    /** The worker has lived through it. */
    async end(key: string): Promise<void> {
      await table.remove(keysOf(key));
    },

    /** Nobody is to touch it again; it is a dead letter by now. */
    async quarantine(key: string): Promise<void> {
      const since = new Date(now()).toISOString();
      await table.put({ ...keysOf(key), Quarantined: true, Since: since }, "Merge");
      known = { ...known, quarantined: new Set([...known.quarantined, key]) };
    },

    /**
     * What is quarantined, and what workers are at or died at.
     *
     * At most a minute old, unless `fresh` is asked for. Where the table does not say, what it said before:
     * whether events are stored does not depend on it.
     */
    async known({ fresh = false } = {}): Promise<Known> {
      if (!fresh && Math.abs(now() - knownAt) < SUSPECTS_FRESH_FOR_MS) return known; // the clock may have been set back
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
        if (age > (mark["Quarantined"] === true ? QUARANTINE_MS : SUSPECT_FORGOTTEN_MS))
          await this.end(String(mark["rowKey"]));
      });
      throwFirst(errors);
    },
  };

  async function listed(): Promise<Entity[]> {
    const marks: Entity[] = [];
    for await (const mark of table.list({ partitionKey: SUSPECTS_PARTITION })) marks.push(mark);
    return marks;
  }
}

function keysOf(key: string): RowKeys {
  return { partitionKey: SUSPECTS_PARTITION, rowKey: key };
}

export interface Known {
  readonly quarantined: ReadonlySet<string>;
  /** Keys of what workers are at, or died at. */
  readonly marked: ReadonlySet<string>;
}

function knownFrom(marks: readonly Entity[], now: number): Known {
  const isRecent = (mark: Entity): boolean => now - (Date.parse(String(mark["Since"])) || 0) < SUSPECT_FORGOTTEN_MS;
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
