import { describe, expect, test } from "vitest";
import { DependencyError } from "../../../src/errors.ts";
import { sweepSink } from "../../../src/workflows/delivery/sweep-outbox.ts";
import { idOf, memorySink, type MemorySinkOptions, rowOf, START } from "./memory-sink.ts";

const OLD = new Date(START - 60_000);
const HOUR = 3_600_000;
const EACH_ALONE: Pick<MemorySinkOptions, "packsOf"> = { packsOf: (rows) => rows.map((row) => [row]) };

/** The given number of rows for each rule: `a0`, `a1`, … of rule `a`. */
const rowsOf = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).flatMap(([ruleId, count]) =>
    Array.from({ length: count }, (_, index) => rowOf(`${ruleId}${String(index).padStart(3, "0")}`, ruleId)),
  );

test("the sweep sends every rule's rows, page by page, and reports the rows that still wait", async () => {
  const { sink, waiting, journal } = memorySink(rowsOf({ a: 5, b: 0, c: 2 }), { pageSize: 2 });
  expect(await sweepSink(sink, ["a", "b", "c"], OLD)).toEqual({
    figures: { forwarded: 7, refused: 0, failed: 0, pending: 0, failing: 0, oldestSeconds: 0 },
    errors: [],
  });
  expect(waiting()).toEqual([]);
  expect(journal).toEqual(["a000,c000,a001,c001", "a002,a003", "a004"]);
});

test("an empty outbox sends nothing", async () => {
  const { sink, journal } = memorySink([]);
  expect(await sweepSink(sink, ["a"], OLD)).toMatchObject({ figures: { forwarded: 0 }, errors: [] });
  expect(journal).toEqual([]);
});

test("the sweep leaves rows younger than the given time to the invocation that made them", async () => {
  const { sink, waiting } = memorySink([rowOf("old"), rowOf("young", "a", START - 59_000)]);
  await sweepSink(sink, ["a"], OLD);
  expect(waiting()).toEqual(["young"]);
});

test("an endpoint that is down ends the sweep, which reports since when rows have waited", async () => {
  const { sink, waiting } = memorySink(rowsOf({ a: 4, b: 1 }), { answerTo: () => "fails", pageSize: 2 });
  expect(await sweepSink(sink, ["a", "b"], OLD)).toEqual({
    figures: {
      forwarded: 0,
      refused: 0,
      failed: 0,
      stopped: "Receiver: answered 500",
      pending: 5,
      failing: 0,
      oldestSeconds: 3_600,
    },
    errors: [],
  });
  expect(waiting()).toHaveLength(5);
});

test("a sweep of many pages sends no more of them to an endpoint that is down than of one page", async () => {
  const requests = async (count: number) => {
    const memory = memorySink(rowsOf({ a: count }), { ...EACH_ALONE, answerTo: () => "fails", pageSize: 10 });
    await sweepSink(memory.sink, ["a"], OLD);
    return memory.journal.length;
  };
  expect(await requests(10)).toBeGreaterThan(0);
  expect(await requests(100)).toBe(await requests(10));
});

test("the sweep tries an endpoint while the invocations pause, because nothing else shows that it is back", async () => {
  const { sink, answerTo, waiting } = memorySink(rowsOf({ a: 4 }));
  answerTo.current = () => "fails";
  await sweepSink(sink, ["a"], OLD);
  expect(sink.watch.paused()).toBeDefined();
  answerTo.current = () => "accepted";
  await sweepSink(sink, ["a"], OLD);
  expect(waiting()).toEqual([]);
});

