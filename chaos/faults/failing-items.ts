import type { IncomingMessage, ServerResponse } from "node:http";
import type { Chance } from "../../local/samples/chance.ts";

/** How a receiver fails for an item, every time for the whole run. It accepts all others. */
const ITEM_FAILURES = ["500", "403", "429", "reset", "hang"] as const;
export type ItemFailure = (typeof ITEM_FAILURES)[number];

const MARK = /_fails_(500|403|429|reset|hang)$/;
const MARK_IN_JSON = /_fails_(500|403|429|reset|hang)"/;

/** The id of a record whose incident no receiver accepts. */
export function failingId(id: string, draw: Chance): string {
  return `${id}_fails_${draw.pick(ITEM_FAILURES)}`;
}

/** Whether no receiver accepts the incident of the record with this id. */
export function isFailingId(auditLogId: string): boolean {
  return MARK.test(auditLogId);
}

/** How a receiver fails for a request with this JSON text; undefined if it accepts all of it. */
export function itemFailureIn(json: string | Buffer): ItemFailure | undefined {
  const [, kind] = MARK_IN_JSON.exec(json.toString()) ?? [];
  return ITEM_FAILURES.find((failure) => failure === kind);
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** Answers a request with such an item: an error, silence until the sender gives up, or a broken connection. */
export async function failedItem(failure: ItemFailure, response: ServerResponse): Promise<Answer> {
  if (failure === "reset") response.socket?.destroy();
  if (failure === "hang") await untilClosed(response);
  const headers = { "content-type": "application/json" };
  const body = Buffer.from('{"error":{"code":"Failing","message":"this item is not accepted"}}');
  return { status: Number(failure) || 500, headers, body };
}

export async function untilClosed(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once("close", () => resolve());
  if (response.closed || response.socket?.destroyed === true) resolve();
  await promise;
}
