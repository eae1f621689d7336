import { z } from "zod";
import { SettingsError } from "./errors.ts";

/** A service, reached with the app's managed identity or, in local runs, by connection string. */
export type Endpoint =
  | { readonly kind: "identity"; readonly url: string }
  | { readonly kind: "connectionString"; readonly connectionString: string };

/** Everything that the environment decides. */
export interface Config {
  readonly incidents: Endpoint;
  readonly deadLetters: Endpoint;
  readonly logsIngestion: { readonly endpoint: string; readonly ruleId: string; readonly stream: string };
  /** In lower case. */
  readonly allowedTenantIds: ReadonlySet<string>;
  readonly outboxMinimumAgeSeconds: number;
  /** Whether events are first searched for what the rules' matches must hold; without, every record is read. */
  readonly scansEvents: boolean;
  /** Client id of the user-assigned identity; undefined where the system-assigned one is meant. */
  readonly identityClientId: string | undefined;
}

const URL_FORM = /^https?:\/\/[^\s/]+/;
const text = (expected: string) =>
  z
    .string({ error: `expected ${expected}` })
    .trim()
    .min(1, { error: `expected ${expected}` });
const url = (expected: string) => text(expected).regex(URL_FORM, { error: `expected ${expected}` });
const TENANTS = "one or more tenant ids (GUIDs), separated by commas";
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const tenantIds = text(TENANTS)
  .transform((list) => list.split(",").map((id) => id.trim().toLowerCase()))
  .refine((ids) => ids.every((id) => GUID.test(id)), { error: `expected ${TENANTS}` });

/**
 * The settings that the app's code reads, with what each must be. Those that only the Functions host
 * reads (the trigger's connection, hub and consumer group, timer schedules) are checked to be there,
 * since without them a function silently does not run.
 */
const SETTINGS = z.object({
  AUDIT_EVENTS: z.string().trim().min(1).optional(),
  AUDIT_EVENTS__fullyQualifiedNamespace: z.string().trim().min(1).optional(),
  AUDIT_EVENTS_HUB: text("the name of the event hub"),
  AUDIT_EVENTS_CONSUMER_GROUP: text("a consumer group that nothing else reads"),
  INCIDENTS_TABLE_ENDPOINT: url(
    "the table endpoint of a storage account, https://ACCOUNT.table.core.windows.net",
  ).optional(),
  INCIDENTS_STORAGE: z.string().trim().min(1).optional(),
  DEAD_LETTERS_CONTAINER_URL: url("the URL of a blob container, https://ACCOUNT.blob.core.windows.net/NAME").optional(),
  LOGS_INGESTION_ENDPOINT: url("the logs ingestion endpoint of the data collection rule, https://…"),
  LOGS_INGESTION_RULE_ID: text("the immutable id of the data collection rule, dcr-…"),
  LOGS_INGESTION_STREAM: text("the stream of the data collection rule, Custom-…").regex(/^Custom-/, {
    error: "expected a stream name that begins with Custom-",
  }),
  ALLOWED_TENANT_IDS: tenantIds,
  OUTBOX_TIMER_SCHEDULE: text('an NCRONTAB expression, such as "0 * * * * *"'),
  OUTBOX_MINIMUM_AGE_SECONDS: z.coerce
    .number({ error: "expected a number of seconds" })
    .min(0, { error: "expected a number of seconds, 0 or more" })
    .max(86_400, { error: "expected a number of seconds, at most 86400 (a day)" })
    .default(60),
  SCAN_EVENTS: z.enum(["true", "false"], { error: "expected true or false" }).default("true"),
  AZURE_CLIENT_ID: z.string().trim().optional(),
});

/** Of these pairs at least one setting is needed. Apart from the schema, which would look at them only once all else is right. */
const ALTERNATIVES: readonly (readonly [inAzure: string, local: string, expected: string])[] = [
  ["AUDIT_EVENTS__fullyQualifiedNamespace", "AUDIT_EVENTS", "NAMESPACE.servicebus.windows.net"],
  ["INCIDENTS_TABLE_ENDPOINT", "INCIDENTS_STORAGE", "the table endpoint of a storage account"],
  ["DEAD_LETTERS_CONTAINER_URL", "INCIDENTS_STORAGE", "the URL of a blob container"],
];

/** Every setting that the app's code reads, in alphabetical order. */
export const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS.shape).toSorted();

/**
 * Reads the settings, all at once.
 *
 * @throws {SettingsError} naming every setting that is missing or wrong and what is expected
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim() !== ""));
  const parsed = SETTINGS.safeParse(given);
  const missing = ALTERNATIVES.filter(([inAzure, local]) => given[inAzure] === undefined && given[local] === undefined);
  if (!parsed.success || missing.length > 0) {
    const others = missing.map(
      ([inAzure, local, expected]) =>
        `${inAzure} is missing: expected ${expected} (or ${local} with a connection string, in local runs)`,
    );
    throw new SettingsError([...(parsed.error ? problemsOf(parsed.error, given) : []), ...others]);
  }
  const settings = parsed.data;
  return {
    incidents: endpoint(settings.INCIDENTS_STORAGE, settings.INCIDENTS_TABLE_ENDPOINT),
    deadLetters: endpoint(settings.INCIDENTS_STORAGE, settings.DEAD_LETTERS_CONTAINER_URL),
    logsIngestion: {
      endpoint: settings.LOGS_INGESTION_ENDPOINT,
      ruleId: settings.LOGS_INGESTION_RULE_ID,
      stream: settings.LOGS_INGESTION_STREAM,
    },
    allowedTenantIds: new Set(settings.ALLOWED_TENANT_IDS),
    outboxMinimumAgeSeconds: settings.OUTBOX_MINIMUM_AGE_SECONDS,
    scansEvents: settings.SCAN_EVENTS === "true",
    identityClientId: settings.AZURE_CLIENT_ID,
  };
}

function endpoint(connectionString: string | undefined, address: string | undefined): Endpoint {
  return connectionString === undefined
    ? { kind: "identity", url: address ?? "" }
    : { kind: "connectionString", connectionString };
}

/** Says whether a setting is missing or wrong, never its value: it may hold a key. */
function problemsOf(error: z.ZodError, given: Readonly<Record<string, unknown>>): string[] {
  return error.issues.map(({ path, message }) => {
    const name = path.join(".");
    return `${name} ${given[name] === undefined ? "is missing" : "is wrong"}: ${message}`;
  });
}
