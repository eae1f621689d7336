import { valueText } from "../../core/value-text.ts";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import type { SendOutcome } from "../../core/incident/sinks.ts";
import { webhookMessage, type WebhookFormat } from "../../core/incident/webhook-message.ts";
import { DependencyError } from "../../errors.ts";
import { MACHINE } from "../../machine.ts";
import { VERSION } from "../../version.ts";
import { CALL_TIMEOUT_MS } from "../../core/timing.ts";
import { inTime } from "../calls.ts";

/** The part of `fetch` that this file uses. */
export type Request = (
  url: string,
  how: { method: "POST"; headers: Record<string, string>; body: string; redirect: "error"; signal: AbortSignal },
) => Promise<Pick<Response, "status" | "body">>;

export interface WebhookOptions {
  readonly url: string | undefined;
  readonly format: WebhookFormat;
}

const SERVICE = "Webhook";
/** Answers that blame the message itself. Other answers may change once somebody fixes the receiver. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** Posts new incidents to a webhook. Its URL is a secret, so no error contains it. */
export function webhook(request: Request, { url, format }: WebhookOptions, machine = MACHINE) {
  async function post(row: IncidentRow, timeoutMs: number): Promise<number> {
    if (url === undefined) throw new DependencyError(SERVICE, "the Key Vault reference of WEBHOOK_URL is not resolved");
    const headers = {
      "content-type": "application/json",
      "user-agent": `pimwatch/${VERSION}`,
      "idempotency-key": valueText(row["IncidentId"]),
    };
    const body = webhookMessage(row, format);
    const call = async ({ abortSignal: signal }: { abortSignal: AbortSignal }): Promise<number> => {
      try {
        const answer = await request(url, { method: "POST", headers, body, redirect: "error", signal });
        await answer.body?.cancel();
        return answer.status;
      } catch (error) {
        throw new DependencyError(SERVICE, `cannot be reached${codeOf(error)}`); // without a cause: its text may hold the address
      }
    };
    return inTime(SERVICE, timeoutMs, call, machine);
  }

  return {
    /** Sends a pack of one incident, with its id as `Idempotency-Key`: see `Send`. */
    async send([row]: readonly IncidentRow[], timeoutMs = CALL_TIMEOUT_MS): Promise<SendOutcome> {
      if (row === undefined) return { outcome: "accepted" };
      const status = await post(row, timeoutMs);
      if (status >= 200 && status < 300) return { outcome: "accepted" };
      if (REFUSALS.has(status)) return { outcome: "refused", reason: `answered ${status}` };
      throw new DependencyError(SERVICE, `answered ${status}`);
    },
  };
}

/** A code such as `ECONNREFUSED`, which names no address. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" && /^[A-Z0-9_]+$/.test(code) ? ` (${code})` : "";
}
