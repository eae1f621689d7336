import { expect, test } from "vitest";
import { inTime } from "../../src/azure/calls.ts";
import { DependencyError } from "../../src/errors.ts";

test("what a call resolves to is handed on", async () => {
  expect(await inTime("Table Storage", 60_000, () => Promise.resolve("rows"))).toBe("rows");
});

test("what a call throws is handed on", async () => {
  const broken = new Error("broken");

  await expect(inTime("Table Storage", 60_000, () => Promise.reject(broken))).rejects.toBe(broken);
});

test("a call that never ends and does not look at its signal is left behind", async () => {
  const { promise: never } = Promise.withResolvers<void>();
  const call = inTime("Table Storage", 30, () => never);

  await expect(call).rejects.toThrow(new DependencyError("Table Storage", "did not answer within 0.03 s"));
});

test("a call that looks at its signal is aborted, and the error says that it took too long", async () => {
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

test("a call that throws at once is a rejection", async () => {
  const call = inTime("Table Storage", 20, () => {
    throw new TypeError("no such method");
  });

  await expect(call).rejects.toThrow(new TypeError("no such method"));
});
