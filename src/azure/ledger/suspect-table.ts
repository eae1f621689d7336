import { hostname } from "node:os";
import { doEach, throwFirst } from "../../core/do-each.ts";
import { CERTAINLY_DEAD_MS, QUARANTINE_MS, SUSPECT_FORGOTTEN_MS, SUSPECTS_FRESH_FOR_MS } from "../../core/timing.ts";
import { DependencyError, isOfADependency } from "../../errors.ts";
import { MACHINE } from "../../machine.ts";
import { SUSPECTS_PARTITION } from "../tables/row-keys.ts";
import type { Entity, RowKeys, TableRows } from "../tables/table-rows.ts";

/** Identifies a worker process, and tells it apart from an earlier one with the same number. */
export interface WorkerProcess {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Whether a process with that number lives on this host. */
  isAlive(pid: number): boolean;
}

export interface SuspectOptions {
  readonly self?: WorkerProcess;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** The state of a thing that is about to be processed. `deaths` counts the workers that died after they marked it alone. */
export type Begun = { readonly outcome: "quarantined" } | { readonly outcome: "begun"; readonly deaths: number };

/**
 * Marks of things being processed. A worker sets a mark before and removes it after, so a mark in the table belongs to a
 * worker that still works on the thing or died of it.
 *
 * A mark names the worker and since when it works, and counts the workers that died while the thing was marked alone.
 * `Together`: the worker marked others with it, and any of them may have caused a death. `Quarantined`: the thing is a dead
 * letter and must not be processed.
 */
export function suspectTable(table: TableRows, { self = thisProcess(), now = MACHINE.now }: SuspectOptions = {}) {
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
     * Marks one thing before it is processed.
     *
     * @throws {DependencyError} when another process may be working on it
     */
    async begin(key: string): Promise<Begun> {
      if ((await table.insert(entityOf(key, 0))) === "inserted") return { outcome: "begun", deaths: 0 };
      const mark = await table.get(keysOf(key));
      if (mark === undefined) throw new DependencyError("Poison guard", "a mark came and went: later again");
      return mark["Quarantined"] === true ? { outcome: "quarantined" } : takeOver(key, mark);
    },

    /**
     * Marks several things before they are processed, in one request.
     *
     * @param keys at most 100, all different
     * @returns false, having marked nothing, if one of them has a mark already: `begin` tells its meaning
     */
    async beginTogether(keys: readonly string[]): Promise<boolean> {
      const marks = keys.map((key) => ({ ...entityOf(key, 0), Together: true }));
      const answer = await table.commit(marks.map((insert) => ({ insert })));
      if (answer.outcome !== "committed" && answer.outcome !== "conflict") throw answer.error;
      return answer.outcome === "committed";
    },

    /** Removes these marks: the worker survived all of these. */
    async endTogether(keys: readonly string[]): Promise<void> {
      const answer = await table.commit(keys.map((key) => ({ remove: keysOf(key) })));
      if (answer.outcome === "missing")
        for (const key of keys) await this.end(key); // one mark was gone, so the transaction removed none
      else if (answer.outcome !== "committed") throw answer.error;
    },

    /** Removes the mark: the worker survived. */
    async end(key: string): Promise<void> {
      await table.remove(keysOf(key));
    },

    /** Keeps every worker away from it; it is a dead letter by now. */
    async quarantine(key: string): Promise<void> {
      const since = new Date(now()).toISOString();
      await table.put({ ...keysOf(key), Quarantined: true, Since: since }, "Merge");
      known = { ...known, quarantined: new Set([...known.quarantined, key]) };
    },

    /**
     * Keys of things that are quarantined, and of things that workers process or died of.
     *
     * The answer may be a minute old unless the caller wants it `fresh`. If the table does not answer, this returns the
     * earlier answer: whether events are stored does not depend on it.
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

    /** Removes old marks. @throws when one could not be removed, after it has removed the others */
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
  /** Keys of things that workers process or died of. */
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

/** The process that runs this code. */
export function thisProcess(): WorkerProcess {
  return {
    id: MACHINE.newId(),
    host: hostname(),
    pid: process.pid,
    isAlive(pid) {
      try {
        process.kill(pid, 0); // only asks whether it lives
        return true;
      } catch (error) {
        return error instanceof Error && "code" in error && error.code === "EPERM";
      }
    },
  };
}
