// Store, outbox and ledger against commands in any order: deliveries by hosts that give up or compete, timers, faults
// in any call, a hub that drops events or is recreated, clocks that jump, an endpoint that comes and goes.
import fc from "fast-check";
import { expect, test } from "vitest";
import { withChange } from "../../src/core/triage/triage-change.ts";
import type { TableFault } from "../../simulation/services/memory-table.ts";
import { mustHold, mustHoldInTheEnd } from "./laws.ts";
import { type Content, type IngestionMode, PARTITION_IDS, type PartitionId, world, type World } from "./world.ts";

/** Sequences of commands; a thousand take less than half a minute. */
const RUNS = Number(process.env["PIMWATCH_MODEL_RUNS"] ?? 200);

/** The test's knowledge beside the pipeline: changes made by hand. */
interface Model {
  readonly removed: Set<string>;
  /** Events that the ledger ever called finished. */
  readonly finished: Set<string>;
}

type Command = fc.AsyncCommand<Model, World>;
type Faults = readonly (TableFault | undefined)[];

function command(name: string, run: (world: World, model: Model) => unknown): Command {
  return {
    check: () => true,
    async run(model, real) {
      await run(real, model);
      await mustHold(real, model);
    },
    toString: () => name,
  };
}

const partitions = fc.constantFrom(...PARTITION_IDS);
/** Most calls succeed; a fault may come anywhere among them. */
const someFaults: fc.Arbitrary<Faults> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  {
    weight: 3,
    arbitrary: fc.array(fc.constantFrom<TableFault | undefined>(undefined, undefined, "refused", "lost", "repeated"), {
      maxLength: 12,
    }),
  },
  // The table goes down at some call, for longer than anybody retries.
  fc.nat({ max: 6 }).map((right) => [...Array<undefined>(right), ...Array<TableFault>(200).fill("refused")]),
);
const show = (faults: Faults): string =>
  `faults ${faults
    .slice(0, 14)
    .map((fault) => fault ?? "-")
    .join(",")}`;

async function deliver(
  real: World,
  { partitionId, size, faults, givesUp, suspect, mayLeave }: Delivery,
): Promise<void> {
  const batch = real.nextBatch(partitionId, size);
  const last = batch.at(-1)?.event.position.sequenceNumber;
  if (last === undefined || last === null) return;
  const done = await real.attempt(faults, () =>
    real.handle(
      batch.map(({ event }) => event),
      { suspect, mayLeave },
    ),
  );
  if (done || givesUp) real.partition(partitionId).checkpoint = last + 1;
}

interface Delivery {
  readonly partitionId: PartitionId;
  readonly size: number;
  readonly faults: Faults;
  /** The host moves its checkpoint after a failure. */
  readonly givesUp: boolean;
  readonly suspect: boolean;
  readonly mayLeave: boolean;
}

const deliveries: fc.Arbitrary<Delivery> = fc.record({
  partitionId: partitions,
  size: fc.integer({ min: 1, max: 6 }),
  faults: someFaults,
  givesUp: fc.boolean(),
  suspect: fc.boolean(),
  mayLeave: fc.boolean(),
});

