import * as z from "zod/mini";
import { contentHash } from "../../core/json/content-hash.ts";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { PRIORITIES } from "../../core/pim-settings/priority.ts";
import { LIST_BUDGET_MS } from "../../core/timing.ts";
import type { IncidentQuery } from "../../core/triage/incident-filters.ts";
import { type IncidentPage, type ListRequest, type PageRequest, rowTest } from "../../core/triage/incident-query.ts";
import { urgencyOf } from "../../core/triage/urgency.ts";

export interface ListDependencies {
  /** Rules whose incidents are listed; each has a partition of its own. */
  ruleIds(): Promise<readonly string[]>;
  readonly pages: { page(request: PageRequest): Promise<IncidentPage | "refused"> };
  readonly now: () => Date;
}

export interface IncidentList {
  readonly rows: readonly IncidentRow[];
  /** For the next request. Undefined if there is nothing more; otherwise there may be more. */
  readonly continuation: string | undefined;
}

export interface ListBudget {
  /** A search that takes longer answers with the rows found so far and where to go on. */
  readonly milliseconds: number;
  readonly columns?: readonly string[];
}

/** The limit of the service, for the fewest requests when few rows match. */
const LARGEST_PAGE = 1_000;

/**
 * So many incidents of a priority are sorted by urgency together. The service sorts by time alone, so they must be read
 * whole; if a priority has more, its newest come first, and the next so many follow. Two pages of the service.
 */
export const SORTED_TOGETHER = 2_000;

/**
 * A page of incidents over all rules, newest activity first, or most urgent first: by priority, then by `urgencyOf`.
 *
 * The service sorts the rows of a rule by time; this function merges several rules. A page may have fewer rows than asked
 * for, even none, and still have a continuation: each request searches only for a limited time.
 *
 * @returns "refused" for a continuation of another query
 */
export async function listIncidents(
  request: ListRequest,
  deps: ListDependencies,
  budget: ListBudget = { milliseconds: LIST_BUDGET_MS },
): Promise<IncidentList | "refused"> {
  const passes = passesOf(request);
  const queryHash = contentHash(JSON.parse(JSON.stringify([request.query, request.order])));
  const begin = request.continuation === undefined ? START : readContinuation(request.continuation, queryHash);
  if (begin === undefined || begin.pass >= passes.length) return "refused";
  const until = deps.now().getTime() + budget.milliseconds;
  const ruleIds = await deps.ruleIds();
  const readPart = request.order === "priority" ? mostUrgent : newest;
  const rows: IncidentRow[] = [];
  let position = begin;
  while (position.pass < passes.length && rows.length < request.limit) {
    const search = { query: passes[position.pass] ?? {}, limit: request.limit - rows.length, until, budget, ruleIds };
    const part = await readPart(search, position, deps);
    if (part === "refused") return "refused";
    rows.push(...part.rows);
    const isLastPass = position.pass === passes.length - 1;
    if (part.more !== undefined) position = { pass: position.pass, ...part.more };
    else if (isLastPass) return { rows, continuation: undefined };
    else position = { ...START, pass: position.pass + 1 };
    if (part.more !== undefined && deps.now().getTime() > until) break;
  }
  return { rows, continuation: writeContinuation(position, queryHash) };
}

function passesOf({ query, order }: ListRequest): IncidentQuery[] {
  if (order === "newest") return [query];
  const wanted = query.priority ?? PRIORITIES;
  return PRIORITIES.filter((priority) => wanted.includes(priority)).map((priority) => ({
    ...query,
    priority: [priority],
  }));
}

/** Position in time: behind a key in all rules, and further in the rules named here. */
interface Place {
  readonly after?: string | undefined;
  readonly rules: Readonly<Record<string, RulePlace>>;
}

/** Position of a pass. */
interface PassPlace extends Place {
  /** Present while the incidents from this place on are sorted, and some of them were listed. */
  readonly sorted?: Sorted | undefined;
}

/** Incidents that are sorted together, and listed over several pages. */
interface Sorted {
  /** The key of the last of them in time. It stays, whatever is added or closed meanwhile. */
  readonly through: string;
  /** The last one that was listed. */
  readonly listed: string;
  /** Where the incidents after them begin; null if there are none. */
  readonly next: Place | null;
}

interface RulePlace {
  readonly after?: string | undefined;
  /** A row that matches and was not listed yet. The rule goes on with it. */
  readonly from?: string | undefined;
  readonly token?: string | undefined;
  readonly done?: true | undefined;
}

interface Position extends PassPlace {
  readonly pass: number;
}

/** What one pass found, and its position after that; undefined at its end. */
interface Part {
  readonly rows: readonly IncidentRow[];
  readonly more: PassPlace | undefined;
}

const START: Position = { pass: 0, rules: {} };

interface Search {
  readonly query: IncidentQuery;
  readonly limit: number;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly budget: ListBudget;
  readonly ruleIds: readonly string[];
  /** No rows behind this key. */
  readonly through?: string;
}

async function newest(search: Search, from: PassPlace, deps: ListDependencies): Promise<Part | "refused"> {
  const read = await merge(search, from, deps);
  return read === "refused" ? read : { rows: read.rows.map(({ row }) => row), more: read.more };
}

/**
 * Reads the incidents that are sorted together, and lists those behind the last listed one. It reads them again for each
 * page of them, without a limit of time: the first time, they were read within it.
 */
