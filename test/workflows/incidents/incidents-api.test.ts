import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { incidentChanges } from "../../../src/azure/incidents/incident-changes.ts";
import { incidentPages } from "../../../src/azure/incidents/incident-pages.ts";
import type { IncidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { ruleIds } from "../../../src/azure/incidents/rule-ids.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { AZURE_CLOUDS } from "../../../src/core/azure-clouds.ts";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";
import type { DashboardAccess } from "../../../src/core/triage/dashboard-access.ts";
import type { HttpAnswer } from "../../../src/core/triage/http-answer.ts";
import type { ApiDependencies } from "../../../src/workflows/incidents/incidents-api.ts";
import { askRoute, connecting, LOCAL } from "../../api/asking.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { openTable } from "../../azure/tables/open-table.ts";
import { RULE_ID, storedIncident } from "../../stored-incident.ts";

const OTHER_RULE = "11111111-2222-4333-8444-555555555555";
const TENANT = "aaaaaaaa-1111-4222-8333-444444444444";
const OTHER_TENANT = "bbbbbbbb-1111-4222-8333-444444444444";
const WRITE = { "x-requested-with": "pimwatch", "content-type": "application/json", "if-match": '"1"' };
const ID = sha256Hex("a");

let azurite: Azurite;
let deps: ApiDependencies & { readonly incidents: Pick<IncidentTable, "get" | "addAll"> };
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());
beforeEach(async () => {
  const { client, incidents } = await openTable(azurite.connectionString);
  await incidents.addAll(["a", "b", "c"].map((name) => storedIncident(name)));
  deps = {
    ruleIds: ruleIds(tableRows(client), { running: [OTHER_RULE] }),
    incidents,
    pages: incidentPages(tableRows(client)),
    changes: incidentChanges(tableRows(client)),
    portals: AZURE_CLOUDS.AzureCloud.portals,
    guideOf: () => undefined,
    tenantNames: new Map([
      [TENANT, "Contoso"],
      [OTHER_TENANT, ""],
    ]),
    now: () => new Date("2026-11-23T12:00:00Z"),
  };
});

