import * as z from "zod/mini";
import {
  LEDGER_GRACE_SECONDS,
  LEDGER_STALL_SECONDS,
  OUTBOX_MINIMUM_AGE_SECONDS,
  RETENTION_HOURS,
} from "./core/timing.ts";
import { AZURE_CLOUD_NAMES, AZURE_CLOUDS, type Portals } from "./core/azure-clouds.ts";
import type { DashboardAccess } from "./core/triage/dashboard-access.ts";
import type { TimerSchedules } from "./core/ledger/timer-runs.ts";
import { isSchedule } from "./core/ledger/timer-schedule.ts";
import { readTenants, TENANT_LIST, type Tenants } from "./core/event/tenants.ts";
import { type SinkName, sinksSetUp } from "./core/incident/sinks.ts";
import { WEBHOOK_FORMATS, type WebhookFormat } from "./core/incident/webhook-message.ts";
import { SettingsError } from "./errors.ts";

/** A service, reached with the app's managed identity or, in local runs, with a connection string. */
type Endpoint =
  | { readonly kind: "identity"; readonly url: string }
  | { readonly kind: "connectionString"; readonly connectionString: string };

export interface WebhookConfig {
  /** A secret, since it permits posting. Undefined while the platform has not resolved a reference to a Key Vault. */
  readonly url: string | undefined;
  readonly format: WebhookFormat;
}

/** All settings of the app. */
export interface Config {
  /** The hub as the healer reads it. The host itself configures the trigger. */
  readonly auditEvents: {
    readonly endpoint: Endpoint;
    /** Host name, in local runs with its port. */
    readonly namespace: string;
    readonly hub: string;
    readonly healerConsumerGroup: string;
    readonly retentionHours: number;
  };
  readonly incidents: Endpoint;
  readonly deadLetters: Endpoint;
  readonly backups: Endpoint;
  /** Where incidents are sent to. */
  readonly sinks: readonly SinkName[];
  readonly logsIngestion: {
    readonly endpoint: string;
    readonly ruleId: string;
    readonly stream: string;
    /** The audience of its tokens, which differs between Azure's clouds. */
    readonly audience: string;
  };
  /** The portals of the cloud that the app runs in. */
  readonly portals: Portals;
  /** The webhook that new incidents are posted to; undefined if there is none. */
  readonly webhook: WebhookConfig | undefined;
  /** In lower case. */
  readonly allowedTenantIds: ReadonlySet<string>;
  /** Log categories that every tenant must keep exporting. */
  readonly expectedLogCategories: readonly string[];
  /** The names of the same tenants. */
  readonly tenantNames: Tenants;
  readonly outboxMinimumAgeSeconds: number;
  readonly ledgerGraceSeconds: number;
  readonly ledgerStallSeconds: number;
  readonly timerSchedules: TimerSchedules;
  /** Whether events are first scanned for the literals of the rules. Otherwise every record is read. */
  readonly scansEvents: boolean;
  /** Client id of the user-assigned identity; undefined for the system-assigned one. */
  readonly identityClientId: string | undefined;
}

const URL_FORM = /^https?:\/\/[^\s/]+/;
/** Trimmed text that matches a form. */
const text = (expected: string, form = /./) => {
  const error = `expected ${expected}`;
  return z.string({ error }).check(z.trim(), z.regex(form, { error }));
};
const number = (unit: string, { min, max, standard }: { min: number; max: number; standard: number }) => {
  const error = `expected a number of ${unit} from ${min} to ${max}`;
  return z._default(z.coerce.number({ error }).check(z.gte(min, { error }), z.lte(max, { error })), standard);
};
export const WEBHOOK_URL = "https://… without user name or password; http://127.0.0.1:PORT/… in local runs";
const KEY_VAULT_REFERENCE = /^@Microsoft\.KeyVault\(/i;
/** Checks only the form, so that a mistake is reported at the start and not at first use. */
const CONTAINER_URL = /^https?:\/\/[^\s/]+\/[^\s/]+/;
const HUB_CONNECTION = /(^|;)\s*Endpoint=\s*sb:\/\/[^;\s]/i;
const STORAGE_CONNECTION = /(^|;)\s*(UseDevelopmentStorage=true|(AccountName|TableEndpoint|BlobEndpoint)=[^;\s])/i;
const schedule = (example: string) => {
  const error = `expected an NCRONTAB expression, such as "${example}"`;
  return z.string({ error }).check(z.refine(isSchedule, { error }));
};
const CONTAINER = "the URL of a blob container, https://ACCOUNT.blob.core.windows.net/NAME";

const CATEGORIES = "one or more log categories, such as AuditLogs or AuditLogs,SignInLogs, comma-separated";

const logCategories = z.pipe(
  text(CATEGORIES),
  z
    .transform((list: string) => {
      const names = list.split(",").map((name) => name.trim());
      return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()]; // case does not count
    })
    .check(
      z.refine((names) => names.every((name) => /^[a-z][a-z\d]{2,63}$/i.test(name)), {
        error: `expected ${CATEGORIES}`,
      }),
    ),
);

