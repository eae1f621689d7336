import fc from "fast-check";
import { expect, test } from "vitest";
import type { IncidentPage, ListRequest, PageRequest } from "../../../src/core/triage/incident-query.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { urgencyOf } from "../../../src/core/triage/urgency.ts";
import { listIncidents, SORTED_TOGETHER } from "../../../src/workflows/incidents/list-incidents.ts";

const NOW = new Date("2026-11-23T12:00:00Z");

interface Entry {
  readonly ruleId: string;
  readonly key: string;
  readonly priority: string;
  readonly tier?: string;
  readonly weakened?: number;
}

function rowOf({ key, priority, tier = "standard", weakened = 0 }: Entry) {
  return { IncidentId: key, Priority: priority, RoleTier: tier, WeakenedSettings: weakened };
}

/** The service at its worst: a page may end anywhere, even empty, and a token says where the next one begins. */
function pagesOf(entries: readonly Entry[], scanned: number) {
  const asked: PageRequest[] = [];
  return {
    asked,
    page(request: PageRequest): Promise<IncidentPage | "refused"> {
      const { ruleId, query, after = "", from = "", through = "~", token = "", size } = request;
      asked.push({ ruleId, query, after, from, token, size });
      if (token !== "" && !token.startsWith("from ")) return Promise.resolve("refused");
      const begin = token.slice("from ".length);
      const ofRule = entries
        .filter((entry) => entry.ruleId === ruleId)
        .toSorted((a, b) => (a.key < b.key ? -1 : 1))
        .filter(({ key }) => key > after && key >= from && key >= begin && key <= through);
      const looked = ofRule.slice(0, Math.min(scanned, size));
      const next = ofRule[looked.length];
      const wanted = looked.filter(
        ({ priority }) => query.priority === undefined || query.priority.some((one) => one === priority),
      );
      const rows = wanted.map((entry) => ({ key: entry.key, row: rowOf(entry) }));
      return Promise.resolve({ rows, token: next === undefined ? undefined : `from ${next.key}` });
    },
  };
}

async function all(request: Omit<ListRequest, "continuation">, entries: readonly Entry[], scanned: number, ms = 1_000) {
  const ruleIds = () => Promise.resolve([...new Set(entries.map(({ ruleId }) => ruleId))]);
  const pages = pagesOf(entries, scanned);
  const found: unknown[] = [];
  const sizes: number[] = [];
  let continuation: string | undefined;
  let time = NOW.getTime();
  // Each reading of the clock takes a while, so that a search runs out of time.
  const now = (): Date => new Date((time += 400));
  for (let turn = 0; turn < 1_000; turn += 1) {
    const list = await listIncidents({ ...request, continuation }, { ruleIds, pages, now }, { milliseconds: ms });
    if (list === "refused") throw new Error("refused its own continuation");
    found.push(...list.rows.map((row) => row["IncidentId"]));
    sizes.push(list.rows.length);
    continuation = list.continuation;
    if (continuation === undefined) return { found, sizes };
  }
  throw new Error("does not end");
}

test("the first page of very many incidents reads each rule once, and no more rows than it shows", async () => {
  const entries = Array.from({ length: 5_000 }, (_, index) => ({
    ruleId: index % 2 === 0 ? "r1" : "r2",
    key: String(index).padStart(6, "0"),
    priority: "P3",
  }));
  const pages = pagesOf(entries, 1_000);
  const deps = { ruleIds: () => Promise.resolve(["r1", "r2"]), pages, now: () => NOW };
  const list = await listIncidents({ query: {}, order: "newest", limit: 100 }, deps);
  if (list === "refused") throw new Error("refused");
  expect(list.rows.map((listed) => listed["IncidentId"])).toEqual(entries.slice(0, 100).map(({ key }) => key));
  expect(pages.asked.map(({ ruleId, size }) => ({ ruleId, size }))).toEqual([
    { ruleId: "r1", size: 100 },
    { ruleId: "r2", size: 100 },
  ]);
});

