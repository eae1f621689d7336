import * as z from "zod/mini";
import {
  type ColumnType,
  INCIDENT_COLUMNS,
  type IncidentColumn,
  LISTED_COLUMNS,
} from "../core/incident/incident-columns.ts";
import { conditionsOf, FILTER_NAMES, listedValues } from "../core/triage/incident-filters.ts";
import type { Guide } from "../core/incident/rule.ts";
import type { ProofOfSilence } from "../core/ledger/proof-of-silence.ts";
import type { Statement } from "../core/ledger/silence-statement.ts";
import { readListRequest } from "../core/triage/incident-query.ts";
import type { Investigation } from "../core/triage/investigation.ts";
import { CHANGE, type HistoryEntry } from "../core/triage/triage-change.ts";
import { TRIAGE_FIELDS } from "../core/triage/triage-fields.ts";
import type { AppHealth } from "../workflows/health/health-api.ts";
import type { IncidentList, WhoAmI, WholeIncident } from "../workflows/incidents/incidents-api.ts";
import { type IncidentSummary, SERIES } from "../workflows/incidents/summarize-incidents.ts";
import type { SchemaName } from "./routes.ts";

/* The JSON of requests and answers, for the OpenAPI document. The app itself does not load this file. */

/** A type as JSON sends it, in a form that two types can be compared in. */
type Sent<T> = T extends readonly (infer Item)[]
  ? readonly Sent<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]-?: Sent<T[Key]> | (object extends Pick<T, Key> ? undefined : never) }
    : T;

type Differences<A, B> = A extends object
  ? B extends object
    ? {
        [Key in keyof A | keyof B]: Key extends keyof A & keyof B
          ? [A[Key], B[Key]] extends [B[Key], A[Key]]
            ? never
            : Key
          : Key;
      }[keyof A | keyof B]
    : "its kind"
  : "its kind";

/** Takes a schema only if it describes all of a type and nothing else: a field that was added or removed does not compile. */
function schemaOf<T>() {
  return <Schema extends z.ZodMiniType>(
    schema: [Sent<z.infer<Schema>>, Sent<T>] extends [Sent<T>, Sent<z.infer<Schema>>]
      ? Schema
      : { readonly "the schema lacks, or describes otherwise": Differences<Sent<z.infer<Schema>>, Sent<T>> },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parameter's type is Schema, or a call does not compile
  ): Schema => schema as Schema;
}

const text = (description: string) => z.string().check(z.describe(description));
const time = (description: string) => z.string().check(z.meta({ format: "date-time", description }));
/** Some times are "" where they are unknown. */
const timeOrEmpty = (description: string) => text(`${description}; ISO 8601 in UTC, empty if unknown`);
const count = (description: string) => z.int().check(z.gte(0), z.describe(description));
const number = (description: string) => z.number().check(z.describe(description));
const flag = (description: string) => z.boolean().check(z.describe(description));

/** All values of the columns that a filter knows all values of. */
const VALUES: ReadonlyMap<string, readonly string[]> = new Map(
  FILTER_NAMES.flatMap((name) => {
    const asked = readListRequest(new URLSearchParams({ [name]: listedValues(name).join(",") }));
    const conditions = "problems" in asked ? [] : conditionsOf(asked.query);
    return conditions.flatMap((one) => (one.kind === "anyOf" ? [[one.column, one.all] as const] : []));
  }),
);

const CELLS: Readonly<Record<ColumnType, (description: string) => z.ZodMiniType>> = {
  string: text,
  int: (description) => z.int().check(z.describe(description)),
  long: (description) => z.int().check(z.describe(description)),
  boolean: flag,
  datetime: (description) => text(`${description}. ISO 8601, with as many decimal digits as the record has`),
  dynamic: (description) => z.unknown().check(z.describe(`${description}. JSON`)),
};
const ALWAYS = new Set(["IncidentId", "RuleId", "Revision", "Status"]);

