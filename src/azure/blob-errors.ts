import { RestError } from "@azure/storage-blob";

/*
 * The meaning of errors from the blob service's client. As for tables, a status counts only with one of the service's own
 * codes: a proxy may answer with the same status.
 */

/** The service names the error in the body. The answer to a request for properties has no body, so it uses a header. */
export function isMissingBlob(error: unknown): boolean {
  if (!(error instanceof RestError) || error.statusCode !== 404) return false;
  return error.code === "BlobNotFound" || error.response?.headers.get("x-ms-error-code") === "BlobNotFound";
}
