import { useState } from "preact/hooks";
import type { TriageChange } from "../../core/triage/triage-change.ts";
import { ApiError, changeIncident, type ReadIncident } from "../api.ts";

/** Where on the page a change is made: its outcome is shown there. */
export type Place = "bar" | "history";

/** A change that was not stored, and why. */
interface Failure {
  readonly place: Place;
  readonly change: TriageChange;
  /** Without an error, somebody else has changed the incident. */
  readonly error?: ApiError;
}

/** Changing the open incident. */
export interface Changing {
  readonly isSending: boolean;
  readonly failure: Failure | undefined;
  /** The latest change that was stored. */
  readonly saved: { readonly place: Place; readonly comment: string } | undefined;
  send(change: TriageChange, place: Place): Promise<void>;
  /** Forgets the failure. */
  discard(): void;
}

export function useChanging(read: ReadIncident, onNewer: (newer: ReadIncident) => void): Changing {
  const [isSending, setSending] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const [saved, setSaved] = useState<Changing["saved"]>();

  async function send(change: TriageChange, place: Place): Promise<void> {
    setSending(true);
    setFailure(undefined);
    setSaved(undefined);
    try {
      const { outcome, now } = await changeIncident(read, change);
      onNewer(now);
      if (outcome === "conflict") setFailure({ place, change });
      else setSaved({ place, comment: change.comment ?? "" });
    } catch (error) {
      setFailure({
        place,
        change,
        error: error instanceof ApiError ? error : new ApiError(502, "the answer could not be read"),
      });
    } finally {
      setSending(false);
    }
  }
  return { isSending, failure, saved, send, discard: () => setFailure(undefined) };
}
