import type { ComponentChildren, VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { SECONDS_EVERY_MS } from "../core/timing.ts";
import type { ApiError } from "./api.ts";
import { shortTime } from "./format.ts";
import { Inert } from "./detail/inert.tsx";
import type { Polled } from "./use-polled.ts";

interface TroubleProps {
  readonly read: Pick<Polled<unknown>, "error" | "at" | "retryAt" | "refresh">;
  /** What the page could not read, such as `the list`. */
  readonly what: string;
  /** Further actions. */
  readonly children?: ComponentChildren;
}

/** Why something could not be read, what to do, how old the page's content is, and when the page tries again. */
export function Trouble({ read: { error, at, retryAt, refresh }, what, children }: TroubleProps): VNode | null {
  if (error === undefined) return null;
  return (
    <div class="banner is-bad trouble">
      <div role="alert">
        <Explained error={error} what={what} />
        {at > 0 && <p>What is shown is from {shortTime(at, Date.now())} UTC.</p>}
      </div>
      <div class="trouble-actions">
        {children}
        <button type="button" onClick={refresh}>
          Try again
        </button>
        {retryAt !== undefined && isPassing(error) && <Countdown key={retryAt} until={retryAt} />}
      </div>
    </div>
  );
}

/** The explanation alone: what happened, and what to do. */
export function Explained({ error, what }: { readonly error: ApiError; readonly what: string }): VNode {
  const { happened, next } = explained(error, what);
  return (
    <p>
      <strong>
        <Inert text={happened} />
      </strong>{" "}
      {next}{" "}
      {error.status === 401 && (
        // The platform asks for the sign-in and leads back to this address. A new tab keeps what was typed here.
        <a href={location.href} target="_blank" rel="noreferrer">
          Sign in again
        </a>
      )}
    </p>
  );
}

function explained({ status, message }: ApiError, what: string): { readonly happened: string; readonly next: string } {
  switch (status) {
    case 0:
      return navigator.onLine
        ? {
            happened: "pimwatch does not answer.",
            next: "Check your connection, VPN or proxy, and that the app runs.",
          }
        : { happened: "You are offline.", next: "The page goes on by itself as soon as the connection is back." };
    case 400:
    case 413:
      return { happened: `pimwatch refused this: ${message}.`, next: "Correct it, or clear the filters." };
    case 401:
      return { happened: "You are signed out.", next: "Sign in, then try again here: nothing on this page is lost." };
    case 403:
      return {
        happened: `You may not use ${what}: ${message}.`,
        next: "Sign in with another account, or ask an administrator to make you an analyst: in Microsoft Entra, Enterprise applications, pimwatch, Users and groups.",
      };
    case 404:
      return what === "the incident"
        ? {
            happened: "There is no such incident here.",
            next: "Its link may be of another deployment of pimwatch, or cut short. Compare the address with the message that you have it from, or search the list.",
          }
        : {
            happened: `This app does not serve ${what}.`,
            next: "The page is switched off, or of another version: reload it, or ask an operator for DASHBOARD_CLIENT_ID.",
          };
    case 409:
    case 412:
      return {
        happened: "Somebody else has changed the incident meanwhile.",
        next: "Read what it is now, then try again.",
      };
    case 503:
      return { happened: `pimwatch cannot read or write ${what}: ${message}.`, next: "Nothing is lost." };
    default:
      return {
        happened: `pimwatch answered with an error (${status}): ${message}.`,
        next: "If it stays, the app's log says why.",
      };
  }
}

/** Whether trying again may help without a person. */
function isPassing({ status }: ApiError): boolean {
  return status === 0 || status >= 500;
}

/** Outside the alert, so that a screen reader does not speak every second. */
function Countdown({ until }: { readonly until: number }): VNode {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), SECONDS_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return <span class="countdown">Trying again in {Math.max(0, Math.ceil((until - now) / SECONDS_EVERY_MS))} s</span>;
}
