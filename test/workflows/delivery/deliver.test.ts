import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SendingTime } from "../../../src/core/incident/sinks.ts";
import { deliver } from "../../../src/workflows/delivery/deliver.ts";
import { type Answer, idOf, memorySink, type MemorySinkOptions, rowOf, START } from "./memory-sink.ts";

const TIME: SendingTime = { milliseconds: 60_000, timeoutMs: 5_000 };
const HOUR = 3_600_000;
const ids = (count: number): string[] => Array.from({ length: count }, (_, id) => String(id).padStart(3, "0"));
const ALONE: Pick<MemorySinkOptions, "packsOf"> = { packsOf: (rows) => rows.map((row) => [row]) };

/** Delivers rows with these ids, once. */
async function delivered(names: readonly string[], options: MemorySinkOptions = {}, time = TIME) {
  const rows = names.map((id) => rowOf(id));
  const memory = memorySink(rows, options);
  const delivery = await deliver(
    rows.map((row) => ({ row })),
    memory.sink,
    time,
  );
  return { ...memory, ...delivery };
}

/** Gives some rows another answer than "accepted". */
const but =
  (answers: Readonly<Record<string, Answer>>) =>
  (id: string): Answer =>
    answers[id] ?? "accepted";

test("a row leaves the outbox when its pack was accepted, and the acceptance is noted for other instances", async () => {
  const { figures, errors, journal, waiting, noted } = await delivered(["a", "b"]);
  expect({ figures, errors }).toEqual({ figures: { forwarded: 2, refused: 0, failed: 0 }, errors: [] });
  expect({ journal, waiting: waiting(), noted }).toEqual({ journal: ["a,b"], waiting: [], noted: [START] });
});

test("nothing to deliver sends nothing and notes nothing", async () => {
  const { figures, journal, noted } = await delivered([]);
  expect({ figures, journal, noted }).toEqual({
    figures: { forwarded: 0, refused: 0, failed: 0 },
    journal: [],
    noted: [],
  });
});

describe.each<{ how: Answer; kept: string }>([
  { how: "fails", kept: "failed" },
  { how: "refused", kept: "refused" },
])("a pack with the answer '$how'", ({ how, kept }) => {
  test("is sent again as single rows and smaller packs until the row at fault is alone; the others are forwarded", async () => {
    const { figures, journal, waiting } = await delivered(ids(20), { answerTo: but({ "012": how }) });
    expect(figures).toEqual({ forwarded: 19, refused: 0, failed: 0, [kept]: 1 });
    expect(waiting()).toEqual(["012"]);
    expect(journal.join(" ")).toBe(
      `${ids(20).join()} 000 001 002 ` +
        "003,004,005 006,007,008 009,010,011 012,013,014 012 013 014 015,016,017 018,019",
    );
  });

  test("keeps exactly the rows at fault, whichever they are, and sends no accepted row again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 60 }), fc.array(fc.nat({ max: 59 }), { maxLength: 6 }), async (count, bad) => {
        const names = ids(count);
        const faulty = new Set(bad.map((index) => names[index]).filter((id) => id !== undefined));
        // The first three are good: they show that the endpoint is up.
        const isFaulty = (id: string) => faulty.has(id) && id > "002";
        const { figures, waiting, journal } = await delivered(names, {
          answerTo: (id) => (isFaulty(id) ? how : "accepted"),
        });
        const expected = names.filter(isFaulty);
        expect(waiting()).toEqual(expected);
        expect(figures).toMatchObject({ forwarded: count - expected.length, [kept]: expected.length });
        expect(journal.length).toBeLessThanOrEqual(1 + 12 * 3 * Math.max(1, expected.length));
      }),
    );
  });
});