const tenants = z.pipe(
  text(TENANT_LIST),
  z.transform((list: string, payload): Tenants => {
    const read = readTenants(list);
    if (!("expected" in read)) return read;
    payload.issues.push({ code: "custom", input: list, message: `expected ${read.expected}` });
    return new Map();
  }),
);

/**
 * The settings that the app's code reads, with their valid values. Settings that only the Functions host reads (the
 * trigger's connection, hub and consumer group, timer schedules) are checked too, since without them a function silently
 * does not run.
 */
const SETTINGS = z.object({
  AUDIT_EVENTS: z.optional(text("a connection string, Endpoint=sb://HOST;…", HUB_CONNECTION)),
  AUDIT_EVENTS__fullyQualifiedNamespace: z.optional(text("a host name, NAMESPACE.servicebus.windows.net", /^[\w.-]+$/)),
  AUDIT_EVENTS_HUB: text("the name of the event hub"),
  AUDIT_EVENTS_CONSUMER_GROUP: text("a consumer group that nothing else reads"),
  AUDIT_EVENTS_HEALER_CONSUMER_GROUP: text("another consumer group that nothing else reads"),
  AUDIT_EVENTS_RETENTION_HOURS: number("hours", { min: 1, max: 2_160, standard: RETENTION_HOURS }),
  INCIDENTS_TABLE_ENDPOINT: z.optional(
    text("the table endpoint of a storage account, https://ACCOUNT.table.core.windows.net", URL_FORM),
  ),
  INCIDENTS_STORAGE: z.optional(text("the connection string of a storage account or emulator", STORAGE_CONNECTION)),
  DEAD_LETTERS_CONTAINER_URL: z.optional(text(CONTAINER, CONTAINER_URL)),
  BACKUPS_CONTAINER_URL: z.optional(text(CONTAINER, CONTAINER_URL)),
  LOGS_INGESTION_ENDPOINT: text("the logs ingestion endpoint of the data collection rule, https://…", URL_FORM),
  LOGS_INGESTION_RULE_ID: text("the immutable id of the data collection rule, which begins with dcr-", /^dcr-/),
  LOGS_INGESTION_STREAM: text("the stream of the data collection rule, which begins with Custom-", /^Custom-/),
  EXPECTED_LOG_CATEGORIES: z._default(logCategories, ["AuditLogs"]),
  ALLOWED_TENANT_IDS: tenants,
  OUTBOX_TIMER_SCHEDULE: schedule("0 * * * * *"),
  OUTBOX_MINIMUM_AGE_SECONDS: number("seconds", { min: 0, max: 86_400, standard: OUTBOX_MINIMUM_AGE_SECONDS }),
  LEDGER_TIMER_SCHEDULE: schedule("30 * * * * *"),
  LEDGER_GRACE_SECONDS: number("seconds", { min: 0, max: 86_400, standard: LEDGER_GRACE_SECONDS }),
  LEDGER_STALL_SECONDS: number("seconds", { min: 0, max: 86_400, standard: LEDGER_STALL_SECONDS }),
  RECONCILIATION_TIMER_SCHEDULE: schedule("0 7 * * * *"),
  WINDOW_TIMER_SCHEDULE: schedule("15 * * * * *"),
  BACKUP_TIMER_SCHEDULE: schedule("0 37 * * * *"),
  SCAN_EVENTS: z._default(z.enum(["true", "false"], { error: "expected true or false" }), "true"),
  WEBHOOK_URL: z.optional(
    z.string().check(
      z.trim(),
      z.refine((value) => KEY_VAULT_REFERENCE.test(value) || isWebhookUrl(value), { error: `expected ${WEBHOOK_URL}` }),
    ),
  ),
  WEBHOOK_FORMAT: z._default(z.enum(WEBHOOK_FORMATS, { error: `expected ${WEBHOOK_FORMATS.join(" or ")}` }), "json"),
  AZURE_CLOUD: z._default(
    z.enum(AZURE_CLOUD_NAMES, { error: `expected ${AZURE_CLOUD_NAMES.join(", ")}` }),
    "AzureCloud",
  ),
  AZURE_CLIENT_ID: z.optional(text("a client id")),
  DASHBOARD_CLIENT_ID: z.optional(text("a client id")),
  DASHBOARD_LOCAL_USER: z.optional(text("a name")),
});

