import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { LIST_EVERY_MS as RETRY_EVERY_MS } from "../core/timing.ts";
import { ApiError } from "./api.ts";

export interface Polled<T> {
  /** The last answer to the current question; undefined before the first. */
  readonly value: T | undefined;
  /** Why the last attempt failed, if it did; then the value is older. */
  readonly error: ApiError | undefined;
  /** When the value arrived, in milliseconds since 1970. */
  readonly at: number;
  readonly isLoading: boolean;
  /** After a failure, when it is asked again; milliseconds since 1970. */
  readonly retryAt: number | undefined;
  refresh(): void;
  /** Replaces the value with a newer one, such as the answer to a change. */
  replace(value: T): void;
}

interface Known<T> {
  readonly question: string | null;
  readonly value?: T;
  readonly error?: ApiError;
  readonly retryAt?: number;
  readonly at: number;
}

/** A failed question is asked again no sooner than this, whatever the app wishes, and no later than RETRY_EVERY_MS. */
const SOONEST_RETRY_MS = 1_000;

/**
 * Asks regularly while the page is visible, and at once when the question changes, the page becomes visible again or the connection comes back.
 *
 * @param question as text; null to ask nothing
 */
export function usePolled<T>(
  question: string | null,
  ask: (question: string, signal: AbortSignal) => Promise<T>,
  everyMs: number,
): Polled<T> {
  const [state, setState] = useState<Known<T>>({
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
    const next = (afterMs: number): void => {
      timer = setTimeout(() => void once(), afterMs);
    };
    async function once(): Promise<void> {
      if (document.visibilityState === "hidden") return;
      try {
        const value = await asking.current(question ?? "", stop.signal);
        if (stop.signal.aborted) return;
        setState({ question, value, at: Date.now() });
        next(everyMs);
      } catch (error) {
        if (stop.signal.aborted) return;
        const failure = error instanceof ApiError ? error : new ApiError(502, "the answer could not be read");
        const retryMs = Math.max(SOONEST_RETRY_MS, Math.min(failure.retryAfterMs ?? Infinity, everyMs, RETRY_EVERY_MS));
        setState((before) => ({
          ...(before.question === question ? before : { at: 0 }),
          question,
          error: failure,
          retryAt: Date.now() + retryMs,
        }));
        next(retryMs);
      }
    }
    const again = (): void => {
      if (document.visibilityState === "hidden") return;
      clearTimeout(timer);
      void once();
    };
    document.addEventListener("visibilitychange", again);
    addEventListener("online", again);
    addEventListener("offline", again); // fails at once, and says so
    void once();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", again);
      removeEventListener("online", again);
      removeEventListener("offline", again);
    };
  }, [question, everyMs, turn]);

  const isCurrent = state.question === question;
  return {
    value: isCurrent ? state.value : undefined,
    error: isCurrent ? state.error : undefined,
    retryAt: isCurrent ? state.retryAt : undefined,
    at: isCurrent && state.value !== undefined ? state.at : 0,
    isLoading: question !== null && !(isCurrent && (state.value !== undefined || state.error !== undefined)),
    refresh: useCallback(() => setTurn((count) => count + 1), []),
    replace: useCallback((value: T) => setState({ question, value, at: Date.now() }), [question]),
  };
}

/** The last value that was there, so that choices stay while a new question is asked. */
export function useLast<T>(value: T | undefined): T | undefined {
  const last = useRef(value);
  if (value !== undefined) last.current = value;
  return last.current;
}