const entriesArbitrary = fc
  .uniqueArray(fc.string({ unit: fc.constantFrom("a", "b", "c", "d"), minLength: 1, maxLength: 6 }), { maxLength: 40 })
  .chain((keys) =>
    fc.tuple(
      ...keys.map((key) =>
        fc.record({
          key: fc.constant(key),
          ruleId: fc.constantFrom("r1", "r2", "r3"),
          priority: fc.constantFrom("P1", "P2", "P3", "P4"),
          tier: fc.constantFrom("critical", "controlPlane", "standard", ""),
          weakened: fc.integer({ min: 0, max: 12 }),
        }),
      ),
    ),
  );

test("the pages together have every incident of every rule once, in order, however the service cuts its own pages", async () => {
  await fc.assert(
    fc.asyncProperty(
      entriesArbitrary,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(0, 1_000, 100_000),
      async (entries, limit, scanned, milliseconds) => {
        const { found, sizes } = await all({ query: {}, order: "newest", limit }, entries, scanned, milliseconds);
        expect(found).toEqual(entries.map(({ key }) => key).toSorted());
        expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(limit);
      },
    ),
  );
});

/** Each rule has rows that the query does not want before the one that it does, and the service looks at one at a time. */
const SEARCHED_IN_TURN: readonly Entry[] = [
  { key: "ddd", ruleId: "r3", priority: "P1" },
  { key: "bbccab", ruleId: "r1", priority: "P1" },
  { key: "ddb", ruleId: "r1", priority: "P1" },
  { key: "c", ruleId: "r2", priority: "P1" },
  { key: "bbd", ruleId: "r2", priority: "P2" },
  { key: "cbdbda", ruleId: "r3", priority: "P2" },
  { key: "ddba", ruleId: "r3", priority: "P2" },
];

const byUrgency = (entry: Entry): string => `${entry.priority}${urgencyOf(rowOf(entry))}${entry.key}`;
const sortedBy = (entries: readonly Entry[], text: (entry: Entry) => string): string[] =>
  entries.toSorted((a, b) => (text(a) < text(b) ? -1 : 1)).map(({ key }) => key);

test("order by priority: in each, tier 0 first, then the most weakened settings, then the newest, over all pages", async () => {
  await fc.assert(
    fc.asyncProperty(
      entriesArbitrary,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 9 }),
      async (entries, limit, scanned) => {
        const { found, sizes } = await all({ query: {}, order: "priority", limit }, entries, scanned, 10_000_000);
        expect(found).toEqual(sortedBy(entries, byUrgency));
        expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(limit);
      },
    ),
  );
});

test("order by priority without time to read all: every incident once, P1 first", async () => {
  await fc.assert(
    fc.asyncProperty(
      entriesArbitrary,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(0, 1_000),
      async (entries, limit, scanned, milliseconds) => {
        const { found } = await all({ query: {}, order: "priority", limit }, entries, scanned, milliseconds);
        const priorityOf = new Map<unknown, string>(entries.map(({ key, priority }) => [key, priority]));
        expect(found.map(String).toSorted()).toEqual(entries.map(({ key }) => key).toSorted());
        expect(found.map((key) => priorityOf.get(key))).toEqual(entries.map(({ priority }) => priority).toSorted());
      },
    ),
    { examples: [[[...SEARCHED_IN_TURN], 1, 1, 0]] },
  );
});

test("incidents that come or leave between two pages neither hide nor repeat another", async () => {
  await fc.assert(
    fc.asyncProperty(
      entriesArbitrary,
      entriesArbitrary,
      fc.integer({ min: 1, max: 7 }),
      fc.constantFrom(0, 10_000_000),
      async (entries, others, limit, milliseconds) => {
        const stay = entries.filter(({ key }) => others.every((other) => other.key !== key));
        const ruleIds = () => Promise.resolve(["r1", "r2", "r3"]);
        const found: string[] = [];
        let continuation: string | undefined;
        for (let turn = 0; turn === 0 || continuation !== undefined; turn += 1) {
          const pages = pagesOf(turn % 2 === 0 ? [...stay, ...others] : stay, 3);
          const deps = { ruleIds, pages, now: () => NOW };
          const request = { query: {}, order: "priority", limit, continuation } as const;
          const list = await listIncidents(request, deps, { milliseconds });
          if (list === "refused") throw new Error("refused its own continuation");
          found.push(...list.rows.map((row) => valueText(row["IncidentId"])));
          continuation = list.continuation;
        }
        const wanted = new Set(stay.map(({ key }) => key));
        expect(found.filter((key) => wanted.has(key)).toSorted()).toEqual([...wanted].toSorted());
        expect(new Set(found).size).toBe(found.length);
      },
    ),
  );
});