const commands: fc.Arbitrary<Command>[] = [
  fc
    .tuple(
      partitions,
      fc.array(fc.constantFrom<Content>("match", "two matches", "no match", "garbage"), { minLength: 1, maxLength: 4 }),
    )
    .map(([id, contents]) =>
      command(`send ${id} ${contents.join(",")}`, (real) => {
        for (const content of contents) real.send(id, content);
      }),
    ),
  deliveries.map((one) =>
    command(
      `deliver ${one.partitionId} ${one.size} ${one.givesUp ? "gives up " : ""}${one.suspect ? "suspect " : ""}${one.mayLeave ? "may leave " : ""}${show(one.faults)}`,
      (real) => deliver(real, one),
    ),
  ),
  fc.tuple(partitions, fc.nat({ max: 3 }), someFaults).map(([id, back, faults]) =>
    command(`two hosts ${id} ${back} ${show(faults)}`, async (real) => {
      const target = real.partition(id);
      const ours = real.nextBatch(id, 4).map(({ event }) => event);
      target.checkpoint = Math.max(target.first, target.checkpoint - back);
      const theirs = real.nextBatch(id, 3).map(({ event }) => event);
      // The zombie's outcome does not matter; the owner moves no checkpoint here.
      await real.attempt(faults, async () => {
        const [one, other] = await Promise.allSettled([real.handle(ours), real.handle(theirs)]);
        for (const end of [one, other]) if (end.status === "rejected") throw end.reason;
      });
    }),
  ),
  fc
    .tuple(someFaults, fc.boolean())
    .map(([faults, patient]) =>
      command(`ledger ${patient ? "patient " : ""}${show(faults)}`, (real) =>
        real.attempt(faults, () => real.ledgerTimer(patient ? { graceMs: 60_000, stallMs: 60_000 } : NOW)),
      ),
    ),
  someFaults.map((faults) =>
    command(`two ledger timers ${show(faults)}`, (real) =>
      real.attempt(faults, async () => {
        const [one, other] = await Promise.allSettled([real.ledgerTimer(NOW), real.ledgerTimer(NOW)]);
        for (const end of [one, other]) if (end.status === "rejected") throw end.reason;
      }),
    ),
  ),
  someFaults.map((faults) => command(`sweep ${show(faults)}`, (real) => real.attempt(faults, () => real.sweep()))),
  someFaults.map((faults) =>
    command(`reconcile ${show(faults)}`, (real) => real.attempt(faults, () => real.reconcile())),
  ),
  fc
    .constantFrom<IngestionMode>("up", "down", "accepts silently", "refuses")
    .map((mode) => command(`ingestion ${mode}`, (real) => void (real.ingestion.mode = mode))),
  fc.nat().map((which) =>
    command(`the table refuses incident ${which}`, (real) => {
      const ids = real.everSent.flatMap(({ incidentIds }) => incidentIds);
      const id = ids[which % Math.max(1, ids.length)];
      if (id !== undefined) real.refused.add(id);
    }),
  ),
  fc.constant(command("the table takes every incident", (real) => real.refused.clear())),
  fc.tuple(partitions, fc.integer({ min: 1, max: 5 })).map(([id, count]) =>
    command(`trim ${id} ${count}`, (real) => {
      const target = real.partition(id);
      target.first = Math.min(target.first + count, target.last + 1);
      for (const number of target.events.keys()) if (number < target.first) target.events.delete(number);
    }),
  ),
  fc.constant(
    command("recreate the hub", (real) => {
      real.clock.hub += 1_000;
      real.hub.createdAt = real.clock.hub;
      real.newPartitions();
    }),
  ),
  fc
    .integer({ min: -7_200_000, max: 7_200_000 })
    .map((by) => command(`clock ${by}`, (real) => void (real.clock.app += by))),
  fc.tuple(fc.nat(), someFaults).map(([which, faults]) =>
    command(`triage ${which} ${show(faults)}`, async (real) => {
      const stored = real.incidentRows.rows().filter(({ rowKey }) => String(rowKey).startsWith("incident|"));
      const id = nth(stored, which, "IncidentId");
      await real.attempt(faults, async () => {
        const found = await real.incidents.get(real.ruleId, id);
        if (found === undefined) return;
        const by = { name: "noor", id: "noor", kind: "entra" } as const;
        const changed = withChange(found.row, { comment: `look ${which}` }, { by, at: new Date(real.clock.app) });
        // Nobody else changes it, so our own lost answer is no conflict.
        if ("row" in changed) expect(await real.changes.change(changed.row, changed.entry)).toBe("changed");
      });
    }),
  ),
  fc.nat().map((which) =>
    command(`somebody deletes outbox row ${which} by hand`, (real, model) => {
      const rows = real.incidentRows.rows().filter(({ rowKey }) => String(rowKey).startsWith("outbox|"));
      const key = nth(rows, which, "rowKey");
      if (real.incidentRows.drop(real.ruleId, key)) model.removed.add(key.split("|").slice(2).join("|"));
    }),
  ),
];

/** A random row key; "" if there are no rows. */
function nth(rows: readonly Readonly<Record<string, unknown>>[], which: number, property: string): string {
  const value = rows[which % Math.max(1, rows.length)]?.[property];
  return typeof value === "string" ? value : "";
}

const NOW = { graceMs: 0, stallMs: 0 };

/** Everything works again: the host delivers the rest, and each timer runs as often as within minutes. */
async function recover(real: World): Promise<void> {
  real.ingestion.mode = "up";
  real.refused.clear();
  for (const id of PARTITION_IDS)
    while (real.nextBatch(id, 1).length > 0)
      await deliver(real, { partitionId: id, size: 5, faults: [], givesUp: false, suspect: false, mayLeave: false });
  for (let timer = 1; timer <= 2; timer += 1) {
    real.clock.app += 3_660_000; // for rows made by a clock that was set back since
    await real.ledgerTimer(NOW);
    await real.sweep();
    await real.reconcile();
  }
  real.clock.app += 3_660_000;
  await real.sweep();
}

test("any events in any order: nothing is lost and nothing counts twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: "max" }), async (sequence) => {
      const real = world();
      await real.create();
      await real.ledgerTimer(NOW); // deployed: events are expected from here on
      const model: Model = { removed: new Set(), finished: new Set() };
      await fc.asyncModelRun(() => ({ model, real }), sequence);

      await recover(real);

      await mustHold(real, model);
      mustHoldInTheEnd(real);
      const figures = await real.ledgerTimer(NOW);
      expect(figures).toMatchObject({ lag: 0, gapEvents: 0, healedEvents: 0, lostEvents: 0 });
    }),
    { numRuns: RUNS },
  );
});