describe("a row that fails while the sink accepts other rows", () => {
  test("waits alone, with the reason and the time of its next attempt", async () => {
    const { failure } = await delivered(["a", "b", "c"], { ...ALONE, answerTo: but({ b: "fails" }) });
    expect(failure("b")).toEqual({
      counted: 1,
      since: START,
      failedAt: START,
      retryAt: START + 60_000,
      reason: "Receiver: answered 500",
    });
  });

  test("is sent again alone, beside the pack of the others", async () => {
    const memory = memorySink(["a", "b", "c"].map((id) => rowOf(id)));
    const failure = { counted: 1, since: START, failedAt: START, retryAt: START, reason: "" };
    await deliver(
      ["b", "a", "c"].map((id) => ({ row: rowOf(id), failure: id === "b" ? failure : undefined })),
      memory.sink,
      TIME,
    );
    expect(memory.journal).toEqual(["a,c", "b"]);
  });

  test("counts as refused after a day", async () => {
    const memory = memorySink([rowOf("a"), rowOf("b")], { ...ALONE, answerTo: but({ b: "fails" }) });
    const failure = { counted: 20, since: START - 24 * HOUR, failedAt: START - HOUR, retryAt: START, reason: "" };
    const { figures } = await deliver([{ row: rowOf("a") }, { row: rowOf("b"), failure }], memory.sink, TIME);
    expect(figures).toEqual({ forwarded: 1, refused: 1, failed: 0 });
    expect(memory.refused()).toEqual({
      b: "failed 21 times since 2026-03-03T09:14:00.000Z while the sink accepted other rows: Receiver: answered 500",
    });
  });

  test("is known to have failed alone even if another instance forwarded the others", async () => {
    const acceptedElsewhere = () => START - 1;
    const { figures, failure } = await delivered(["a"], { answerTo: () => "fails", acceptedElsewhere });
    expect(figures).toEqual({ forwarded: 0, refused: 0, failed: 1 });
    expect(failure("a")).toMatchObject({ counted: 1 });
  });
});

describe("an endpoint that accepts nothing", () => {
  test("gets only a few rows; none of them is blamed, and all stay", async () => {
    const { figures, journal, waiting, failure } = await delivered(ids(500), { answerTo: () => "fails" });
    expect(figures).toEqual({ forwarded: 0, refused: 0, failed: 0, stopped: "Receiver: answered 500" });
    expect(journal.length).toBeLessThanOrEqual(8);
    expect(waiting()).toEqual(ids(500));
    expect(failure("000")).toEqual({
      counted: 0,
      since: undefined,
      failedAt: START,
      retryAt: START,
      reason: "Receiver: answered 500",
    });
  });

  test("gets only a few more rows after it goes down in between", async () => {
    const rows = ids(100).map((id) => rowOf(id));
    const memory = memorySink(rows, ALONE);
    memory.answerTo.current = () => (memory.journal.length > 50 ? "fails" : "accepted");
    const { figures } = await deliver(
      rows.map((row) => ({ row })),
      memory.sink,
      TIME,
    );
    expect(figures).toMatchObject({ stopped: "Receiver: answered 500" });
    expect(memory.journal.length).toBeLessThanOrEqual(50 + 14);
    expect(memory.waiting()).toHaveLength(100 - figures.forwarded);
  });

  test("never makes a row that was alone count as refused, however long it is down", async () => {
    const memory = memorySink([rowOf("a")], { answerTo: () => "fails", acceptedElsewhere: () => START - 2 * HOUR });
    for (let hour = 0; hour < 100; hour += 1) {
      memory.clock.now += HOUR;
      const failure = memory.failure("a");
      const { figures } = await deliver([{ row: rowOf("a"), failure }], memory.sink, TIME);
      expect(figures).toEqual({ forwarded: 0, refused: 0, failed: 0, stopped: "Receiver: answered 500" });
    }
    expect(memory.refused()).toEqual({});
  });

  test("pauses the invocations once three different rows have failed, but not for one row that fails again and again", async () => {
    const { sink, answerTo, clock } = memorySink([]);
    answerTo.current = () => "fails";
    const send = (id: string) => deliver([{ row: rowOf(id) }], sink, TIME);
    for (let time = 0; time < 10; time += 1) await send("a");
    await send("b");
    expect(sink.watch.paused()).toBeUndefined();

    await send("c");
    expect(sink.watch.paused()).toBe("paused for 10 s after: Receiver: answered 500");
    clock.now += 9_999;
    expect(sink.watch.paused()).toBeDefined();
    clock.now += 1;
    expect(sink.watch.paused()).toBeUndefined();
    await send("d");
    expect(sink.watch.paused()).toBeDefined(); // still down: one more failure is enough
    clock.now -= 24 * HOUR;
    expect(sink.watch.paused()).toBeUndefined(); // nobody knows how long it has been
  });

  test("is not blamed for rows that fail while the sink accepts other rows: no invocation pauses", async () => {
    const memory = memorySink([], { ...ALONE, answerTo: () => "fails", acceptedElsewhere: () => START - 1 });
    const rows = ids(12).map((id) => ({ row: rowOf(id) }));
    const { figures } = await deliver(rows, memory.sink, TIME);
    expect(figures.failed).toBeGreaterThanOrEqual(3);
    expect(memory.sink.watch.paused()).toBeUndefined();
  });

  test("ends the pause when it accepts a row again", async () => {
    const { sink, answerTo } = memorySink([]);
    answerTo.current = () => "fails";
    await deliver(
      ids(5).map((id) => ({ row: rowOf(id) })),
      sink,
      TIME,
    );
    expect(sink.watch.paused()).toBeDefined();
    answerTo.current = () => "accepted";
    await deliver([{ row: rowOf("a") }], sink, TIME);
    expect(sink.watch.paused()).toBeUndefined();
  });
});

