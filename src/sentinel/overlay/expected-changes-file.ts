import * as z from "zod";
import { type ExpectedChange, expiredEntries } from "../../core/pim-settings/expected-changes.ts";
import { KNOWN_ROLES } from "../../core/pim-settings/roles.ts";
import type { Problem } from "../../kql/compile/problem.ts";
import { placeOf, readYaml, type YamlFile } from "../yaml-file.ts";

const text = z.string().trim().min(1, "expected a text");
/** One text or a list of them. */
const texts = z
  .union([text, z.array(text).min(1, "expected at least one entry")])
  .transform((value) => (typeof value === "string" ? [value] : value));

const POLICY_RULE = /^(?:Enablement|Expiration|Approval|AuthenticationContext|Notification|CustomExtension)_[\w*]+$/;
const setting = text.refine(
  (value) => value.toLowerCase() === "any" || POLICY_RULE.test(value),
  'expected the id of a policy rule, such as "Approval_EndUser_Assignment", or "any"',
);
const settings = z
  .union([setting, z.array(setting).min(1, "expected at least one entry")])
  .transform((value) => (typeof value === "string" ? [value] : value));

/** A time must have an offset, or it would differ between machines. */
const time = text.refine(
  (value) =>
    /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/.test(value) && !Number.isNaN(Date.parse(value)),
  "expected a date (2026-11-30) or a time with its offset (2026-11-30T18:00:00Z)",
);

const tenantId = text.refine(
  (value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value),
  "expected a tenant id (GUID)",
);
const tenants = z
  .union([tenantId, z.array(tenantId).min(1, "expected at least one entry")])
  .transform((value) => (typeof value === "string" ? [value] : value));

const entryShape = z
  .strictObject({
    tenant: tenants.optional(),
    who: texts,
    role: texts,
    settings,
    ticket: text,
    from: time,
    until: time,
  })
  .refine(({ from, until }) => !(Date.parse(from) >= Date.parse(until)), {
    message: '"until" must be later than "from"',
    path: ["until"],
  })
  .transform(({ tenant, role, ...entry }): ExpectedChange => ({
    ...entry,
    ...(tenant !== undefined && { tenants: tenant }),
    roles: role,
    from: new Date(entry.from).toISOString(),
    until: new Date(entry.until).toISOString(),
  }));

const fileShape = z.strictObject({ expectedChanges: z.array(entryShape).nullable() });

/** A longer window is usually a forgotten end, not a plan. */
const MAX_WINDOW_DAYS = 90;
const MILLISECONDS_PER_DAY = 24 * 60 * 60 * 1000;

/**
 * Reads `expected-changes.yaml` of a rule: planned changes, each with who, role, settings, ticket, from and until, and where
 * pimwatch watches several tenants, with its tenant. An entry
 * that has ended, or covers more than 90 days, is a warning. A file with an error covers nothing.
 *
 * @param now the time of the build: entries that ended before it are reported
 */
export function readExpectedChanges(
  source: string,
  name: string,
  now: Date,
): { readonly expectedChanges: readonly ExpectedChange[]; readonly problems: readonly Problem[] } {
  const { file, value, problems } = readYaml(source, name);
  if (problems.length > 0) return { expectedChanges: [], problems };
  const parsed = fileShape.safeParse(value);
  if (!parsed.success) {
    const errors = parsed.error.issues.map(({ path, message }): Problem => ({
      file: name,
      ...placeOf(file, path),
      level: "error",
      code: "expected-changes",
      message: path.length === 0 ? message : `${path.join(".")}: ${message}`,
    }));
    return { expectedChanges: [], problems: errors };
  }
  const expectedChanges = parsed.data.expectedChanges ?? [];
  const warnings = expectedChanges.flatMap((entry, index) => warningsOf({ file, entry, index, now }));
  return { expectedChanges, problems: warnings };
}

interface Placed {
  readonly file: YamlFile;
  readonly entry: ExpectedChange;
  readonly index: number;
  readonly now: Date;
}

function warningsOf({ file, entry, index, now }: Placed): Problem[] {
  const warning = (field: string, code: string, message: string): Problem => ({
    file: file.name,
    ...placeOf(file, ["expectedChanges", index, field]),
    level: "warning",
    code,
    message,
  });
  const days = (Date.parse(entry.until) - Date.parse(entry.from)) / MILLISECONDS_PER_DAY;
  const critical = KNOWN_ROLES.filter(({ tier }) => tier === "critical").find(({ name, templateId }) =>
    entry.roles.some((role) => [name.toLowerCase(), templateId].includes(role.toLowerCase())),
  );
  return [
    ...(expiredEntries([entry], now).length > 0
      ? [warning("until", "expected-change-expired", `${entry.ticket} ended at ${entry.until}: remove the entry`)]
      : []),
    ...(days > MAX_WINDOW_DAYS
      ? [
          warning(
            "until",
            "expected-change-long",
            `${entry.ticket} covers ${Math.round(days)} days; plan at most ${MAX_WINDOW_DAYS}`,
          ),
        ]
      : []),
    ...(critical === undefined
      ? []
      : [
          warning(
            "role",
            "expected-change-critical",
            `changes of ${critical.name} are marked as expected, but keep their priority`,
          ),
        ]),
  ];
}