describe("rows that fail", () => {
  test("are not sent again before their time and hide no others meanwhile", async () => {
    const memory = memorySink(rowsOf({ a: 6 }), {
      pageSize: 2,
      answerTo: (id) => (id < "a004" ? "fails" : "accepted"),
    });
    for (const { row } of memory.outbox.values()) {
      if (idOf(row) >= "a004") continue;
      const failure = { counted: 1, since: START, failedAt: START, retryAt: START + 1, reason: "" };
      await memory.sink.outbox.markFailed(row, failure);
    }
    await sweepSink(memory.sink, ["a"], OLD);
    expect(memory.journal).toEqual(["a004,a005"]);
    expect(memory.waiting()).toEqual(["a000", "a001", "a002", "a003"]);
  });

  test("at the front hide no others, although nothing shows yet that the endpoint is up", async () => {
    const isFailing = (id: string) => id < "a050";
    const memory = memorySink(rowsOf({ a: 60 }), {
      ...EACH_ALONE,
      pageSize: 10,
      answerTo: (id) => (isFailing(id) ? "fails" : "accepted"),
    });
    for (let minute = 0; minute < 8; minute += 1) {
      memory.clock.now += 60_000;
      await sweepSink(memory.sink, ["a"], OLD);
    }
    expect(memory.waiting().filter((id) => !isFailing(id))).toEqual([]);
  });

  test("are tried after the rows of their page that never failed", async () => {
    const isFailing = (id: string) => id < "a020";
    const memory = memorySink(rowsOf({ a: 22 }), {
      ...EACH_ALONE,
      answerTo: (id) => (isFailing(id) ? "fails" : "accepted"),
    });
    for (let minute = 0; minute < 8; minute += 1) {
      memory.clock.now += 60_000;
      await sweepSink(memory.sink, ["a"], OLD);
    }
    expect(memory.waiting().filter((id) => !isFailing(id))).toEqual([]);
  });

  test("of one rule do not hold up another's", async () => {
    const memory = memorySink(rowsOf({ a: 50, b: 2 }), {
      ...EACH_ALONE,
      answerTo: (id) => (id < "b" ? "fails" : "accepted"),
    });
    await sweepSink(memory.sink, ["a", "b"], OLD);
    expect(memory.waiting().filter((id) => id >= "b")).toEqual([]);
  });

  test("with slow requests do not use up the time of others each time", async () => {
    const isSlow = (id: string) => id < "a030";
    const memory = memorySink(rowsOf({ a: 60 }), {
      ...EACH_ALONE,
      answerTo: (id) => (isSlow(id) ? "fails" : "accepted"),
      requestMs: ([id = ""]) => (isSlow(id) ? 5_000 : 10),
    });
    for (let minute = 0; minute < 12; minute += 1) {
      memory.clock.now += 60_000;
      await sweepSink(memory.sink, ["a"], OLD);
    }
    expect(memory.waiting().filter((id) => !isSlow(id))).toEqual([]);
  });

  test("a row that fails alone counts as refused after a day, and no longer waits", async () => {
    const memory = memorySink([rowOf("a000")], { answerTo: (id) => (id === "a000" ? "fails" : "accepted") });
    const swept = [];
    for (let minute = 0; minute <= 25 * 60; minute += 1) {
      memory.clock.now += 60_000;
      if (minute % 15 === 0) memory.outbox.set(`b${minute}`, { row: rowOf(`b${minute}`) });
      swept.push((await sweepSink(memory.sink, ["a"], new Date(memory.clock.now))).figures);
    }
    expect(swept.reduce((sum, { forwarded }) => sum + forwarded, 0)).toBe(101);
    const refusedAfter = swept.findIndex(({ refused }) => refused === 1);
    expect(refusedAfter).toBeGreaterThanOrEqual(24 * 60);
    expect(swept.at(-1)).toEqual({ forwarded: 1, refused: 0, failed: 0, pending: 0, failing: 0, oldestSeconds: 0 });
    expect(memory.journal.filter((ids) => ids.includes("a000")).length).toBeLessThan(60);
    expect(Object.keys(memory.refused())).toEqual(["a000"]);
  });

  test("a row that failed by chance is sent although another one fails and nothing else is accepted", async () => {
    const memory = memorySink([rowOf("first"), rowOf("good")], EACH_ALONE);
    memory.answerTo.current = (id) => (id === "good" ? "fails" : "accepted"); // so the failure counts against the row
    await sweepSink(memory.sink, ["a"], OLD);
    expect(memory.failure("good")).toMatchObject({ counted: 1 });
    memory.answerTo.current = (id) => (id === "bad" ? "fails" : "accepted");
    memory.clock.now += HOUR;
    memory.outbox.set("bad", { row: rowOf("bad", "a", START + HOUR / 2) }); // since then nothing was accepted
    const { figures } = await sweepSink(memory.sink, ["a"], new Date(memory.clock.now));
    expect(figures).toMatchObject({ forwarded: 1, stopped: "Receiver: answered 500" });
    expect(memory.waiting()).toEqual(["bad"]);
  });

  test("a single failing row is sent again each minute, and the sweep reports how long it has waited", async () => {
    const memory = memorySink([rowOf("a000")], { answerTo: () => "fails" });
    const sweep = () => sweepSink(memory.sink, ["a"], new Date(memory.clock.now));
    for (let minute = 0; minute < 48 * 60; minute += 1) {
      memory.clock.now += 60_000;
      await sweep();
    }
    expect(memory.journal).toHaveLength(48 * 60);
    expect((await sweep()).figures).toEqual({
      forwarded: 0,
      refused: 0,
      failed: 0,
      stopped: "Receiver: answered 500",
      pending: 1,
      failing: 0,
      oldestSeconds: 49 * 3_600,
    });
    memory.answerTo.current = () => "accepted";
    expect((await sweep()).figures).toMatchObject({ forwarded: 1, pending: 0 });
  });
});

