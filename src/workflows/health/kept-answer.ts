export interface KeptAnswer<T> {
  /** Finds the answer out. It must end some day: nothing is asked again before. */
  readonly ask: () => Promise<T>;
  /** How long an answer, or a failure, is given again. */
  readonly freshForMs: number;
  /** What is answered while a question takes longer than this. */
  readonly late: { readonly afterMs: number; readonly answer: T };
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Asks at most one question at a time, however many callers want the answer, and keeps the answer until it expires. Its
 * age counts from the end of the question: from its beginning, a slow answer would be too old at once.
 */
export function keptAnswer<T>({ ask, freshForMs, late, now }: KeptAnswer<T>): () => Promise<T> {
  let latest: Question<T> | undefined;

  return () => {
    // The clock may have been set back since.
    const isOver = latest?.endedAt !== undefined && Math.abs(now() - latest.endedAt) >= freshForMs;
    if (latest === undefined || isOver) latest = begin();
    return latest.answer;
  };

  function begin(): Question<T> {
    const answer = ask();
    const tooLate = Promise.withResolvers<T>();
    const timer = setTimeout(() => tooLate.resolve(late.answer), late.afterMs);
    const question: Question<T> = { answer: Promise.race([answer, tooLate.promise]), endedAt: undefined };
    const end = (): void => {
      clearTimeout(timer);
      question.answer = answer;
      question.endedAt = now();
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
