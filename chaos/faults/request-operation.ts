import type { IncomingMessage } from "node:http";
import type { Operation } from "./fault-matrix.ts";

/** The services that the app calls over HTTP. */
export type Service = "table" | "blob" | "ingest" | "token";

/** The matrix row of a request; undefined for requests made only at the app's start. */
export function operationOf(service: Service, { method = "GET", url = "/" }: IncomingMessage): Operation | undefined {
  if (service === "ingest") return "ingest";
  if (service === "token") return "token";
  const path = decodeURIComponent(url.split("?")[0] ?? "");
  if (service === "blob") return method === "PUT" && /\/[0-9a-f]{64}$/.test(path) ? "blob put" : undefined;
  if (path.endsWith("/$batch")) return "transaction";
  if (/\/Tables(\(|$)/.test(path)) return undefined; // creation of the table itself
  if (method === "POST") return "insert";
  if (method === "DELETE") return "delete";
  if (method === "PUT" || method === "PATCH" || method === "MERGE") return "update";
  return "list"; // or a look-up by key, which is a read too
}
