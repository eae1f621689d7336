import { RestError } from "@azure/data-tables";
import { describe, expect, test } from "vitest";
import { inTime } from "../../src/azure/calls.ts";
import { DependencyError } from "../../src/errors.ts";

test("the result of a call is passed on", async () => {
  expect(await inTime("Table Storage", 60_000, () => Promise.resolve("rows"))).toBe("rows");
});

describe("every failure names the service", () => {
  const hungUp = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
  const noAddress = new AggregateError([
    new Error("connect ECONNREFUSED ::1:1"),
    new Error("connect ECONNREFUSED 127.0.0.1:1"),
  ]);
  test.each([
    { why: "a broken connection", error: hungUp, message: "socket hang up (ECONNRESET)" },
    {
      why: "no address of a host answers: Node's error has no message",
      error: noAddress,
      message: "connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1",
    },
    {
      why: "the same after each retry",
      error: new AggregateError([hungUp, hungUp]),
      message: "socket hang up (ECONNRESET)",
    },
    { why: "several lines", error: new Error("no token\n  at somewhere"), message: "no token" },
    { why: "no words at all", error: new Error(""), message: "Error" },
  ])("$why", async ({ error, message }) => {
    const call = inTime("Event hub", 60_000, () => Promise.reject(error));

    await expect(call).rejects.toEqual(new DependencyError("Event hub", message, { cause: error }));
  });

  test("an answer with a status stays the SDK's own error, named once", async () => {
    const refused = new RestError("not now", { statusCode: 503, code: "ServerBusy" });
    const call = () => inTime("Table Storage", 60_000, () => Promise.reject(refused));

    await expect(call()).rejects.toBe(refused);
    await expect(call()).rejects.toBe(refused);
    expect(refused).toMatchObject({ message: "Table Storage: not now", statusCode: 503, code: "ServerBusy" });
  });

  test("our own errors and bugs keep their messages", async () => {
    for (const error of [new DependencyError("Ledger", "is late"), new RangeError("limit")])
      await expect(inTime("Table Storage", 60_000, () => Promise.reject(error))).rejects.toBe(error);
  });
});

test("a call that never ends and ignores its signal is abandoned", async () => {
  const { promise: never } = Promise.withResolvers<void>();
  const call = inTime("Table Storage", 30, () => never);

  await expect(call).rejects.toThrow(new DependencyError("Table Storage", "did not answer within 0.03 s"));
});

test("a call that obeys its signal is aborted, and the error says that it took too long", async () => {
  let aborted = false;
  const call = inTime("Table Storage", 20, ({ abortSignal }) => {
    const ended = Promise.withResolvers<never>();
    abortSignal.addEventListener("abort", () => {
      aborted = true;
      ended.reject(new Error("The operation was aborted."));
    });
    return ended.promise;
  });

  await expect(call).rejects.toThrow("Table Storage: did not answer within 0.02 s");
  expect(aborted).toBe(true);
});

test("a call that throws at once becomes a rejection", async () => {
  const call = inTime("Table Storage", 20, () => {
    throw new TypeError("no such method");
  });

  await expect(call).rejects.toThrow(new TypeError("no such method"));
});
