import type { IncomingMessage } from "node:http";
import type { Operation } from "./fault-matrix.ts";

/** The services that the app calls over HTTP. */
export type Service = "table" | "blob" | "ingest" | "token";

/** The row of the matrix that a request belongs to; undefined for what is only asked while the app starts. */
export function operationOf(service: Service, { method = "GET", url = "/" }: IncomingMessage): Operation | undefined {
  if (service === "ingest") return "ingest";
  if (service === "token") return "token";
  const path = decodeURIComponent(url.split("?")[0] ?? "");
  if (service === "blob") return method === "PUT" && /\/[0-9a-f]{64}$/.test(path) ? "blob put" : undefined;
  if (path.endsWith("/$batch")) return "transaction";
  if (/\/Tables(\(|$)/.test(path)) return undefined; // the table itself is made
  if (method === "POST") return "insert";
  if (method === "DELETE") return "delete";
  if (method === "PUT" || method === "PATCH" || method === "MERGE") return "update";
  return "list"; // the app looks up nothing by key while it takes in events
}
