import { describe, expect, test } from "vitest";
import { suspectTable } from "../../../src/azure/ledger/suspect-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { type DetectDependencies, detectBatch, type HubEvent } from "../../../src/workflows/detection/detect-batch.ts";
import { detectGuarded, suspectKey } from "../../../src/workflows/detection/detect-guarded.ts";
import { handleEvents, isSuspect } from "../../../src/workflows/detection/handle-events.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";
import { bytes, eventBody, POSITION, settingsChange } from "../../samples.ts";
import { memorySink } from "../delivery/memory-sink.ts";
import { memoryStores, memorySuspects } from "../memory-stores.ts";

const good = (id: string) => settingsChange({}, { id });
const killer = settingsChange({}, { id: "PIM_KILLER" });
const killerBytes = bytes(JSON.stringify(killer));
const event = (body: Uint8Array): HubEvent => ({ body, position: POSITION });

const nothing = () => Promise.resolve();
/** The other dependencies of handling a batch, which these tests do not check. */
const REST_OF_THE_APP = {
  ledger: { finished: nothing },
  sinks: [memorySink([]).sink],
};

const NONE: ReadonlySet<string> = new Set();

/** A worker that dies at the killer: its work never ends. */
function hanging(deps: DetectDependencies, onDeath: () => void): DetectDependencies {
  return {
    ...deps,
    incidents: {
      addAll(incidents) {
        if (incidents.some(({ record }) => record.includes("KILLER"))) {
          onDeath();
          return new Promise<never>(() => undefined);
        }
        return deps.incidents.addAll(incidents);
      },
    },
  };
}

/** Attempts at a batch, each in a new worker, until one survives it. */
async function untilLivedThrough(events: readonly HubEvent[], change = (deps: DetectDependencies) => deps) {
  const { deps: given, stored, letters } = memoryStores();
  const deps = change(given);
  const { suspects, marks, die } = memorySuspects();
  let deaths = 0;
  for (;;) {
    const death = Promise.withResolvers<"died">();
    const attempt = detectGuarded(events, {
      ...hanging(deps, () => death.resolve("died")),
      suspects,
      marked: new Set(marks().keys()),
    });
    const end = await Promise.race([attempt, death.promise]);
    if (end !== "died") return { figures: end.figures, failed: end.failed, deaths, stored, letters, marks };
    deaths += 1;
    die();
    if (deaths > 10) throw new Error("it never ends");
  }
}

describe("a record that kills every worker", () => {
  const events = [
    event(eventBody(good("PIM_1"))),
    event(eventBody(good("PIM_2"), killer, good("PIM_3"))),
    event(bytes("not JSON")),
    event(eventBody(good("PIM_4"))),
  ];

  test("is quarantined after four deaths, byte for byte, and its neighbors are processed", async () => {
    const { figures, deaths, stored, letters, marks } = await untilLivedThrough(events);

    expect(deaths).toBe(4); // among all, alone as an event, twice alone as a record
    expect(figures).toMatchObject({ events: 4, received: 6, matched: 4, deadLettered: 2 });
    expect(stored()).toHaveLength(4);
    expect(letters.find(({ reason }) => reason.includes("ended the worker"))?.bytes).toEqual(killerBytes);
    expect([...marks()].map(([key, { quarantined }]) => [key, quarantined])).toEqual([
      [suspectKey("record", killerBytes), true],
    ]);
  });

  test("is quarantined beside records of its event that cannot be stored", async () => {
    const refusing = (deps: DetectDependencies): DetectDependencies => ({
      ...deps,
      incidents: {
        addAll: (incidents) =>
          incidents.some(({ record }) => record.includes("PIM_NEVER"))
            ? Promise.resolve(incidents.map(() => ({ failed: new Error("the table fails for it") })))
            : deps.incidents.addAll(incidents),
      },
    });
    const both = event(eventBody(good("PIM_NEVER_1"), killer, good("PIM_NEVER_2"), good("PIM_1")));
    const { failed, deaths, stored, letters, marks } = await untilLivedThrough([both, ...events], refusing);

    expect(deaths).toBeLessThanOrEqual(8); // the killer is in two events
    expect(failed.map(({ event: one }) => one)).toEqual([both]);
    expect(stored()).toHaveLength(4); // those of the other events
    expect(letters.filter(({ reason }) => reason.includes("ended the worker"))).not.toEqual([]);
    expect(marks().get(suspectKey("record", killerBytes))?.quarantined).toBe(true);
  });

  test("is not processed when it is delivered again, by any worker", async () => {
    const { marks } = await untilLivedThrough(events);
    const { deps, letters } = memoryStores();
    const quarantined = new Set(marks().keys());
    const { figures } = await detectBatch(events, {
      ...hanging(deps, () => expect.unreachable("it was touched")),
      isQuarantined: (what, found) => quarantined.has(suspectKey(what, found)),
    });
    expect(figures).toMatchObject({ received: 6, matched: 4, deadLettered: 2 });
    expect(letters.map(({ bytes: kept }) => kept)).toContainEqual(killerBytes);
  });

  test("quarantines its event too if the event has nothing else", async () => {
    const { figures, stored, letters } = await untilLivedThrough([event(killerBytes), event(eventBody(good("PIM_1")))]);
    expect(figures).toMatchObject({ received: 2, matched: 1, deadLettered: 1 });
    expect([stored().length, letters.length]).toEqual([1, 1]);
  });
});

