import { RestError } from "@azure/data-tables";
import { isRecord } from "../../core/event/event-body.ts";

/*
 * The meaning of errors from the table service's client. A 404, 409, 400 or 413 counts only if it names one of the
 * service's own codes: a proxy may answer with the same status.
 */

export function hasStatus(error: unknown, statusCode: number): boolean {
  return error instanceof RestError && error.statusCode === statusCode;
}

/** The table says that it does not have the row. A missing table, or a 404 from elsewhere, does not count. */
export function isMissingRow(error: unknown): boolean {
  const code = hasStatus(error, 404) ? codeOf(error) : undefined;
  return code !== undefined && code !== "TableNotFound";
}

/** The table does not exist yet. In local runs the app creates it at its first invocation, and a reader may come earlier. */
export function isMissingTable(error: unknown): boolean {
  return hasStatus(error, 404) && codeOf(error) === "TableNotFound";
}

/** The table says that it has the row already. */
export function isExistingRow(error: unknown): boolean {
  return hasStatus(error, 409) && codeOf(error) === "EntityAlreadyExists";
}

/**
 * Codes with which the service refuses the rows of a request: it would refuse the same rows again.
 * https://learn.microsoft.com/rest/api/storageservices/table-service-error-codes
 */
const DATA_CODES: ReadonlySet<string> = new Set([
  "ContentLengthExceeded",
  "EntityTooLarge",
  "InvalidInput",
  "InvalidValueType",
  "KeyValueTooLarge",
  "OutOfRangeInput",
  "PropertiesNeedValue",
  "PropertyNameInvalid",
  "PropertyNameTooLong",
  "PropertyValueTooLarge",
  "RequestBodyTooLarge",
  "TooManyProperties",
]);

/** If the table refuses these rows for good, its answer as text for a person. Undefined for any other error. */
export function dataRefusal(error: unknown): string | undefined {
  if (!hasStatus(error, 400) && !hasStatus(error, 413)) return undefined;
  const code = codeOf(error);
  return code !== undefined && DATA_CODES.has(code) ? `Table Storage answered ${code}` : undefined;
}

/** The SDK keeps the code of a single call in the details, and that of a transaction beside the message. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof RestError)) return undefined;
  const odataError = isRecord(error.details) ? error.details["odataError"] : undefined;
  const code = isRecord(odataError) ? odataError["code"] : error.code;
  return typeof code === "string" ? code : undefined;
}