function rowOf(columns: readonly IncidentColumn[]) {
  const cells = columns.map(({ name, type, description }) => {
    const values = VALUES.get(name);
    const cell = values === undefined ? CELLS[type](description) : z.enum(values).check(z.describe(description));
    return [name, ALWAYS.has(name) ? cell : z.optional(cell)] as const;
  });
  return z.strictObject(Object.fromEntries(cells));
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the columns are data, which the type of a row does not name
const asRow = (row: z.ZodMiniType) => row as z.ZodMiniType<WholeIncident["incident"]>;
const Incident = rowOf(INCIDENT_COLUMNS).check(z.describe("All columns of an incident. An empty column is left out."));
const ListedIncident = rowOf(LISTED_COLUMNS).check(
  z.describe("The columns of an incident that lists show. An empty column is left out."),
);

const Analyst = z.strictObject({
  name: text("as signed in"),
  id: text("object id in Entra; empty for the local user"),
  kind: z.enum(["entra", "local"]),
});

const ChangedBy = z.strictObject({
  name: text("as signed in; pimwatch if the app made the change"),
  id: text("object id in Entra; empty for the local user and the app"),
  kind: z.enum(["entra", "local", "app"]),
});

const HistoryEntry = schemaOf<HistoryEntry>()(
  z.strictObject({
    revision: count("of the incident after the change"),
    time: time("when"),
    by: ChangedBy,
    changes: z.array(z.strictObject({ field: z.enum(TRIAGE_FIELDS), from: z.string(), to: z.string() })),
    comment: z.string(),
  }),
);

const Guide = schemaOf<Guide>()(
  z
    .strictObject({
      huntingHypothesis: z.string(),
      requiredDataSources: z.string(),
      mitreAttackContext: z.string(),
      references: z.string(),
      falsePositiveGuidance: z.string(),
      triage: z.string(),
      response: z.string(),
    })
    .check(z.describe("The sections of the rule's guide, as Markdown")),
);

const Investigation = schemaOf<Investigation>()(
  z.strictObject({
    queries: z
      .array(z.strictObject({ question: z.string(), kql: z.string() }))
      .check(z.describe("questions to ask Log Analytics")),
    graph: z
      .array(
        z.strictObject({ purpose: z.string(), method: z.enum(["GET", "PATCH"]), url: z.string(), body: z.string() }),
      )
      .check(z.describe("requests to Microsoft Graph that read the role's policy and set it back")),
    links: z.array(z.strictObject({ label: z.string(), href: z.string() })),
  }),
);

const WholeIncident = schemaOf<WholeIncident>()(
  z.strictObject({
    incident: asRow(Incident),
    record: text("the audit record as JSON text, cut if it is too long"),
    history: z.array(HistoryEntry).check(z.describe("changes by analysts, oldest first")),
    guide: z.nullable(Guide),
    investigation: Investigation,
    burst: z.nullable(
      z
        .strictObject({
          id: z.string(),
          count: count("its stored incidents, of all rules"),
          complete: flag("false: there are more"),
        })
        .check(z.describe("what the actor did within the hour; null if nothing else")),
    ),
  }),
);

const IncidentList = schemaOf<IncidentList>()(
  z.strictObject({
    incidents: z.array(asRow(ListedIncident)),
    continuation: z.nullable(text("the parameter `continuation` of the next request; null at the end")),
  }),
);

const perPriority = z.strictObject({ P1: z.int(), P2: z.int(), P3: z.int(), P4: z.int() });
const IncidentSummary = schemaOf<IncidentSummary>()(
  z.strictObject({
    total: count("incidents in the asked time"),
    open: perPriority.check(z.describe("incidents that are not closed, of all time")),
    openComplete: flag("false if there are more open incidents than one request counts"),
    bucketMilliseconds: count("length of a bucket"),
    buckets: z
      .array(z.strictObject({ start: time("its beginning"), counts: z.partialRecord(z.enum(SERIES), z.int()) }))
      .check(z.describe("buckets with incidents, oldest first; `other` is of rules whose effect nobody assesses")),
    bursts: z
      .record(z.string(), z.int())
      .check(z.describe("number of counted incidents by BurstId, of two and more; the largest only")),
    owners: z
      .array(z.string())
      .check(z.describe("owners of the incidents, also of those that the filter owner leaves out")),
    rules: z.array(z.string()).check(z.describe("names of their rules, also of those that the filter rule leaves out")),
    undated: count("incidents whose record has no readable time"),
    complete: flag("false if there are more incidents than one request counts; then the oldest are not counted"),
  }),
);

const WhoAmI = schemaOf<WhoAmI>()(
  z.strictObject({
    ...Analyst.shape,
    tenants: z
      .array(z.strictObject({ id: z.string(), name: text("in ALLOWED_TENANT_IDS; empty if it has none") }))
      .check(z.describe("tenants that incidents can be of")),
  }),
);

const Statement = schemaOf<Statement>()(
  z.strictObject({
    ruleId: z.string(),
    tenant: z.string(),
    status: z
      .enum(["complete", "with exceptions", "unproven"])
      .check(z.describe("`unproven`: an incident may be missing, and nobody knows how many")),
    from: z.optional(time("beginning of the time that the statement is about")),
    through: z.optional(time("its end")),
    incidents: z.optional(count("found in that time")),
    exceptions: z.array(z.string()),
    sentence: text("for a person to copy"),
  }),
);

const Range = { partition: z.string(), first: z.int(), last: z.int() };
const DelayFigures = z.strictObject({
  count: z.int(),
  medianSeconds: z.nullable(number("an upper bound; null if it is longer than a day")),
  p95Seconds: z.nullable(number("an upper bound; null if it is longer than a day")),
});
const ProofOfSilence = schemaOf<ProofOfSilence>()(
  z
    .strictObject({
      evaluatedThrough: z.optional(
        time("every event that reached the hub before was evaluated, but for the exceptions"),
      ),
      completeThrough: z.optional(time("the same without open events")),
      openEvents: count("events that are not stored yet"),
      open: z.array(z.strictObject(Range)),
      lostEvents: count("events that were lost"),
      lost: z.array(z.strictObject({ ...Range, before: timeOrEmpty("the events reached the hub before this") })),
      deadLetters: z.optional(count("dead letters that nobody has discarded")),
      app: z
        .array(z.strictObject({ version: z.string(), from: time("first use"), until: time("last use") }))
        .check(z.describe("versions of the app that evaluated events, latest first")),
      rules: z.array(
        z.strictObject({
          id: z.string(),
          name: z.string(),
          version: z.string(),
          plan: text("hash of the compiled rule"),
          since: z.optional(time("every later event was evaluated by this version and plan")),
          deadLetters: z.optional(count("dead letters that this rule may not have evaluated")),
          earlier: z.array(z.strictObject({ version: z.string(), plan: z.string(), until: time("last use") })),
        }),
      ),
      tenants: z.array(
        z.strictObject({
          id: z.string(),
          since: z.optional(time("from then on its records could make incidents")),
          lastRecordAt: z.optional(time("when its latest audit record reached the hub, to the minute")),
        }),
      ),
      delays: z.strictObject({
        since: z.optional(time("hour of the oldest delay")),
        occurredToHub: z.optional(DelayFigures),
        hubToStored: z.optional(DelayFigures),
      }),
    })
    .check(z.describe("How far `no incident` can be trusted. Times are those at which events reached the hub.")),
);

const status = z
  .enum(["ok", "degraded", "down"])
  .check(z.describe("`down`: events may not be stored now; `degraded`: they are stored, but a person should look"));
const outbox = z.strictObject({
  pending: count("rows to be sent"),
  failing: count("pending rows that failed alone"),
  refused: count("rows that the sink refused; a person must release them"),
  untaken: z
    .array(
      z.strictObject({
        state: z.enum(["refused", "failing"]),
        ruleId: z.string(),
        rowKey: z.string(),
        sink: z.string(),
        incidentId: z.string(),
        revision: z.string(),
        reason: z.string(),
        attempts: count("failures while the sink accepted other rows"),
        retryAt: z.optional(time("when a failing row is sent again")),
      }),
    )
    .check(z.describe("the first 20 of the refused and the failing rows")),
  oldestSeconds: count("how long the oldest pending row has waited"),
});
const AppHealth = schemaOf<AppHealth>()(
  z.strictObject({
    version: z.string(),
    status,
    problems: z
      .array(
        z.strictObject({
          what: text("what happened, to what"),
          next: text("what to do next; commands stand in backticks"),
        }),
      )
      .check(z.describe("what a person should look at")),
    sinks: z.optional(z.strictObject({ "log-analytics": z.optional(outbox), webhook: z.optional(outbox) })),
    deadLetters: z.optional(count("dead letters that nobody has discarded")),
    latestDeadLetters: z.optional(
      z
        .array(
          z.strictObject({
            name: text("sha256 of its bytes; `pimwatch dead-letters` takes the beginning"),
            reason: z.string(),
            rules: z.array(z.string()).check(z.describe("rules that the reason blames, by name")),
            partition: z.string(),
            sequenceNumber: z.string(),
            enqueuedTime: timeOrEmpty("when its event reached the hub"),
          }),
        )
        .check(z.describe("the latest 20")),
    ),
    hub: z.optional(
      z.strictObject({
        lastEventAt: z.optional(time("when the last event reached the hub")),
        silentMinutes: z.optional(count("since then")),
        lag: count("events that are not read yet"),
        gapEvents: count("events that the platform skipped"),
        stuckEvents: count("events that could not be stored"),
        lostEvents: count("events that left the hub before they were stored"),
        oldestUnfinishedSeconds: count("age of the oldest event that is not finished"),
        headroomUsed: number("share of the hub's retention that it has used up"),
        checkedSecondsAgo: count("age of these figures"),
        partitions: z.array(z.strictObject({ id: z.string(), lag: z.int(), gapEvents: z.int() })),
      }),
    ),
    categories: z.optional(
      z.array(
        z.strictObject({
          tenantId: z.string(),
          category: z.string(),
          lastSeenAt: z.optional(time("when its last record reached the hub, to the minute")),
          silentMinutes: z.number(),
          allowedMinutes: z.number(),
          isSilent: z.boolean(),
          otherEvents: flag("whether the hub gets other events"),
        }),
      ),
    ),
    unmatchedOperations: z.optional(
      z
        .array(z.strictObject({ operation: z.string(), lastSeenAt: time("when") }))
        .check(z.describe("operations that no rule matched, though one may have to")),
    ),
    silence: z.optional(ProofOfSilence),
    scan: z.optional(text("the literals of the scan, or why the scan is off")),
    rules: z.optional(
      z
        .array(
          z.strictObject({
            id: z.string(),
            name: z.string(),
            version: z.string(),
            fileHash: z.string(),
            queryHash: z.string(),
          }),
        )
        .check(z.describe("the rules that run")),
    ),
  }),
);

const problem = {
  type: z.literal("about:blank"),
  title: text("the kind of error"),
  status: z.int(),
  detail: text("what happened, for a person"),
};

/** Everything that the routes name, and the parts of it that have a name of their own. */
export const SCHEMAS = {
  IncidentList,
  ListedIncident,
  IncidentSummary,
  WholeIncident,
  Incident,
  HistoryEntry,
  Guide,
  Investigation,
  TriageChange: CHANGE.check(
    z.describe(
      "What is to change; a field that is left out stays. Blanks around texts are removed before they are measured.",
    ),
  ),
  WhoAmI,
  Silence: z.strictObject({ statements: z.array(Statement) }),
  Statement,
  ProofOfSilence,
  AppHealth,
  Health: z.strictObject({ status }),
  OpenApi: z.looseObject({ openapi: z.string() }).check(z.describe("https://spec.openapis.org/oas/v3.1.1")),
  Problem: z.strictObject(problem).check(z.describe("An error, as in RFC 9457")),
  InvalidRequest: z
    .strictObject({ ...problem, problems: z.optional(z.array(text("a parameter or field, and what is expected"))) })
    .check(z.describe("An error, as in RFC 9457")),
  Conflict: z.strictObject({ ...problem, current: WholeIncident }).check(z.describe("An error, as in RFC 9457")),
} satisfies Readonly<Record<SchemaName, z.ZodMiniType> & Record<string, z.ZodMiniType>>;