async function mostUrgent(search: Search, from: PassPlace, deps: ListDependencies): Promise<Part | "refused"> {
  const { sorted } = from;
  const read = await merge(
    sorted === undefined
      ? { ...search, limit: SORTED_TOGETHER }
      : { ...search, limit: Infinity, until: Infinity, through: sorted.through },
    from,
    deps,
  );
  if (read === "refused") return read;
  const next = sorted === undefined ? read.more : (sorted.next ?? undefined);
  const waiting = read.rows
    .map(({ key, row }) => ({ row, rank: `${urgencyOf(row)}|${key}` }))
    .filter(({ rank }) => rank > (sorted?.listed ?? ""))
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1));
  const listed = waiting.slice(0, search.limit);
  const [last, through] = [listed.at(-1), sorted?.through ?? read.rows.at(-1)?.key];
  const rows = listed.map(({ row }) => row);
  if (listed.length === waiting.length || last === undefined || through === undefined) return { rows, more: next };
  const { after, rules } = from;
  return { rows, more: { after, rules, sorted: { through, listed: last.rank, next: next ?? null } } };
}

interface Stream {
  readonly ruleId: string;
  /** Where to go on after the waiting rows. */
  place: RulePlace;
  readonly waiting: { readonly key: string; readonly row: IncidentRow }[];
}

/** Takes the smallest key of all rules repeatedly, after reading more of each rule that has no row waiting. */
async function merge(
  { query, limit, until, budget, ruleIds, through }: Search,
  from: Place,
  { pages, now }: ListDependencies,
): Promise<{ rows: IncidentPage["rows"]; more: Place | undefined } | "refused"> {
  const streams: Stream[] = ruleIds.map((ruleId) => ({
    ruleId,
    place: from.rules[ruleId] ?? { after: from.after },
    waiting: [],
  }));
  const passes = rowTest(query)?.passes;
  const size = passes === undefined && budget.columns === undefined ? Math.min(limit, LARGEST_PAGE) : LARGEST_PAGE;
  const rows: { readonly key: string; readonly row: IncidentRow }[] = [];
  let after = from.after;
  let asked = false;
  for (;;) {
    const hungry = streams.filter(({ waiting, place }) => waiting.length === 0 && place.done !== true);
    if (rows.length >= limit || (hungry.length > 0 && asked && now().getTime() > until)) break;
    if (hungry.length > 0) {
      const answers = await Promise.all(
        hungry.map(({ ruleId, place }) =>
          pages.page({ ruleId, query, size, through, columns: budget.columns, ...asPlace(place) }),
        ),
      );
      asked = true;
      for (const [index, answer] of answers.entries()) {
        if (answer === "refused") return "refused";
        const stream = hungry[index];
        if (stream !== undefined) take(stream, answer, passes);
      }
      continue;
    }
    const next = streams
      .filter(({ waiting }) => waiting.length > 0)
      .reduce<Stream | undefined>((least, stream) => (isBefore(stream, least) ? stream : least), undefined);
    const first = next?.waiting.shift();
    if (first === undefined) return { rows, more: undefined };
    rows.push(first);
    after = first.key;
  }
  const isOver = streams.every(({ waiting, place }) => waiting.length === 0 && place.done === true);
  if (isOver) return { rows, more: undefined };
  const places = streams.map(({ ruleId, place, waiting }) => [ruleId, nextPlace(place, waiting[0]?.key)] as const);
  const further = places.filter(([, place]) => isFurther(place, after));
  return { rows, more: { after, rules: Object.fromEntries(further) } };
}

/**
 * A waiting row is read again from its own key, not from an earlier row. The rows before it may take several requests to
 * search, and two rules that each search again would never have a row at the same time.
 */
function nextPlace(place: RulePlace, waitingKey: string | undefined): RulePlace {
  return waitingKey === undefined ? place : { from: waitingKey };
}

function take(stream: Stream, { rows, token }: IncidentPage, passes?: (row: IncidentRow) => boolean): void {
  stream.waiting.push(...rows.filter(({ row }) => passes === undefined || passes(row)));
  const last = rows.at(-1);
  const { after, from } = last === undefined ? stream.place : { after: last.key, from: undefined };
  stream.place = token === undefined ? { after, from, done: true } : { after, from, token };
}

function asPlace({ after, from, token }: RulePlace): Pick<PageRequest, "after" | "from" | "token"> {
  return { after, from, token };
}

function isFurther({ after, from, token, done }: RulePlace, than: string | undefined): boolean {
  return done === true || token !== undefined || from !== undefined || (after ?? "") > (than ?? "");
}

function isBefore(stream: Stream, other: Stream | undefined): boolean {
  return other === undefined || (stream.waiting[0]?.key ?? "") < (other.waiting[0]?.key ?? "");
}

const PLACE = z.strictObject({
  after: z.optional(z.string()),
  from: z.optional(z.string()),
  token: z.optional(z.string()),
  done: z.optional(z.literal(true)),
});
const AT = { after: z.optional(z.string()), rules: z.record(z.string(), PLACE) };
const SORTED = z.strictObject({ through: z.string(), listed: z.string(), next: z.nullable(z.strictObject(AT)) });
const CONTINUATION = z.strictObject({
  query: z.string(),
  pass: z.int().check(z.gte(0), z.lte(PRIORITIES.length)),
  ...AT,
  sorted: z.optional(SORTED),
});

function writeContinuation(position: Position, query: string): string {
  return Buffer.from(JSON.stringify({ query, ...position })).toString("base64url");
}

/** It comes from outside, so any other form, or one of another query, is refused. */
function readContinuation(text: string, query: string): Position | undefined {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const parsed = CONTINUATION.safeParse(json);
  if (!parsed.success || parsed.data.query !== query) return undefined;
  const { query: _query, ...position } = parsed.data;
  return position;
}
