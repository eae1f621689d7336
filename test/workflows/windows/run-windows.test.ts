import fc from "fast-check";
import { expect, test } from "vitest";
import type { DiagnosticRecord } from "../../../src/core/event/event-body.ts";
import { refusal, type TableFault } from "../../../simulation/services/memory-table.ts";
import type { RuleTextParts } from "../../sentinel/rule-text.ts";
import { idsByDefinition, OTHER_TENANT, recordAt, TENANT, windowRule, windowWorld } from "./window-world.ts";

/** `gains`: more records only add rows. Then the incidents depend on the records alone, whenever each arrives. */
const RULES: Readonly<Record<string, RuleTextParts & { readonly gains: boolean }>> = {
  "an inner join": {
    gains: true,
    query: `AuditLogs | where OperationName == "Add user"
| join kind=inner (AuditLogs | where OperationName == "Delete user") on Id | where TimeGenerated <= TimeGenerated1
| project Id, TimeGenerated, TimeGenerated1`,
    schedule: { frequency: "2h", period: "7h" },
  },
  "an outer join whose optional columns are not tested": {
    gains: true,
    query: `AuditLogs | where OperationName == "Add user"
| join kind=leftouter (AuditLogs | where OperationName == "Delete user") on Id | project Id, TimeGenerated, TimeGenerated1`,
    schedule: { frequency: "2h", period: "7h" },
  },
  "a threshold in the query": {
    gains: true,
    query: 'AuditLogs | where OperationName == "Add user" | summarize n = count() by Id | where n > 1',
    schedule: { frequency: "1h", period: "4h" },
  },
  "a list of those seen before": {
    gains: false,
    query: `let known = AuditLogs | where TimeGenerated between (ago(12h) .. ago(3h)) | where OperationName == "Add user" | project Id;
AuditLogs | where TimeGenerated > ago(3h) | where OperationName == "Add user" | where Id !in (known) | project Id, TimeGenerated`,
    schedule: { frequency: "3h", period: "12h" },
  },
  "a threshold on the rows": {
    gains: false,
    query: 'AuditLogs | where OperationName == "Add user" | project Id, TimeGenerated',
    schedule: { frequency: "1h", period: "4h", threshold: 2 },
  },
};

interface Arrival {
  readonly record: DiagnosticRecord;
  /** Hours after START, at or after the record's time. */
  readonly at: number;
  /** Whether it is delivered once more in the end. */
  readonly again: boolean;
}

const quarters = (max: number) => fc.nat(max * 4).map((count) => count / 4);
const anyArrival: fc.Arbitrary<Arrival> = fc
  .record({
    hours: quarters(16),
    late: fc.oneof(fc.constant(0), quarters(10)),
    id: fc.constantFrom("1", "2", "3"),
    operation: fc.constantFrom("Add user", "Delete user", "Rename tenant"),
    tenant: fc.constantFrom(TENANT, OTHER_TENANT),
    again: fc.boolean(),
  })
  .map(({ hours, late, id, operation, tenant, again }) => ({
    record: recordAt(hours, id, operation, tenant),
    at: hours + late,
    again,
  }));
const anyArrivals = fc.uniqueArray(anyArrival, {
  minLength: 1,
  maxLength: 12,
  selector: ({ record }) => JSON.stringify(record),
});
const FAULTS: readonly TableFault[] = ["refused", "lost", "repeated"];
const END = 48;

