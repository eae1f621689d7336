import type { TableEntity } from "@azure/data-tables";

/*
 * The limits of the real Table service, checked before a request is sent. Azurite enforces few of them, so without this
 * check a row could pass every local test and fail in Azure for ever.
 * https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
 */
const MAX_ENTITY_BYTES = 1_048_576;
const MAX_PROPERTIES = 252; // 255 with PartitionKey, RowKey and Timestamp
const MAX_STRING_CHARACTERS = 32_768;
const MAX_BINARY_BYTES = 65_536;
const MAX_KEY_CHARACTERS = 512;
/** As properties, these would replace the row's keys. */
const SYSTEM_PROPERTY = /^(partitionkey|rowkey|timestamp|etag)$/i;
const PROPERTY_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
// oxlint-disable-next-line no-control-regex -- the service names these ranges
const FORBIDDEN_IN_KEY = /[/\\#?\u0000-\u001f\u007f-\u009f]/;
const INT64 = 2n ** 63n;

/** https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions */
export const MAX_TRANSACTION_ROWS = 100;
/**
 * The most that the rows of one transaction may count together. The service accepts 4 MiB of JSON in UTF-8. A character
 * that counts 2 bytes needs at most 6 there (`\\u0001`), so 1 MiB needs at most 3 MiB, and the headers of 100 parts less
 * than 0.1 MiB more.
 */
export const MAX_TRANSACTION_BYTES = 1_048_576;

/** https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities */
export const MAX_COMPARISONS = 15;
/** https://learn.microsoft.com/rest/api/storageservices/query-timeout-and-pagination */
export const MAX_PAGE_ROWS = 1_000;

/** Whether this can be a key. With any other key the service answers 400, and Azurite 500. */
export function isTableKey(key: string): boolean {
  return key.length <= MAX_KEY_CHARACTERS && !FORBIDDEN_IN_KEY.test(key) && key.isWellFormed();
}

/**
 * @returns the entity's size in bytes, as the service counts it
 * @throws {RangeError} naming the entity, the limit and the property. Rows are cut to size where they are made
 *   (`src/core/incident/incident-row.ts`), so this error is always a bug, never bad data.
 */
export function assertWithinTableLimits(entity: TableEntity<object>): number {
  const refuse = (problem: string): never => {
    throw new RangeError(`table row ${entity.partitionKey} ${entity.rowKey}: ${problem}`);
  };
  for (const key of [entity.partitionKey, entity.rowKey]) {
    if (key.length > MAX_KEY_CHARACTERS)
      refuse(`a key of ${key.length} characters, at most ${MAX_KEY_CHARACTERS} are allowed`);
    if (!isTableKey(key)) refuse("a character in a key that keys must not hold");
  }
  const properties = Object.entries(entity);
  if (properties.length - KEYS.length > MAX_PROPERTIES)
    refuse(`${properties.length - KEYS.length} properties, at most ${MAX_PROPERTIES} are allowed`);
  // The service counts 4 bytes, the keys, and for each property 8 bytes, its name and its value.
  let size = 4 + 2 * (entity.partitionKey.length + entity.rowKey.length);
  for (const [name, value] of properties) {
    if (KEYS.includes(name)) continue;
    if (!goodNames.has(name)) {
      if (!PROPERTY_NAME.test(name)) refuse(`"${name}" is not a property name`);
      if (SYSTEM_PROPERTY.test(name)) refuse(`"${name}" is a name of the service's own`);
      goodNames.add(name);
    }
    const problem = valueProblem(value);
    if (problem !== undefined) refuse(`${name}: ${problem}`);
    size += 8 + 2 * name.length + valueBytes(value);
  }
  if (size > MAX_ENTITY_BYTES) refuse(`${size} bytes, at most ${MAX_ENTITY_BYTES} are allowed`);
  return size;
}

const KEYS: readonly string[] = ["partitionKey", "rowKey"];
/** Names that were checked already: at most those of our own columns. */
const goodNames = new Set<string>();

function valueProblem(value: unknown): string | undefined {
  if (typeof value === "string" && value.length > MAX_STRING_CHARACTERS)
    return `${value.length} characters, at most ${MAX_STRING_CHARACTERS} are allowed`;
  if (typeof value === "number" && !Number.isFinite(value)) return `${value} would be stored as null`;
  if (typeof value === "bigint" && (value >= INT64 || value < -INT64)) return `${value} is beyond Int64`;
  if (value instanceof Uint8Array && value.length > MAX_BINARY_BYTES)
    return `${value.length} bytes, at most ${MAX_BINARY_BYTES} are allowed`;
  const isScalar =
    value instanceof Uint8Array || value instanceof Date || typeof value !== "object" || isTypedValue(value);
  if (!isScalar && value !== null) return "an object or array, which is no table value";
  return undefined;
}

const TYPES_OF_THE_CLIENT = ["DateTime", "Double", "Guid"] as const;

/** As the client writes a value that JavaScript has no exact type for. */
export interface TypedValue {
  readonly value: string | number;
  readonly type: (typeof TYPES_OF_THE_CLIENT)[number];
}

function isTypedValue(value: object | null): value is TypedValue {
  return value !== null && "value" in value && "type" in value && TYPES_OF_THE_CLIENT.some((one) => one === value.type);
}

function valueBytes(value: unknown): number {
  if (typeof value === "string") return 4 + 2 * value.length;
  if (value instanceof Uint8Array) return 4 + value.length;
  if (typeof value === "object" && isTypedValue(value) && value.type === "Guid") return 16;
  return typeof value === "boolean" ? 1 : 8;
}