interface Sent {
  readonly query?: string;
  readonly id?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

const NAMES = {
  list: "incidents-list",
  summary: "incidents-summary",
  csv: "incidents-csv",
  show: "incidents-show",
  change: "incidents-change",
  me: "me",
} as const;

function ask(operation: keyof typeof NAMES, { id, ...sent }: Sent = {}, access = LOCAL): Promise<HttpAnswer> {
  const params = id === undefined ? {} : { id };
  return askRoute(NAMES[operation], { ...sent, params }, { access, connect: connecting(deps) });
}

const bodyOf = (answer: HttpAnswer) => JSON.parse(String(answer.body));
const change = (body: unknown, headers: Sent["headers"] = WRITE) => ask("change", { id: ID, headers, body });

describe("reading", () => {
  test("the list continues where it ended", async () => {
    const first = bodyOf(await ask("list", { query: "?limit=2" }));
    const second = bodyOf(await ask("list", { query: `?limit=2&continuation=${first.continuation}` }));
    const ids = [...first.incidents, ...second.incidents].map((incident) => incident.IncidentId);
    expect(ids).toEqual(["a", "b", "c"].map(sha256Hex).toSorted());
    expect(second.continuation).toBeNull();
  });

  test("by priority, the pages hold tier 0 first, then the most weakened settings, then the newest", async () => {
    const names = ["e", "d", "g", "f"];
    const columns = [
      { RoleTier: "critical", WeakenedSettings: 1 },
      { RoleTier: "standard", WeakenedSettings: 11 },
      { RoleTier: "standard", WeakenedSettings: 2 },
      { RoleTier: "critical", WeakenedSettings: 0 },
    ];
    await deps.incidents.addAll(
      columns.map((more, index) => {
        const { row } = storedIncident(names[index], { priority: "P1" });
        return { row: { ...row, ...more }, record: "{}" };
      }),
    );
    const found: string[] = [];
    for (let next: string | null = ""; next !== null;) {
      const answer = bodyOf(await ask("list", { query: `?priority=P1&order=priority&limit=1&continuation=${next}` }));
      found.push(...answer.incidents.map((incident: { IncidentId: string }) => incident.IncidentId));
      next = answer.continuation;
    }
    expect(found).toEqual(["e", "f", "d", "g"].map(sha256Hex));
  });

  test.each([
    { query: TENANT, names: ["a", "b", "c"] },
    { query: OTHER_TENANT.toUpperCase(), names: ["d"] },
    { query: "fabrikam eu", names: ["d"] },
    { query: "fabrikam", names: [] },
    { query: "cccccccc-1111-4222-8333-444444444444", names: [] },
  ])("the list of the tenant $query has its incidents alone", async ({ query, names }) => {
    const { row } = storedIncident("d");
    const other = { ...row, EntraTenantId: OTHER_TENANT, EntraTenantName: "Fabrikam EU" };
    await deps.incidents.addAll([{ row: other, record: "{}" }]);
    const list = bodyOf(await ask("list", { query: `?tenant=${encodeURIComponent(query)}` }));
    const ids = list.incidents.map((incident: { readonly IncidentId: string }) => incident.IncidentId);
    expect(ids.toSorted()).toEqual(names.map(sha256Hex).toSorted());
    const rows = String((await ask("csv", { query: `?tenant=${encodeURIComponent(query)}` })).body).split("\r\n");
    expect(rows[0]).toContain(',"EntraTenantName","EntraTenantId"');
    expect(rows).toHaveLength(names.length + 2);
    expect(rows.filter((line) => line.includes(`"Fabrikam EU","${OTHER_TENANT}"`))).toHaveLength(
      names.includes("d") ? 1 : 0,
    );
  });

  test("the answer for one incident is complete and has the ETag that a change must name", async () => {
    const answer = await ask("show", { id: ID });
    expect(answer).toMatchObject({ status: 200, headers: { etag: '"1"', "cache-control": "no-store" } });
    expect(bodyOf(answer)).toMatchObject({
      incident: { IncidentId: ID, RuleId: RULE_ID, Status: "New" },
      record: '{"category":"AuditLogs"}',
      history: [],
      guide: null,
      burst: { count: 3, complete: true },
    });
  });

  test("one actor's incidents within an hour are a burst: none is hidden, and each has their number", async () => {
    await deps.incidents.addAll([storedIncident("later", { activityDateTime: "2026-03-04T10:00:00.0000000Z" })]);
    const { bursts } = bodyOf(await ask("summary"));
    const [burst = ""] = Object.keys(bursts);
    expect(bursts).toEqual({ [burst]: 3 });
    const list = bodyOf(await ask("list", { query: `?burst=${burst}` }));
    const ids = list.incidents.map((incident: { IncidentId: string }) => incident.IncidentId);
    expect(ids.toSorted()).toEqual(["a", "b", "c"].map(sha256Hex).toSorted());
    expect(bodyOf(await ask("show", { id: sha256Hex("later") }))).toMatchObject({ burst: null });
    expect(bodyOf(await ask("list", { query: `?burst=${burst}&actor=x` })).problems).toEqual([
      "burst: not together with actor; a burst is of one actor",
    ]);
  });

  test.each(["", "x", sha256Hex("nobody's"), "../a", "a".repeat(64)])("no incident %j: 404", async (id) => {
    expect(await ask("show", { id })).toMatchObject({ status: 404 });
  });

  test("the summary counts by time, effect and priority", async () => {
    expect(bodyOf(await ask("summary"))).toMatchObject({
      total: 3,
      open: { P1: 0, P2: 3, P3: 0, P4: 0 },
      buckets: [{ counts: { other: 3 } }],
      undated: 0,
      complete: true,
    });
  });

  test("open incidents are counted whatever their age, the others in the asked time alone", async () => {
    const later = { activityDateTime: "2026-11-20T09:00:00.0000000Z", priority: "P1" } as const;
    await deps.incidents.addAll([storedIncident("new", later), storedIncident("done", { ...later, status: "Closed" })]);
    const recent = "?from=2026-11-01T00:00:00Z";
    expect(bodyOf(await ask("summary", { query: recent }))).toMatchObject({
      total: 2,
      open: { P1: 1, P2: 3, P3: 0, P4: 0 },
      openComplete: true,
      bursts: { [valueText(storedIncident().row["BurstId"])]: 3 },
    });
    expect(bodyOf(await ask("summary", { query: `${recent}&status=Closed` }))).toMatchObject({
      total: 1,
      open: { P1: 0, P2: 0, P3: 0, P4: 0 },
    });
  });

  test("incidents are found by owner, without an owner, by rule and by tier, and the summary names the choices", async () => {
    const { row } = storedIncident("owned");
    const owned = { ...row, Owner: "noor@fabrikam.example", RoleTier: "critical", RuleName: "Another rule" };
    await deps.incidents.addAll([{ row: owned, record: "{}" }]);
    const idsFor = async (query: string): Promise<string[]> =>
      bodyOf(await ask("list", { query }))
        .incidents.map((incident: { IncidentId: string }) => incident.IncidentId)
        .toSorted();
    const others = ["a", "b", "c"].map(sha256Hex).toSorted();
    const query = "?owner=NOOR@fabrikam.example";
    expect(await idsFor(query)).toEqual([sha256Hex("owned")]);
    expect(await idsFor("?owner=nobody")).toEqual(others);
    expect(await idsFor("?rule=another+rule")).toEqual([sha256Hex("owned")]);
    expect(await idsFor(`?rule=${RULE_ID}`)).toHaveLength(4);
    expect(await idsFor("?tier=critical")).toEqual([sha256Hex("owned")]);
    expect(await idsFor("?tier=standard")).toEqual([]);
    expect(bodyOf(await ask("summary", { query }))).toMatchObject({
      total: 1,
      owners: ["noor@fabrikam.example"],
      rules: ["Another rule", "Changes to PIM Settings"],
    });
  });

  test("CSV is a file to keep", async () => {
    const answer = await ask("csv");
    expect(answer.headers).toMatchObject({
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": 'attachment; filename="pimwatch-incidents-2026-11-23.csv"',
    });
    expect(String(answer.body).split("\r\n")).toHaveLength(5);
  });

  test.each(["list", "summary", "csv"] as const)(
    "%s: what cannot be read is a problem, not a failure",
    async (operation) => {
      const answer = await ask(operation, { query: "?limit=1000&colour=red" });
      expect(answer).toMatchObject({ status: 400, headers: { "content-type": "application/problem+json" } });
      expect(bodyOf(answer).problems).toEqual(["limit: expected a number from 1 to 200", "unknown: colour"]);
    },
  );
});

describe("changing", () => {
  test("the answer has the changed incident, its history and its new ETag", async () => {
    const answer = await change({ status: "Active", owner: "noor", comment: "looking" });
    expect(answer).toMatchObject({ status: 200, headers: { etag: '"2"' } });
    expect(bodyOf(answer)).toMatchObject({
      incident: { Status: "Active", Owner: "noor", Revision: 2, RowKind: "updated", ModifiedBy: "local user" },
      history: [{ revision: 2, by: { name: "local user", kind: "local" }, comment: "looking" }],
    });
    expect(bodyOf(await ask("list", { query: "?status=Active" })).incidents).toMatchObject([{ Owner: "noor" }]);
  });

  test("of two changes at once, one gets a conflict with the current state; a change of that state succeeds", async () => {
    const [one, other] = await Promise.all([change({ owner: "one" }), change({ owner: "other" })]);
    const [done, late] = one.status === 200 ? [one, other] : [other, one];
    expect(done.status).toBe(200);
    expect(late).toMatchObject({ status: 412, headers: { etag: '"2"' } });
    expect(bodyOf(late).current.incident).toEqual(bodyOf(done).incident);
    expect(bodyOf(late).current.history).toHaveLength(1);

    const again = await change({ comment: "me too" }, { ...WRITE, "if-match": '"2"' });
    expect(bodyOf(again).history).toHaveLength(2);
  });

  test.each([
    {
      why: "without the header that other pages cannot send",
      headers: { ...WRITE, "x-requested-with": undefined },
      status: 403,
    },
    { why: "sent by another site's page", headers: { ...WRITE, "sec-fetch-site": "cross-site" }, status: 403 },
    { why: "as a form", headers: { ...WRITE, "content-type": "text/plain" }, status: 415 },
    { why: "without If-Match", headers: { ...WRITE, "if-match": undefined }, status: 428 },
    { why: "of any state", headers: { ...WRITE, "if-match": "*" }, status: 412 },
    { why: "of an older state", headers: { ...WRITE, "if-match": '"0"' }, status: 412 },
  ])("$why: $status, and nothing is changed", async ({ headers, status }) => {
    expect(await change({ owner: "x" }, headers)).toMatchObject({ status });
    expect(bodyOf(await ask("show", { id: ID }))).toMatchObject({ incident: { Revision: 1, Owner: "" }, history: [] });
  });

  test.each([
    { why: "no JSON", body: "{", status: 400 },
    { why: "closing without a classification", body: { status: "Closed" }, status: 400 },
    { why: "nothing", body: undefined, status: 400 },
    { why: "too large", body: { comment: "x".repeat(40_000) }, status: 413 },
  ])("$why: $status", async ({ body, status }) => {
    expect(await change(body)).toMatchObject({ status });
  });
});

describe("the caller", () => {
  const ENTRA: DashboardAccess = { kind: "entra", clientId: "dddddddd-1111-4222-8333-444444444444" };

  test("a change names the person who is signed in, not the one that the body names", async () => {
    const claims = [
      { typ: "aud", val: ENTRA.kind === "entra" ? ENTRA.clientId : "" },
      { typ: "preferred_username", val: "noor.haddad@fabrikam.example" },
      { typ: "oid", val: "5a6b" },
    ];
    const principal = Buffer.from(JSON.stringify({ auth_typ: "aad", claims })).toString("base64");
    const headers = { ...WRITE, "x-ms-client-principal": principal };
    const answer = await ask("change", { id: ID, headers, body: { owner: "somebody else" } }, ENTRA);
    const noor = { name: "noor.haddad@fabrikam.example", id: "5a6b", kind: "entra" };
    expect(bodyOf(answer).history).toMatchObject([{ by: noor }]);
    expect(bodyOf(await ask("me", { headers }, ENTRA))).toEqual({
      ...noor,
      tenants: [
        { id: TENANT, name: "Contoso" },
        { id: OTHER_TENANT, name: "" },
      ],
    });
  });
});