test("of more incidents than are sorted together, the newest are listed first, and none is left out", async () => {
  const entries: Entry[] = Array.from({ length: SORTED_TOGETHER + 300 }, (_, index) => ({
    ruleId: index % 2 === 0 ? "r1" : "r2",
    key: String(index).padStart(6, "0"),
    priority: "P2",
    weakened: index % 5,
    tier: index % 7 === 0 ? "critical" : "standard",
  }));
  const { found } = await all({ query: {}, order: "priority", limit: 200 }, entries, 1_000, 10_000_000);
  const [first, rest] = [entries.slice(0, SORTED_TOGETHER), entries.slice(SORTED_TOGETHER)];
  expect(found).toEqual([...sortedBy(first, byUrgency), ...sortedBy(rest, byUrgency)]);
});

test("a page of incidents by urgency reads them again, but those behind them only when they are due", async () => {
  const entries: Entry[] = Array.from({ length: 5_000 }, (_, index) => ({
    ruleId: "r1",
    key: String(index).padStart(6, "0"),
    priority: "P2",
  }));
  const pages = pagesOf(entries, 1_000);
  const deps = { ruleIds: () => Promise.resolve(["r1"]), pages, now: () => NOW };
  const query = { priority: ["P2" as const] };
  const first = await listIncidents({ query, order: "priority", limit: 100 }, deps);
  const continuation = first === "refused" ? undefined : first.continuation;
  await listIncidents({ query, order: "priority", limit: 100, continuation }, deps);
  expect(pages.asked).toHaveLength(4);
});

test("a search for few among many answers in time with a continuation", async () => {
  const entries = Array.from({ length: 500 }, (_, index) => ({
    ruleId: "r",
    key: String(index).padStart(3, "0"),
    priority: index === 499 ? "P1" : "P4",
  }));
  const { found, sizes } = await all({ query: { priority: ["P1"] }, order: "newest", limit: 10 }, entries, 10);
  expect(found).toEqual(["499"]);
  expect(sizes.length).toBeGreaterThan(5);
});

test("rows of one rule that were searched in vain are not searched again for each page of another rule", async () => {
  const rare = Array.from({ length: 300 }, (_, index) => ({
    ruleId: "rare",
    key: `b${String(index).padStart(3, "0")}`,
    priority: index === 299 ? "P1" : "P4",
  }));
  const many = Array.from({ length: 30 }, (_, index) => ({
    ruleId: "many",
    key: `a${String(index).padStart(3, "0")}`,
    priority: "P1",
  }));
  const pages = pagesOf([...rare, ...many], 10);
  const deps = { ruleIds: () => Promise.resolve(["rare", "many"]), pages, now: () => NOW };
  const query = { priority: ["P1" as const] };
  let continuation: string | undefined;
  do {
    const list = await listIncidents({ query, order: "newest", limit: 5, continuation }, deps);
    if (list === "refused") throw new Error("refused");
    continuation = list.continuation;
  } while (continuation !== undefined);
  expect(pages.asked.filter(({ ruleId }) => ruleId === "rare").length).toBeLessThan(100); // 60 to search it once
});

test.each(["", "x", "e30", Buffer.from('{"query":"other","pass":0,"rules":{}}').toString("base64url")])(
  "the continuation %j is refused",
  async (continuation) => {
    const request = { query: {}, order: "newest", limit: 5, continuation } as const;
    const pages = pagesOf([], 10);
    expect(await listIncidents(request, { ruleIds: () => Promise.resolve(["r"]), pages, now: () => NOW })).toBe(
      "refused",
    );
  },
);

test("a continuation made for other filters is refused", async () => {
  const entries = ["a", "b", "c"].map((key) => ({ ruleId: "r", key, priority: "P1" }));
  const deps = { ruleIds: () => Promise.resolve(["r"]), pages: pagesOf(entries, 10), now: () => NOW };
  const first = await listIncidents({ query: {}, order: "newest", limit: 1 }, deps);
  const continuation = first === "refused" ? undefined : first.continuation;
  const other = { query: { status: ["New" as const] }, order: "newest" as const, limit: 1, continuation };
  expect(await listIncidents(other, deps)).toBe("refused");
});
