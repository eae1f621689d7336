import { expect, test } from "vitest";
import { MACHINE } from "../../../src/machine.ts";
import { keptAnswer } from "../../../src/workflows/health/kept-answer.ts";

/** Questions that end when the test ends them, and a stopped clock. */
function asking({ lateAfterMs = 600_000 } = {}) {
  const questions: PromiseWithResolvers<string>[] = [];
  const clock = { now: 1_000_000 };
  const answer = keptAnswer({
    ask() {
      const question = Promise.withResolvers<string>();
      questions.push(question);
      return question.promise;
    },
    freshForMs: 1_000,
    late: { afterMs: lateAfterMs, answer: "late" },
    machine: { ...MACHINE, now: () => clock.now },
  });
  return { questions, clock, answer };
}

test("every caller waits for the answer of an open question, however long it takes", async () => {
  const { questions, clock, answer } = asking();
  const early = answer();
  clock.now += 3_600_000;
  const later = [answer(), answer()];
  expect(questions).toHaveLength(1);
  questions[0]?.resolve("first");
  expect(await Promise.all([early, ...later])).toEqual(["first", "first", "first"]);
});

test("an answer is kept from the end of its question until it expires", async () => {
  const { questions, clock, answer } = asking();
  const first = answer();
  clock.now += 60_000; // more than it is fresh for
  questions[0]?.resolve("first");
  await first;

  clock.now += 999;
  expect(await answer()).toBe("first");
  expect(questions).toHaveLength(1);
  clock.now += 1;
  const second = answer();
  expect(questions).toHaveLength(2);
  questions[1]?.resolve("second");
  expect(await second).toBe("second");
});

test("a failure is kept as long as an answer", async () => {
  const { questions, clock, answer } = asking();
  const first = answer();
  questions[0]?.reject(new Error("a bug"));
  await expect(first).rejects.toThrow("a bug");
  await expect(answer()).rejects.toThrow("a bug");
  expect(questions).toHaveLength(1);

  clock.now += 1_000;
  const second = answer();
  questions[1]?.resolve("well");
  expect(await second).toBe("well");
});

test("an answer expires even if the clock is set back", async () => {
  const { questions, clock, answer } = asking();
  const first = answer();
  questions[0]?.resolve("first");
  await first;
  clock.now -= 3_600_000;
  void answer();
  expect(questions).toHaveLength(2);
});

test("nobody waits for a question that hangs, and no other question starts", async () => {
  const { questions, clock, answer } = asking({ lateAfterMs: 1 });
  expect(await answer()).toBe("late");
  clock.now += 3_600_000;
  expect(await answer()).toBe("late");
  expect(questions).toHaveLength(1);

  questions[0]?.resolve("first");
  await questions[0]?.promise;
  expect(await answer()).toBe("first");
  expect(questions).toHaveLength(1);
});

test("after a question hung and failed, the next one starts when the failure expires", async () => {
  const { questions, clock, answer } = asking({ lateAfterMs: 1 });
  expect(await answer()).toBe("late");
  questions[0]?.reject(new Error("at last"));
  await expect(questions[0]?.promise).rejects.toThrow("at last");
  await expect(answer()).rejects.toThrow("at last");
  clock.now += 1_000;
  const second = answer();
  questions[1]?.resolve("well");
  expect(await second).toBe("well");
});