test("without a death, guarded and unguarded detection give the same", async () => {
  const events = [event(eventBody(good("PIM_1"), { a: 1 })), event(bytes("{")), event(eventBody())];
  const [plain, guarded] = [memoryStores(), memoryStores()];
  const { suspects, marks } = memorySuspects();

  expect((await detectGuarded(events, { ...guarded.deps, suspects, marked: NONE })).figures).toEqual(
    (await detectBatch(events, plain.deps)).figures,
  );
  expect([guarded.stored(), guarded.letters, marks().size]).toEqual([plain.stored(), plain.letters, 0]);
});

test("incidents of a group, an event or a record are stored while it is marked", async () => {
  const { deps } = memoryStores();
  const { suspects, log, die } = memorySuspects();
  const writing: DetectDependencies = {
    ...deps,
    incidents: {
      addAll(incidents) {
        log.push(`store ${incidents.length}`);
        return deps.incidents.addAll(incidents);
      },
    },
    deadLetters: {
      add(letter) {
        log.push("bury");
        return deps.deadLetters.add(letter);
      },
    },
  };
  const events = [event(eventBody(good("PIM_1"), good("PIM_2"))), event(eventBody(good("PIM_3"), { a: 1 }))];

  await detectGuarded(events, { ...writing, suspects, marked: NONE });
  expect(log).toEqual(["begin 2 together", "store 3", "bury", "end 2 together"]);

  log.length = 0;
  await detectGuarded(events.slice(1), { ...writing, suspects, marked: NONE });
  expect(log).toEqual(["begin event", "store 1", "bury", "end event"]); // a group of one is alone

  for (const { body } of events.slice(1)) await suspects.begin(suspectKey("event", body));
  die();
  log.length = 0;
  await detectGuarded(events.slice(1), { ...writing, suspects, marked: NONE });
  expect(log.join(", ").split(/, (?=begin record|end event)/)).toEqual([
    "begin event, begin body, end body",
    "begin record, store 1, end record",
    "begin record, bury, end record",
    "end event",
  ]);
});

test("in a large batch, only the group at which a worker died is processed event by event", async () => {
  const events = Array.from({ length: 250 }, (_event, number) => event(eventBody(good(`PIM_${number}`))));
  const { deps, stored } = memoryStores();
  const { suspects, log, die, marks } = memorySuspects();
  await suspects.beginTogether(events.slice(100, 200).map(({ body }) => suspectKey("event", body)));
  die();
  log.length = 0;

  const { figures } = await detectGuarded([...events, ...events.slice(0, 1)], { ...deps, suspects, marked: NONE });

  expect(log.filter((line) => line.includes("together"))).toEqual([
    "begin 100 together",
    "end 100 together",
    "do not begin 100 together",
    "begin 51 together",
    "end 51 together",
  ]);
  expect(log.filter((line) => line === "begin event")).toHaveLength(100);
  expect(figures).toMatchObject({ events: 251, received: 251, matched: 251, stored: 250, known: 1 });
  expect([stored().length, marks().size]).toEqual([250, 0]);
});

test("events that have a mark are processed alone, after the others together", async () => {
  const events = ["PIM_1", "PIM_2", "PIM_3", "PIM_4", "PIM_5"].map((id) => event(eventBody(good(id))));
  const { deps, stored } = memoryStores();
  const { suspects, log, die, marks } = memorySuspects();
  for (const { body } of events.slice(2, 3)) await suspects.begin(suspectKey("event", body));
  die();
  const marked = new Set(marks().keys());
  log.length = 0;

  await detectGuarded(events, { ...deps, suspects, marked });

  expect(log.filter((line) => /together|event/.test(line))).toEqual([
    "begin 2 together",
    "end 2 together",
    "begin 2 together",
    "end 2 together",
    "begin event",
    "end event",
  ]);
  expect([stored().length, marks().size]).toEqual([5, 0]);
});

