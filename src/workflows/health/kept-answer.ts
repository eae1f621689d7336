import type { Machine } from "../../machine.ts";

export interface KeptAnswer<T> {
  /** Finds the answer. It must end at some time: until then nothing is asked again. */
  readonly ask: () => Promise<T>;
  /** How long an answer, or a failure, is kept. */
  readonly freshForMs: number;
  /** The answer while a question takes longer than this. */
  readonly late: { readonly afterMs: number; readonly answer: T };
  readonly machine: Pick<Machine, "now" | "after">;
}

/**
 * Asks at most one question at a time, however many callers want the answer, and keeps the answer until it expires. Its
 * age counts from the end of the question; otherwise a slow answer would have expired when it arrived.
 */
export function keptAnswer<T>({ ask, freshForMs, late, machine }: KeptAnswer<T>): () => Promise<T> {
  let latest: Question<T> | undefined;

  return () => {
    // The clock may have been set back since.
    const isOver = latest?.endedAt !== undefined && Math.abs(machine.now() - latest.endedAt) >= freshForMs;
    if (latest === undefined || isOver) latest = begin();
    return latest.answer;
  };

  function begin(): Question<T> {
    const answer = ask();
    const tooLate = Promise.withResolvers<T>();
    const cancel = machine.after(late.afterMs, () => tooLate.resolve(late.answer));
    const question: Question<T> = { answer: Promise.race([answer, tooLate.promise]), endedAt: undefined };
    const end = (): void => {
      cancel();
      question.answer = answer;
      question.endedAt = machine.now();
    };
    answer.then(end, end);
    return question;
  }
}

interface Question<T> {
  answer: Promise<T>;
  /** Undefined while it is being asked. */
  endedAt: number | undefined;
}