describe("an outbox that holds only ids", () => {
  const sinkOver = (current: NonNullable<MemorySinkOptions["current"]>) =>
    memorySink(rowsOf({ a: 5 }), { ...EACH_ALONE, current });

  test("each incident is sent as it is now; one that was deleted by hand leaves the outbox", async () => {
    const memory = sinkOver((queued) =>
      Promise.resolve(idOf(queued) === "a001" ? undefined : { ...queued, IncidentId: `${idOf(queued)} now` }),
    );
    const { figures } = await sweepSink(memory.sink, ["a"], OLD);
    expect(figures).toMatchObject({ forwarded: 5, pending: 0 });
    expect(memory.journal).toEqual(["a000 now", "a002 now", "a003 now", "a004 now"]);
  });

  test("an incident that cannot be read waits alone and holds up no other", async () => {
    const memory = sinkOver((queued) =>
      idOf(queued) === "a001"
        ? Promise.reject(new DependencyError("Table Storage", "answered 500"))
        : Promise.resolve(queued),
    );
    const { figures, errors } = await sweepSink(memory.sink, ["a"], OLD);
    expect({ figures, errors }).toMatchObject({ figures: { forwarded: 4, failed: 1, failing: 1 }, errors: [] });
    expect(memory.failure("a001")).toMatchObject({ reason: "Table Storage: answered 500" });
  });
});

describe("a table that does not answer for one rule", () => {
  test("holds up no other rule; the sweep reports the error at the end", async () => {
    const memory = memorySink(rowsOf({ a: 2, b: 2 }));
    const down = new DependencyError("Table Storage", "answered 500");
    const outbox: typeof memory.sink.outbox = {
      ...memory.sink.outbox,
      pending: (ruleId, which) => (ruleId === "a" ? Promise.reject(down) : memory.sink.outbox.pending(ruleId, which)),
    };
    const { figures, errors } = await sweepSink({ ...memory.sink, outbox }, ["a", "b"], OLD);
    expect({ figures, errors }).toMatchObject({ figures: { forwarded: 2, pending: 2 }, errors: [down] });
  });

  test("the sweep reports no waiting rows if the table does not answer", async () => {
    const memory = memorySink(rowsOf({ a: 2 }));
    const down = new DependencyError("Table Storage", "answered 500");
    const outbox = { ...memory.sink.outbox, waiting: () => Promise.reject(down) };
    expect(await sweepSink({ ...memory.sink, outbox }, ["a"], OLD)).toEqual({
      figures: { forwarded: 2, refused: 0, failed: 0 },
      errors: [down],
    });
  });
});

test("all pages of a sweep share one time limit", async () => {
  const memory = memorySink(rowsOf({ a: 100 }), {
    pageSize: 5,
    requestMs: () => 1_000,
    limits: { invocation: { milliseconds: HOUR, timeoutMs: 1 }, sweep: { milliseconds: 9_500, timeoutMs: 1 } },
  });
  const { figures } = await sweepSink(memory.sink, ["a"], OLD);
  expect(figures).toMatchObject({ forwarded: 50, stopped: "out of time", pending: 50 });
});