test("an event that a batch holds twice is marked once", async () => {
  const { deps } = memoryStores();
  const { suspects, log } = memorySuspects();
  const [one, other] = [event(eventBody(good("PIM_1"))), event(eventBody(good("PIM_2")))];
  expect((await detectGuarded([one, other, one], { ...deps, suspects, marked: NONE })).figures).toMatchObject({
    received: 3,
  });
  expect(log).toEqual(["begin 2 together", "end 2 together"]);
});

test("a single death of another cause quarantines nothing", async () => {
  const { deps, letters } = memoryStores();
  const { suspects, die, marks } = memorySuspects();
  const events = [event(eventBody(good("PIM_1")))];
  await suspects.begin(suspectKey("event", eventBody(good("PIM_1"))));
  die();
  await suspects.begin(suspectKey("record", bytes(JSON.stringify(good("PIM_1")))));
  die();

  expect((await detectGuarded(events, { ...deps, suspects, marked: NONE })).figures).toMatchObject({
    matched: 1,
    deadLettered: 0,
  });
  expect([letters, marks().size]).toEqual([[], 0]);
});

test("a record is quarantined only after it is a dead letter", async () => {
  const body = eventBody(good("PIM_1"), killer);
  const quarantinedWith = async (deadLetters: Partial<DetectDependencies>) => {
    const { suspects, marks, die } = memorySuspects();
    await suspects.begin(suspectKey("record", killerBytes));
    die();
    await suspects.begin(suspectKey("event", body));
    await suspects.begin(suspectKey("record", killerBytes));
    die();
    await detectGuarded([event(body)], { ...memoryStores().deps, ...deadLetters, suspects, marked: NONE }).catch(
      () => undefined,
    );
    return [...marks()].flatMap(([key, { quarantined }]) => (quarantined ? key : []));
  };
  const down = { add: () => Promise.reject(new Error("the container is down")) };

  expect(await quarantinedWith({ deadLetters: down })).toEqual([]);
  expect(await quarantinedWith({})).toEqual([suspectKey("record", killerBytes)]); // the control
});

test("a failing dependency is not a death: the mark is removed", async () => {
  const { deps } = memoryStores();
  const { suspects, marks } = memorySuspects();
  const down = { ...deps, incidents: { addAll: () => Promise.reject(new Error("table is down")) } };
  const { failed } = await detectGuarded([event(eventBody(good("PIM_1")))], { ...down, suspects, marked: NONE });
  expect(failed).toMatchObject([{ error: { message: "table is down" } }]);
  expect(marks().size).toBe(0);
});

test("a suspect batch knows what another worker quarantined just now; any other batch knows it within a minute", async () => {
  const { client: table } = memoryTable();
  await table.createTable();
  const now = () => Date.UTC(2026, 2, 4);
  const [own, other] = [suspectTable(tableRows(table), { now }), suspectTable(tableRows(table), { now })];
  const batch = [event(eventBody(good("PIM_1"), killer))];
  const handle = async (how: { readonly suspect: boolean }) => {
    const { deps, letters } = memoryStores();
    const figures = await handleEvents(batch, { ...deps, ...REST_OF_THE_APP, suspects: own }, how);
    return { figures, letters: letters.map(({ bytes: kept }) => kept) };
  };
  await own.known();
  await other.quarantine(suspectKey("record", killerBytes));

  expect(await handle({ suspect: false })).toMatchObject({ figures: { matched: 2, deadLettered: 0 }, letters: [] });
  expect(await handle({ suspect: true })).toMatchObject({ figures: { matched: 1, deadLettered: 1 } });
  expect((await handle({ suspect: true })).letters).toEqual([killerBytes]);
});

test("a batch is guarded from its first retry on, or while anything is marked", async () => {
  expect([0, 1, 2].filter(isSuspect)).toEqual([1, 2]);
  const { deps } = memoryStores();
  const { suspects, log } = memorySuspects();
  const all = { ...deps, ...REST_OF_THE_APP, suspects };
  const batch = [event(eventBody(good("PIM_1")))];

  expect(await handleEvents(batch, all)).toMatchObject({ guarded: false });
  expect(log).toEqual([]);
  expect(await handleEvents(batch, all, { suspect: true })).toMatchObject({ guarded: true });
  expect(log).toEqual(["begin event", "end event"]);
  await suspects.begin("somebody else's");
  expect(await handleEvents(batch, all)).toMatchObject({ guarded: true });
});