test("a row whose incident is gone leaves the outbox and proves nothing about the endpoint", async () => {
  const memory = memorySink([rowOf("a")]);
  const sink = { ...memory.sink, send: () => Promise.resolve({ outcome: "gone" } as const) };
  const { figures } = await deliver([{ row: rowOf("a") }], sink, TIME);
  expect(figures).toMatchObject({ forwarded: 1 });
  expect({ waiting: memory.waiting(), noted: memory.noted }).toEqual({ waiting: [], noted: [] });
});

describe("the time limit", () => {
  test("ends the sending, and the remaining rows stay", async () => {
    const options = { ...ALONE, requestMs: () => 10 };
    const { figures, waiting } = await delivered(ids(20), options, { ...TIME, milliseconds: 95 });
    expect(figures).toMatchObject({ refused: 0, failed: 0, stopped: "out of time" });
    expect(figures.forwarded).toBeGreaterThanOrEqual(10);
    expect(waiting()).toHaveLength(20 - figures.forwarded);
  });

  test("lets rows whose requests hang hold up only their own lanes", async () => {
    const memory = memorySink(
      ids(20).map((id) => rowOf(id)),
      ALONE,
    );
    const hanging = Promise.withResolvers<never>();
    const sent: string[] = [];
    const sink = {
      ...memory.sink,
      send: ([row = {}]: readonly ReturnType<typeof rowOf>[]) => {
        sent.push(idOf(row));
        if (sent.length === 20) hanging.reject(new TypeError("aborted"));
        return idOf(row) < "003" ? hanging.promise : Promise.resolve({ outcome: "accepted" } as const);
      },
    };
    await deliver(
      ids(20).map((id) => ({ row: rowOf(id) })),
      sink,
      TIME,
    );
    expect(memory.waiting()).toEqual(["000", "001", "002"]);
  });
});

describe("an error beside the sending is reported at the end and holds up nothing else", () => {
  test("a row that cannot be marked", async () => {
    const rows = ids(10).map((id) => rowOf(id));
    const memory = memorySink(rows, { answerTo: but({ "007": "refused", "008": "fails" }) });
    for (const id of ["001", "007", "008"]) memory.broken.add(id);
    const { figures, errors } = await deliver(
      rows.map((row) => ({ row })),
      memory.sink,
      TIME,
    );
    expect(figures).toMatchObject({ forwarded: 7 });
    expect(errors.map(String)).toEqual(
      ["001", "007", "008"].map((id) => `DependencyError: Table Storage: cannot mark ${id}`),
    );
    expect(memory.waiting()).toEqual(["001", "007", "008"]);
  });

  test("an outbox that cannot be written: nothing more is sent, because it would be sent again", async () => {
    const rows = ids(20).map((id) => rowOf(id));
    const memory = memorySink(rows, { packsOf: (some) => [some.slice(0, 10), some.slice(10)] });
    for (const id of ids(20)) memory.broken.add(id);
    const sink = { ...memory.sink, packsOf: memory.sink.packsOf };
    const { figures, errors } = await deliver(
      rows.map((row) => ({ row })),
      sink,
      TIME,
    );
    expect(figures).toEqual({ forwarded: 0, refused: 0, failed: 0, stopped: "the outbox cannot be written" });
    expect(errors).toHaveLength(6); // three of each pack that was being sent
  });

  test("a bug of ours in sending one row", async () => {
    const { figures, errors, waiting, failure } = await delivered(ids(20), { answerTo: but({ "012": "breaks" }) });
    expect(figures).toMatchObject({ forwarded: 19, failed: 1 });
    expect(errors).toEqual([new TypeError("not a function")]);
    expect(waiting()).toEqual(["012"]);
    expect(failure("012")).toMatchObject({ reason: "not a function" });
  });
});
