import { counted } from "../../src/core/counted.ts";
import { containerClient, type Credential, ownSignIn, tableClient } from "../../src/azure/clients.ts";
import { deadLetters as lettersIn } from "../../src/azure/dead-letters.ts";
import { incidentTable } from "../../src/azure/incidents/incident-table.ts";
import { categorySightingTable } from "../../src/azure/ledger/category-sighting-table.ts";
import { evaluationTable } from "../../src/azure/ledger/evaluation-table.ts";
import { ledgerTable } from "../../src/azure/ledger/ledger-table.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { expectedCategories } from "../../src/core/ledger/category-sightings.ts";
import { type DelayFigures, delayText } from "../../src/core/ledger/delays.ts";
import type { RuleSet, UsedRuleSet } from "../../src/core/ledger/evaluations.ts";
import type { ProofOfSilence, ProvenRule } from "../../src/core/ledger/proof-of-silence.ts";
import { visible } from "../../src/core/visible-text.ts";
import { SettingsError, UsageError } from "../../src/errors.ts";
import { DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE, LEDGER_TABLE } from "../../src/storage-names.ts";
import { readProof, type SilenceDependencies, statementsOf } from "../../src/workflows/health/silence.ts";
import { givenSettings } from "../deployment/app-settings.ts";
import { jsonLine } from "../json-line.ts";
import type { Terminal } from "../terminal.ts";

interface Choice {
  readonly settings?: string;
  readonly tenant?: string;
  readonly json?: boolean;
}

/** @returns the exit code */
export async function silenceReport(
  [wanted, ...more]: readonly string[],
  { settings, tenant, json }: Choice,
  terminal: Terminal,
): Promise<number> {
  if (more.length > 0) throw new UsageError("Give one RULE, or none for the list. Quote a name with spaces");
  const deps = await dependenciesOf(await givenSettings(settings, terminal));
  terminal.progress("Reading the ledger …");
  const proof = await readProof(deps);
  const only = tenant?.toLowerCase();
  if (only !== undefined && !proof.tenants.some(({ id }) => id === only))
    throw new UsageError(`ALLOWED_TENANT_IDS of the app does not name tenant ${visible(only)}`);
  if (wanted === undefined) {
    terminal.out(json === true ? jsonLine(proof) : overview(proof));
    return isWhole(proof) ? 0 : 1;
  }
  terminal.progress("Counting incidents …");
  const statements = await statementsOf(proof, theRule(proof.rules, wanted), { ...deps, tenant: only });
  for (const statement of statements)
    terminal.out(json === true ? jsonLine(statement) : `${visible(statement.sentence)}\n`);
  return statements.every(({ status }) => status === "complete") ? 0 : 1;
}

async function dependenciesOf(settings: Readonly<Record<string, string | undefined>>): Promise<SilenceDependencies> {
  const config = configOf(settings);
  const credential: Credential = ownSignIn;
  const table = async (name: string) => tableRows(await tableClient({ ...config.incidents, credential }, name));
  const [ledgerRows, incidentRows] = await Promise.all([table(LEDGER_TABLE), table(INCIDENTS_TABLE)]);
  return {
    ledger: ledgerTable(ledgerRows, config.auditEvents),
    evaluations: evaluationTable(ledgerRows, config.auditEvents),
    sightings: categorySightingTable(
      ledgerRows,
      config.auditEvents,
      expectedCategories(config.allowedTenantIds, config.expectedLogCategories),
    ),
    deadLetters: lettersIn(await containerClient({ ...config.deadLetters, credential }, DEAD_LETTERS_CONTAINER)),
    incidents: incidentTable(incidentRows),
    ruleSet: ({ sets }) => latest(sets),
    now: () => new Date(),
  };
}

function configOf(settings: Readonly<Record<string, string | undefined>>): Config {
  try {
    return readConfig(settings);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new UsageError(`${error.problems.join("; ")}. See: pimwatch doctor`, { cause: error });
  }
}

/** The app's rules, from the app itself: those in this folder may be others. */
function latest(sets: readonly UsedRuleSet[]): RuleSet {
  const [set] = sets.toSorted((a, b) => b.lastAt - a.lastAt);
  if (set === undefined)
    throw new UsageError(
      "The app has not evaluated any event yet, or its version keeps no proof. See: pimwatch doctor",
    );
  return set;
}

function theRule(rules: readonly ProvenRule[], wanted: string): ProvenRule {
  const text = wanted.toLowerCase();
  const found = rules.filter(({ id, name }) => id.startsWith(text) || name.toLowerCase().includes(text));
  const [rule, another] = found.filter(({ id, name }) => id === text || name.toLowerCase() === text).concat(found);
  if (rule === undefined)
    throw new UsageError(`No rule that runs has the id or name "${visible(wanted)}". See: pimwatch silence`);
  if (another !== undefined && another !== rule)
    throw new UsageError(`More than one rule has "${visible(wanted)}" in its id or name. Give more of it`);
  return rule;
}

function isWhole({ evaluatedThrough: through = "", openEvents, rules, tenants }: ProofOfSilence): boolean {
  const isProven = ({ since = "~" }: { readonly since: string | undefined }): boolean => since < through;
  return (
    openEvents === 0 &&
    rules.every((rule) => isProven(rule) && rule.deadLetters === 0) &&
    tenants.every((tenant) => isProven(tenant) && tenant.lastRecordAt !== undefined)
  );
}

function overview(proof: ProofOfSilence): string {
  const { openEvents, lostEvents, deadLetters, delays, app } = proof;
  const lines = [
    `evaluated through  ${proof.evaluatedThrough ?? "unknown: ledger-timer has not checked every partition yet"}`,
    `not stored yet     ${counted(openEvents, "event")}${rangesText(proof)}`,
    `lost               ${counted(lostEvents, "event")} of this hub`,
    `set aside          ${deadLetters === undefined ? "unknown: the dead letters cannot be counted" : counted(deadLetters, "dead letter")}`,
    `occurred → hub     ${delayLine(delays.occurredToHub, "audit records that were read in full")}`,
    `hub → stored       ${delayLine(delays.hubToStored, "events")}`,
    ...app.map(({ version, from, until }) => `pimwatch           ${version}, used from ${from} to ${until}`),
    "",
    ...proof.rules.map(ruleLine),
    "",
    ...proof.tenants.map(
      ({ id, since, lastRecordAt }) =>
        `tenant ${id}  allowed since ${since ?? "unknown"}, latest record read ${lastRecordAt ?? "never"}`,
    ),
  ];
  return `${lines.map(visible).join("\n")}\n`;
}

function rangesText({ open }: ProofOfSilence): string {
  if (open.length === 0) return "";
  return `: ${open.map(({ partition, first, last }) => `partition ${partition}, ${first === last ? `number ${first}` : `numbers ${first} to ${last}`}`).join("; ")}`;
}

function delayLine(figures: DelayFigures | undefined, what: string): string {
  return `${delayText(figures)}${figures === undefined ? "" : ` (${figures.count} ${what}, up to a day)`}`;
}

function ruleLine({ id, name, version, plan, since, deadLetters, earlier }: ProvenRule): string {
  const before = earlier.map((one) => `; before that ${one.version} (plan ${one.plan}) until ${one.until}`).join("");
  const letters =
    deadLetters === 0
      ? ""
      : `, ${deadLetters === undefined ? "unknown dead letters" : counted(deadLetters, "dead letter")}`;
  return `${id}  ${name}  ${version} (plan ${plan}) since ${since ?? "unknown"}${letters}${before}`;
}