type Environment = Readonly<Record<string, string | undefined>>;

/** Pairs of which at least one setting is needed. Not in the schema, which would check them only if all else is valid. */
const ALTERNATIVES: readonly (readonly [inAzure: string, local: string, expected: string])[] = [
  ["AUDIT_EVENTS__fullyQualifiedNamespace", "AUDIT_EVENTS", "NAMESPACE.servicebus.windows.net"],
  ["INCIDENTS_TABLE_ENDPOINT", "INCIDENTS_STORAGE", "the table endpoint of a storage account"],
  ["DEAD_LETTERS_CONTAINER_URL", "INCIDENTS_STORAGE", "the URL of a blob container"],
  ["BACKUPS_CONTAINER_URL", "INCIDENTS_STORAGE", "the URL of a blob container"],
];

/** Every setting that the app's code reads, in alphabetical order. */
export const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS.shape).toSorted();

/**
 * Reads all settings.
 *
 * @throws {SettingsError} naming every setting that is missing or wrong, and the expected value
 */
export function readConfig(environment: Environment): Config {
  const filled = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim() !== ""));
  const parsed = SETTINGS.safeParse(filled);
  const missing = ALTERNATIVES.filter(
    ([inAzure, local]) => filled[inAzure] === undefined && filled[local] === undefined,
  );
  const others = [
    ...missing.map(
      ([inAzure, local, expected]) =>
        `${inAzure} is missing: expected ${expected} (or ${local} with a connection string, in local runs)`,
    ),
    ...sharedGroup(filled),
    ...contradictoryWaits(filled),
  ];
  if (!parsed.success || others.length > 0) {
    throw new SettingsError([...(parsed.error ? problemsOf(parsed.error, filled) : []), ...others]);
  }
  const settings = parsed.data;
  return {
    auditEvents: auditEvents(settings),
    incidents: endpoint(settings.INCIDENTS_STORAGE, settings.INCIDENTS_TABLE_ENDPOINT),
    deadLetters: endpoint(settings.INCIDENTS_STORAGE, settings.DEAD_LETTERS_CONTAINER_URL),
    backups: endpoint(settings.INCIDENTS_STORAGE, settings.BACKUPS_CONTAINER_URL),
    sinks: sinksSetUp(filled),
    logsIngestion: {
      endpoint: settings.LOGS_INGESTION_ENDPOINT,
      ruleId: settings.LOGS_INGESTION_RULE_ID,
      stream: settings.LOGS_INGESTION_STREAM,
      audience: AZURE_CLOUDS[settings.AZURE_CLOUD].monitorAudience,
    },
    portals: AZURE_CLOUDS[settings.AZURE_CLOUD].portals,
    webhook: webhook(settings),
    allowedTenantIds: new Set(settings.ALLOWED_TENANT_IDS.keys()),
    expectedLogCategories: settings.EXPECTED_LOG_CATEGORIES,
    tenantNames: settings.ALLOWED_TENANT_IDS,
    outboxMinimumAgeSeconds: settings.OUTBOX_MINIMUM_AGE_SECONDS,
    ledgerGraceSeconds: settings.LEDGER_GRACE_SECONDS,
    ledgerStallSeconds: settings.LEDGER_STALL_SECONDS,
    timerSchedules: {
      "outbox-timer": settings.OUTBOX_TIMER_SCHEDULE,
      "ledger-timer": settings.LEDGER_TIMER_SCHEDULE,
      "reconciliation-timer": settings.RECONCILIATION_TIMER_SCHEDULE,
      "window-timer": settings.WINDOW_TIMER_SCHEDULE,
      "backup-timer": settings.BACKUP_TIMER_SCHEDULE,
    },
    scansEvents: settings.SCAN_EVENTS === "true",
    identityClientId: settings.AZURE_CLIENT_ID,
  };
}

/**
 * Who may use page and API. Read apart from the other settings: a setting that is missing or wrong closes both.
 *
 * The platform sets `WEBSITE_AUTH_ENABLED` while App Service Authentication is on. Only then does it strip the headers that
 * name the principal from requests, so only then does pimwatch trust them. `WEBSITE_INSTANCE_ID` and `WEBSITE_SITE_NAME`
 * are set everywhere in Azure, where there is no local user.
 */
export function readDashboardAccess(environment: Environment): DashboardAccess {
  const setting = (name: string): string => environment[name]?.trim() ?? "";
  const clientId = setting("DASHBOARD_CLIENT_ID");
  if (clientId !== "" && setting("WEBSITE_AUTH_ENABLED").toLowerCase() === "true") return { kind: "entra", clientId };
  const inAzure = setting("WEBSITE_INSTANCE_ID") !== "" || setting("WEBSITE_SITE_NAME") !== "";
  const user = setting("DASHBOARD_LOCAL_USER");
  return user === "" || inAzure ? { kind: "off" } : { kind: "local", user };
}

