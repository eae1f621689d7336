import { RestError, type TransactionAction } from "@azure/data-tables";
import type { TableAccess } from "../../src/azure/tables/table-rows.ts";

/**
 * What becomes of a call: `refused` has no effect, `lost` has and does not say so, `repeated` has, and what is said is
 * what the SDK's second try was told after the answer to the first had been lost.
 */
export type TableFault = "refused" | "lost" | "repeated";

export interface MemoryTableOptions {
  /** Rows to a page. */
  readonly pageSize?: number;
  /** Asked before each call; whoever waits here lets others go first. */
  readonly before?: (operation: string) => Promise<TableFault | undefined>;
  /** The error with which the table answers to a write of this row, if any. */
  readonly unwilling?: (properties: Properties) => RestError | undefined;
}

/** The way of a call to the table: does something around its effect, or instead of it. */
export type TableCall = <Result>(operation: string, effect: () => Result) => Promise<Result>;

type Properties = Readonly<Record<string, unknown>>;
interface Query {
  readonly filter?: string;
  readonly select?: string[];
}
interface Row {
  readonly properties: Properties;
  readonly etag: string;
}
type Rows = Map<string, Row>;

/**
 * A table in memory, as the SDK's client shows one, for tests that make far more calls than an emulator can take. What
 * it does is held to what Azurite does by test/azure/tables/table-contract.test.ts.
 *
 * It is stricter than Azurite in one thing: like the real service, it refuses a filter of more than 15 comparisons.
 *
 * It does not imitate: limits of size and keys, types beyond those that the app uses, filters other than
 * comparisons joined by `and`, and groups of them by `or`, several tables.
 */
