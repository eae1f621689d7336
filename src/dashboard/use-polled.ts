import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "./api.ts";

export interface Polled<T> {
  /** The last answer to the current question; undefined before the first. */
  readonly value: T | undefined;
  /** Why the last attempt failed, if it did; then the value is older. */
  readonly error: ApiError | undefined;
  /** When the value arrived, in milliseconds since 1970. */
  readonly at: number;
  readonly isLoading: boolean;
  refresh(): void;
  /** Replaces the value with a newer one, such as the answer to a change. */
  replace(value: T): void;
}

/**
 * Asks regularly while the page is visible, and at once when the question changes or the page becomes visible again.
 *
 * @param question as text; null to ask nothing
 */
export function usePolled<T>(
  question: string | null,
  ask: (question: string, signal: AbortSignal) => Promise<T>,
  everyMs: number,
): Polled<T> {
  const [state, setState] = useState<{ question: string | null; value?: T; error?: ApiError; at: number }>({
    question: null,
    at: 0,
  });
  const [turn, setTurn] = useState(0);
  const asking = useRef(ask);
  asking.current = ask;

  useEffect(() => {
    if (question === null) return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = (): void => {
      timer = setTimeout(() => void once(), everyMs);
    };
    async function once(): Promise<void> {
      if (document.visibilityState === "hidden") return;
      try {
        const value = await asking.current(question ?? "", stop.signal);
        if (!stop.signal.aborted) setState({ question, value, at: Date.now() });
      } catch (error) {
        if (stop.signal.aborted) return;
        const failure = error instanceof ApiError ? error : new ApiError(0, "the answer of pimwatch could not be read");
        setState((before) => ({
          ...(before.question === question ? before : { at: 0 }),
          question,
          error: failure,
        }));
      }
      if (!stop.signal.aborted) next();
    }
    const onVisible = (): void => {
      if (document.visibilityState === "hidden") return;
      clearTimeout(timer);
      void once();
    };
    document.addEventListener("visibilitychange", onVisible);
    void once();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [question, everyMs, turn]);

  const isCurrent = state.question === question;
  return {
    value: isCurrent ? state.value : undefined,
    error: isCurrent ? state.error : undefined,
    at: state.at,
    isLoading: question !== null && !(isCurrent && (state.value !== undefined || state.error !== undefined)),
    refresh: useCallback(() => setTurn((count) => count + 1), []),
    replace: useCallback((value: T) => setState({ question, value, at: Date.now() }), [question]),
  };
}