/** Two readers of one group take partitions from each other. As in the hub, case does not count. */
function sharedGroup(settings: Environment): string[] {
  const [trigger, healer] = ["AUDIT_EVENTS_CONSUMER_GROUP", "AUDIT_EVENTS_HEALER_CONSUMER_GROUP"].map((name) =>
    settings[name]?.trim().toLowerCase(),
  );
  return healer === undefined || healer !== trigger
    ? []
    : ["AUDIT_EVENTS_HEALER_CONSUMER_GROUP is wrong: expected another group than AUDIT_EVENTS_CONSUMER_GROUP"];
}

/** The healer must read events before the hub drops them, and gaps no later than the end of a partition. */
function contradictoryWaits(settings: Environment): string[] {
  const hours = Number(settings["AUDIT_EVENTS_RETENTION_HOURS"] ?? RETENTION_HOURS);
  const stall = Number(settings["LEDGER_STALL_SECONDS"] ?? LEDGER_STALL_SECONDS);
  const grace = Number(settings["LEDGER_GRACE_SECONDS"] ?? LEDGER_GRACE_SECONDS);
  const problems = [
    hours >= 1 &&
      stall >= hours * 3_600 &&
      `LEDGER_STALL_SECONDS is wrong: expected less than AUDIT_EVENTS_RETENTION_HOURS (${hours} h = ${hours * 3_600} s), ` +
        `found ${stall} s. The hub would drop the last events of a partition before they are read again: set ` +
        `LEDGER_STALL_SECONDS to ${LEDGER_STALL_SECONDS}, or keep events in the hub for longer`,
    stall >= 0 &&
      grace > stall &&
      `LEDGER_GRACE_SECONDS is wrong: expected at most LEDGER_STALL_SECONDS (${stall} s), found ${grace} s. Gaps would ` +
        `wait longer than events at the end of a partition: set LEDGER_GRACE_SECONDS to ` +
        `${Math.min(LEDGER_GRACE_SECONDS, stall)}, or raise LEDGER_STALL_SECONDS`,
  ];
  return problems.filter((problem) => problem !== false);
}

interface HubSettings {
  readonly AUDIT_EVENTS?: string | undefined;
  readonly AUDIT_EVENTS__fullyQualifiedNamespace?: string | undefined;
  readonly AUDIT_EVENTS_HUB: string;
}

/** The hub's name. As in the host's extension, a hub in the connection string takes precedence. */
export function hubNameIn(settings: HubSettings): Pick<Config["auditEvents"], "namespace" | "hub"> {
  const part = (pattern: RegExp) => pattern.exec(settings.AUDIT_EVENTS ?? "")?.[1]?.trim();
  return {
    namespace: part(/Endpoint=\s*sb:\/\/([^;/]+)/i) ?? settings.AUDIT_EVENTS__fullyQualifiedNamespace ?? "",
    hub: part(/EntityPath=([^;]+)/i) ?? settings.AUDIT_EVENTS_HUB,
  };
}

function auditEvents(settings: z.infer<typeof SETTINGS>): Config["auditEvents"] {
  return {
    endpoint: endpoint(settings.AUDIT_EVENTS, settings.AUDIT_EVENTS__fullyQualifiedNamespace ?? ""),
    ...hubNameIn(settings),
    healerConsumerGroup: settings.AUDIT_EVENTS_HEALER_CONSUMER_GROUP,
    retentionHours: settings.AUDIT_EVENTS_RETENTION_HOURS,
  };
}

/** Requests that leave the machine must be encrypted. */
export function isWebhookUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(hostname));
}

function webhook({ WEBHOOK_URL: url, WEBHOOK_FORMAT: format }: z.infer<typeof SETTINGS>): WebhookConfig | undefined {
  if (url === undefined) return undefined;
  return { url: KEY_VAULT_REFERENCE.test(url) ? undefined : url, format };
}

function endpoint(connectionString: string | undefined, address: string | undefined): Endpoint {
  return connectionString === undefined
    ? { kind: "identity", url: address ?? "" }
    : { kind: "connectionString", connectionString };
}

/** Says that a setting is missing or wrong, but never shows its value, which may be a key. */
function problemsOf(error: z.core.$ZodError, settings: Readonly<Record<string, unknown>>): string[] {
  return error.issues.map(({ path, message }) => {
    const name = path.join(".");
    return `${name} ${settings[name] === undefined ? "is missing" : "is wrong"}: ${message}`;
  });
}