export function memoryTable({
  pageSize = 1_000,
  before = () => Promise.resolve(undefined),
  unwilling = () => undefined,
}: MemoryTableOptions = {}) {
  let rows: Rows = new Map();
  let version = 0;
  let exists = false;

  function put(target: Rows, properties: Properties): string {
    const error = unwilling(properties);
    if (error !== undefined) throw error;
    version += 1;
    const etag = `W/"${version}"`;
    target.set(keyOf(properties), { properties: kept(properties), etag });
    return etag;
  }

  function demand(target: Rows, properties: Properties, etag: string): Row {
    const row = target.get(keyOf(properties));
    if (row === undefined) throw refusal(404, "ResourceNotFound");
    if (etag !== "*" && etag !== row.etag) throw refusal(412, "UpdateConditionNotSatisfied");
    return row;
  }

  function create(target: Rows, properties: Properties): string {
    if (target.has(keyOf(properties))) throw refusal(409, "EntityAlreadyExists");
    return put(target, properties);
  }

  function upsert(target: Rows, properties: Properties, mode: string): string {
    const earlier = mode === "Replace" ? undefined : target.get(keyOf(properties));
    return put(target, { ...earlier?.properties, ...properties });
  }

  function update(target: Rows, properties: Properties, { mode, etag }: { mode: string; etag: string }): string {
    const row = demand(target, properties, etag);
    return put(target, mode === "Replace" ? properties : { ...row.properties, ...properties });
  }

  function remove(target: Rows, properties: Properties, etag: string): void {
    demand(target, properties, etag);
    target.delete(keyOf(properties));
  }

  function apply(target: Rows, [kind, properties, ...rest]: Properties[] & TransactionAction): void {
    const [mode, options] = rest.length > 0 && typeof rest[0] === "string" ? [rest[0], rest[1]] : ["Merge", rest[0]];
    const etag = etagOf(options);
    if (kind === "create") create(target, properties);
    else if (kind === "upsert") upsert(target, properties, mode);
    else if (kind === "update") update(target, properties, { mode, etag });
    else remove(target, properties, etag);
  }

  function transact(actions: readonly TransactionAction[]) {
    if (actions.length > 100) throw new RestError("100 changes at most", { statusCode: 400, code: "InvalidInput" });
    const copy = new Map(rows);
    const named = new Set<string>();
    for (const [index, action] of actions.entries()) {
      try {
        if (named.has(keyOf(action[1]))) throw refusal(400, "InvalidDuplicateRow");
        named.add(keyOf(action[1]));
        apply(copy, action as Properties[] & TransactionAction);
      } catch (error) {
        throw error instanceof RestError ? inTransaction(error, index) : error;
      }
    }
    rows = copy;
    return { status: 202, subResponses: actions.map(() => ({ status: 204 })) };
  }

  async function* pages(call: TableCall, { filter = "", select }: Query, { from = "", size = pageSize } = {}) {
    const matches = matcher(filter);
    const isTooLong = comparisonsIn(filter) > MAX_COMPARISONS;
    for (let token = from; ;) {
      const page = await call("list", () => {
        if (isTooLong) throw refusal(400, "InvalidInput");
        const found = [...rows]
          .filter(([key, { properties }]) => key > token && matches(properties))
          .toSorted(([a], [b]) => (a < b ? -1 : 1));
        const some = found.slice(0, size);
        const shown = some.map(([, row]) => shownRow(row, select));
        return Object.assign(shown, { continuationToken: found.length > size ? some.at(-1)?.[0] : undefined });
      });
      yield page;
      if (page.continuationToken === undefined) return;
      token = page.continuationToken;
    }
  }

  const disturbed: TableCall = async (operation, effect) => {
    const fault = await before(operation);
    if (fault === "refused") throw serverBusy();
    if (fault === "repeated") quietly(effect);
    const result = effect();
    if (fault === "lost") throw connectionLost();
    return result;
  };

  /** A client whose calls go this way. Several may have the same table. */
  function clientWith(way: TableCall): TableAccess {
    const call: TableCall = (operation, effect) =>
      way(operation, () => {
        if (!exists) throw refusal(404, "TableNotFound");
        return effect();
      });
    const access = {
      createTable: () => {
        exists = true;
        return Promise.resolve();
      },
      createEntity: (entity: Properties) => call("create", () => ({ etag: create(rows, entity) })),
      upsertEntity: (entity: Properties, mode = "Merge") =>
        call("upsert", () => ({ etag: upsert(rows, entity, mode) })),
      updateEntity: (entity: Properties, mode = "Merge", options?: unknown) =>
        call("update", () => ({ etag: update(rows, entity, { mode, etag: etagOf(options) }) })),
      deleteEntity: (partitionKey: string, rowKey: string, options?: unknown) =>
        call("delete", () => remove(rows, { partitionKey, rowKey }, etagOf(options))),
      getEntity: (partitionKey: string, rowKey: string) =>
        call("get", () => shownRow(demand(rows, { partitionKey, rowKey }, "*"))),
      submitTransaction: (actions: readonly TransactionAction[]) => call("transaction", () => transact(actions)),
      listEntities: ({ queryOptions = {} }: { queryOptions?: Query } = {}) => ({
        byPage: ({ continuationToken = "", maxPageSize = pageSize } = {}) =>
          pages(call, queryOptions, { from: continuationToken, size: Math.min(pageSize, maxPageSize) }),
        async *[Symbol.asyncIterator]() {
          for await (const page of pages(call, queryOptions)) yield* page;
        },
      }),
    };
    return access as unknown as TableAccess;
  }

  return {
    client: clientWith(disturbed),
    clientWith,
    /** Every row as it is, past all faults. */
    rows: (): Properties[] => [...rows.values()].map(({ properties }) => properties),
    /** Takes a row away, as by another hand. */
    drop: (partitionKey: string, rowKey: string): boolean => rows.delete(keyOf({ partitionKey, rowKey })),
  };
}

function keyOf({ partitionKey, rowKey }: Properties): string {
  return `${String(partitionKey)}\0${String(rowKey)}`;
}

function etagOf(options: unknown): string {
  return typeof options === "object" && options !== null && "etag" in options ? String(options.etag) : "*";
}

