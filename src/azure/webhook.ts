import { valueText } from "../core/value-text.ts";
import type { IncidentRow } from "../core/incident/incident-row.ts";
import { webhookMessage, type WebhookFormat } from "../core/incident/webhook-message.ts";
import { DependencyError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { CALL_TIMEOUT_MS, inTime } from "./calls.ts";

/** The part of `fetch` that this file uses. */
export type Post = (
  url: string,
  request: { method: "POST"; headers: Record<string, string>; body: string; redirect: "error"; signal: AbortSignal },
) => Promise<Pick<Response, "status" | "body">>;

export interface WebhookOptions {
  readonly url: string | undefined;
  readonly format: WebhookFormat;
}

export type PostOutcome =
  | { readonly outcome: "accepted" }
  /** It will be refused again, however often it is sent. */
  | { readonly outcome: "refused"; readonly reason: string };

const SERVICE = "Webhook";
/** What is wrong with the message itself; other answers may change when somebody sets things right. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** Tells a webhook of new incidents. Its address is a secret, and stands in no error. */
export function webhook(post: Post, { url, format }: WebhookOptions) {
  async function send(row: IncidentRow, timeoutMs: number): Promise<number> {
    if (url === undefined) throw new DependencyError(SERVICE, "the Key Vault reference of WEBHOOK_URL is not resolved");
    const headers = {
      "content-type": "application/json",
      "user-agent": `pimwatch/${VERSION}`,
      "idempotency-key": valueText(row["IncidentId"]),
    };
    const body = webhookMessage(row, format);
    return inTime(SERVICE, timeoutMs, async ({ abortSignal: signal }) => {
      try {
        const answer = await post(url, { method: "POST", headers, body, redirect: "error", signal });
        await answer.body?.cancel();
        return answer.status;
      } catch (error) {
        throw new DependencyError(SERVICE, `cannot be reached${codeOf(error)}`); // without a cause: its text may hold the address
      }
    });
  }

  return {
    /**
     * Sends one incident in one request, with its id as `Idempotency-Key`.
     *
     * @throws {DependencyError} when it is unknown whether it was taken, or it was not and may be later
     */
    async post(row: IncidentRow, timeoutMs = CALL_TIMEOUT_MS): Promise<PostOutcome> {
      const status = await send(row, timeoutMs);
      if (status >= 200 && status < 300) return { outcome: "accepted" };
      if (REFUSALS.has(status)) return { outcome: "refused", reason: `answered ${status}` };
      throw new DependencyError(SERVICE, `answered ${status}`);
    },
  };
}

/** `ECONNREFUSED` and its like, which name no address. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" && /^[A-Z0-9_]+$/.test(code) ? ` (${code})` : "";
}