test.each(Object.entries(RULES))(
  "%s: whatever arrives when, and wherever the table fails, each finding of each instant is one incident",
  async (_, { gains, ...parts }) => {
    const rule = windowRule(parts);
    await fc.assert(
      fc.asyncProperty(
        anyArrivals,
        fc.array(quarters(30), { maxLength: 8 }),
        fc.infiniteStream(fc.nat(99)),
        fc.integer({ min: 0, max: 25 }),
        async (arrivals, evaluations, numbers, faults) => {
          let isFailing = true;
          const fault = (): TableFault | undefined => {
            const number = numbers.next().value ?? 99;
            return isFailing && number < faults ? FAULTS[number % FAULTS.length] : undefined;
          };
          const world = windowWorld(rule, fault);
          const happenings = [
            ...arrivals.map(({ record, at }) => ({ at, act: () => untilDone(() => world.deliver(record)) })),
            ...evaluations.map((at) => ({ at, act: () => world.evaluate().catch(() => undefined) })),
          ];
          for (const { at, act } of happenings.toSorted((one, other) => one.at - other.at)) {
            world.at(at);
            await act();
          }
          isFailing = false;
          for (const { record, again } of arrivals) if (again) await world.deliver(record);
          world.at(END);
          const { errors, failed, figures } = await world.evaluate();
          expect({ errors, failed, left: figures.left }).toEqual({ errors: [], failed: [], left: 0 });
          const expected = idsByDefinition(
            rule,
            arrivals.map(({ record }) => record),
            END - 1,
          );
          const stored = world.stored();
          expect(new Set(stored).size).toBe(stored.length);
          expect([...expected].filter((id) => !stored.includes(id))).toEqual([]);
          if (gains) expect(stored.toSorted()).toEqual([...expected].toSorted());
          expect(world.tables.kept.rows().filter(({ partitionKey }) => partitionKey === "due")).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  },
);

/** As the hub, which delivers a batch until it succeeds. */
async function untilDone(deliver: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const isDone = await deliver().then(
      () => true,
      () => false,
    );
    if (isDone) return;
  }
  throw new Error("the batch never succeeds");
}

test("an instant is not evaluated until five minutes after it", async () => {
  const rule = windowRule(RULES["a threshold in the query"] ?? {});
  const world = windowWorld(rule);
  await world.deliver(recordAt(0.25, "1"), recordAt(0.5, "1"));
  world.at(1 + 4 / 60);
  await world.evaluate();
  expect(world.stored()).toEqual([]);
  world.at(1 + 6 / 60);
  expect((await world.evaluate()).figures).toMatchObject({ windows: 1, instants: 1, stored: 1 });
  expect(world.stored()).toHaveLength(1);
});

test("no instant to come is evaluated, though a record with a later time was the first", async () => {
  const world = windowWorld(windowRule(RULES["a threshold in the query"] ?? {}));
  world.at(0.2);
  await world.deliver(recordAt(5, "1"));
  await world.evaluate();
  await world.deliver(recordAt(0.25, "1"), recordAt(0.5, "1"));
  world.at(0.9);
  expect((await world.evaluate()).figures).toMatchObject({ instants: 0 });
  world.at(2);
  expect((await world.evaluate()).figures).toMatchObject({ instants: 1, stored: 1 });
});

test("a finding of many instants is one revision, and a late record makes one more", async () => {
  const rule = windowRule(RULES["a threshold in the query"] ?? {});
  const world = windowWorld(rule);
  await world.deliver(recordAt(0.25, "1"), recordAt(0.5, "1"));
  world.at(10);
  expect((await world.evaluate()).figures).toMatchObject({ instants: 9, stored: 1, known: 3, revised: 0 });
  await world.deliver(recordAt(0.75, "1"));
  expect((await world.evaluate()).figures).toMatchObject({ instants: 4, stored: 0, known: 3, revised: 1 });
});

test("a window begins after its start", async () => {
  const rule = windowRule(RULES["a threshold in the query"] ?? {});
  const world = windowWorld(rule);
  await world.deliver(recordAt(1, "1"), recordAt(5, "1"), recordAt(1.25, "2"), recordAt(5, "2"));
  world.at(10);
  await world.evaluate();
  expect(world.stored()).toHaveLength(1); // of the second pair, which is less than a period apart
});

test("without time, instants are left to the next run, also those that are owed again", async () => {
  const rule = windowRule({ ...RULES["a threshold in the query"], schedule: { frequency: "5m", period: "8h" } });
  const world = windowWorld(rule);
  await world.deliver(recordAt(0.25, "1"));
  world.at(10);
  await world.evaluate();
  await world.deliver(recordAt(0.5, "1"));
  expect((await world.evaluate(1)).figures).toMatchObject({ windows: 0, instants: 0, left: 1 });
  const some = await world.evaluate(2);
  expect(some.figures).toMatchObject({ windows: 1, instants: 50, stored: 1, left: 1 });
  const rest = await world.evaluate();
  expect(rest.figures).toMatchObject({ windows: 1, instants: 96 - 50, stored: 0, left: 0 });
  expect((await world.evaluate()).figures).toMatchObject({ windows: 0, instants: 0 });
});

test("what comes while a window is evaluated is evaluated by the next run", async () => {
  const rule = windowRule(RULES["a threshold in the query"] ?? {});
  const world = windowWorld(rule);
  await world.deliver(recordAt(0.25, "1"));
  world.at(10);
  await world.evaluateWhile(() => world.deliver(recordAt(0.5, "1")));
  expect(world.stored()).toEqual([]);
  await world.evaluate();
  expect(world.stored()).toHaveLength(1);
});

test("a record is kept for as long as one that is late can need it, and not for longer", async () => {
  const rule = windowRule(RULES["a threshold in the query"] ?? {});
  const world = windowWorld(rule);
  const hours = 4 + 24 + 24; // the period, the retention of the hub, and a day
  await world.deliver(recordAt(0.25, "1"), recordAt(0.25, "2", "Add user", OTHER_TENANT));
  world.at(0.2 + hours);
  await world.evaluate();
  await world.readAgain(28, recordAt(0.5, "1"));
  await world.evaluate();
  expect(world.stored()).toHaveLength(1);
  world.at(2 + hours);
  expect((await world.evaluate()).figures).toMatchObject({ forgotten: 3 });
});

test("of a window whose rule was changed nothing is left when no other version can need it any more", async () => {
  const before = windowRule(RULES["a threshold in the query"] ?? {});
  const after = windowRule(RULES["an inner join"] ?? {});
  const days = 14 + 1 + 1; // the longest period, the retention of the hub, and a day
  const world = windowWorld(before);
  const cursors = () => world.tables.kept.rows().filter(({ partitionKey }) => partitionKey === "cursors").length;
  await world.deliver(recordAt(0.25, "1"), recordAt(0.5, "1"));
  world.at(2);
  await world.evaluate();
  world.changeRule(after);
  await world.deliver(recordAt(1.5, "2"));
  world.at(24 * days);
  await world.evaluate();
  expect(cursors()).toBe(2); // the control
  world.at(24 * days + 3);
  expect((await world.evaluate()).figures).toMatchObject({ forgotten: 2 });
  expect(cursors()).toBe(2);
  await world.evaluate();
  expect(cursors()).toBe(1);
  expect((await world.evaluate()).errors).toEqual([]);
});

test("an incident that cannot be stored holds up no later instant, and is stored when it can be", async () => {
  const world = windowWorld(windowRule(RULES["a threshold in the query"] ?? {}));
  await world.deliver(recordAt(0.25, "1"), recordAt(0.5, "1"));
  world.refuse(refusal(500, "InternalError"));
  world.at(10);
  const failing = await world.evaluate();
  expect(failing.figures).toMatchObject({ instants: 9, stored: 0 });
  expect(failing.errors.length).toBeGreaterThan(0);
  expect((await world.evaluate()).figures).toMatchObject({ instants: 4 }); // only those that find it
  world.refuse(undefined);
  await world.deliver(recordAt(9.25, "2"), recordAt(9.5, "2"));
  world.at(11);
  const mended = await world.evaluate();
  expect(mended).toMatchObject({ errors: [], figures: { stored: 2 } });
  expect((await world.evaluate()).figures).toMatchObject({ instants: 0 });
});

test("an incident that the table never takes is a dead letter of its latest record", async () => {
  const world = windowWorld(windowRule(RULES["a threshold in the query"] ?? {}));
  await world.deliver(recordAt(0.25, "1"), recordAt(0.5, "1"));
  world.refuse(refusal(400, "PropertyValueTooLarge"));
  world.at(2);
  expect(await world.evaluate()).toMatchObject({ errors: [], figures: { instants: 1, stored: 0 } });
  expect(world.letters).toEqual([
    expect.stringMatching(/^incident [0-9a-f]{64} of rule \S+ over several events is refused: /) as string,
  ]);
  expect((await world.evaluate()).figures).toMatchObject({ instants: 0 });
});

test("a record of a foreign tenant is a dead letter, and is not kept", async () => {
  const world = windowWorld(windowRule(RULES["a threshold in the query"] ?? {}));
  const foreign = "99999999-9999-4999-8999-999999999999";
  await world.deliver(recordAt(1, "1", "Add user", foreign), recordAt(1, "1", "Rename tenant", foreign));
  expect(world.letters).toEqual(["a tenant that ALLOWED_TENANT_IDS does not name"]);
  expect(world.tables.kept.rows()).toEqual([]);
});