function kept(properties: Properties): Properties {
  const entries = Object.entries(properties).filter(([, value]) => {
    return value !== undefined && value !== null && !(typeof value === "number" && !Number.isFinite(value));
  });
  return Object.fromEntries(entries.map(([name, value]) => [name, copied(value)]));
}

/** `structuredClone` takes long, even of a number. */
function copied(value: unknown): unknown {
  return typeof value === "object" ? structuredClone(value) : value;
}

/** The two key properties are asked for by the service's names and come under the SDK's. */
function shownRow({ properties, etag }: Row, select?: readonly string[]): Properties {
  const names = select?.map(propertyOf).filter((name) => name in properties) ?? Object.keys(properties);
  return { ...Object.fromEntries(names.map((name) => [name, asShown(properties[name])])), etag };
}

/** The client gives bytes as a Buffer. */
function asShown(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : copied(value);
}

/** The SDK's name of a property of the service. */
function propertyOf(name: string): string {
  if (name === "PartitionKey") return "partitionKey";
  return name === "RowKey" ? "rowKey" : name;
}

const LITERAL = String.raw`'(?:[^']|'')*'|true|false`;
const COMPARISON = String.raw`\w+ (?:eq|ne|gt|ge|lt|le) (?:${LITERAL})`;
const PARTS = new RegExp(String.raw`(\w+) (eq|ne|gt|ge|lt|le) (${LITERAL})`, "g");
/** One comparison, or several of which one has to hold. */
const CONDITION = new RegExp(String.raw`(?:(${COMPARISON})|\((${COMPARISON}(?: or ${COMPARISON})*)\))(?: and |$)`, "y");
/** https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities */
const MAX_COMPARISONS = 15;

/** How many comparisons a filter makes. */
export function comparisonsIn(filter: string): number {
  return [...filter.matchAll(PARTS)].length;
}

function matcher(filter: string): (properties: Properties) => boolean {
  const conditions: ((properties: Properties) => boolean)[] = [];
  CONDITION.lastIndex = 0;
  while (CONDITION.lastIndex < filter.length) {
    const [, single, several] = CONDITION.exec(filter) ?? unknownFilter(filter);
    const alternatives = [...(single ?? several ?? "").matchAll(PARTS)].map(comparison);
    conditions.push((properties) => alternatives.some((holds) => holds(properties)));
  }
  return (properties) => conditions.every((condition) => condition(properties));
}

function comparison([, name = "", operator, literal = ""]: readonly string[]) {
  const property = propertyOf(name);
  const wanted = literal.startsWith("'") ? literal.slice(1, -1).replaceAll("''", "'") : literal === "true";
  return (properties: Properties): boolean => {
    const value = properties[property];
    if (typeof value !== typeof wanted) return false;
    if (operator === "eq" || operator === "ne") return (value === wanted) === (operator === "eq");
    const [one, other] = [String(value), String(wanted)];
    if (operator === "gt") return one > other;
    if (operator === "ge") return one >= other;
    return operator === "lt" ? one < other : one <= other;
  };
}

function unknownFilter(filter: string): never {
  throw new TypeError(`this table cannot read the filter ${filter}`);
}

/** As the SDK tells of one call that was refused. */
export function refusal(statusCode: number, code: string): RestError {
  const error = new RestError(code, { statusCode });
  error.details = { odataError: { code } };
  return error;
}

/** As the SDK tells of a transaction: by its first action that cannot be done, without details. */
function inTransaction(error: RestError, index: number): RestError {
  const { odataError } = error.details as { odataError: { code: string } };
  return new RestError(`${index}:${odataError.code}`, { statusCode: error.statusCode ?? 0, code: odataError.code });
}

/** As the SDK tells of a service that is overloaded. */
export function serverBusy(): RestError {
  return new RestError("the server is busy", { statusCode: 503, code: "ServerBusy" });
}

/** As the SDK tells of an answer that got lost. */
export function connectionLost(): RestError {
  return new RestError("socket hang up", { code: "REQUEST_SEND_ERROR" });
}

function quietly(effect: () => unknown): void {
  try {
    effect();
  } catch {
    // The first try was refused, too.
  }
}
