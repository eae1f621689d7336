import { UsageError } from "../../src/errors.ts";
import { command, type Values, wholeNumber } from "../command.ts";
import { STORAGE_OPTIONS } from "../deployment/storage-options.ts";

const FILTERS = {
  status: { type: "string", value: "LIST", help: "New, Active, Closed, by commas; or all (default: New,Active)" },
  priority: { type: "string", value: "LIST", help: "P1 to P4, by commas" },
  severity: { type: "string", value: "LIST", help: "High, Medium, Low, Informational, by commas" },
  effect: { type: "string", value: "LIST", help: "weakens, unknown, neutral, strengthens, by commas" },
  role: { type: "string", value: "NAME", help: "the whole name of a role, with or without its scope" },
  actor: { type: "string", value: "NAME", help: "the whole name of who did it" },
  owner: { type: "string", value: "NAME", help: "the whole name of who works on it" },
  burst: { type: "string", value: "ID", help: "what one actor did within one hour: BurstId of an incident" },
  text: { type: "string", value: "WORDS", help: "words somewhere in what the list knows of it" },
  from: { type: "string", value: "TIME", help: "activity since then, such as 2026-01-31T12:00:00Z" },
  to: { type: "string", value: "TIME", help: "activity before then" },
  order: { type: "string", value: "ORDER", help: "priority (default): most urgent first; or newest" },
} as const;

const OPTIONS = {
  storage: STORAGE_OPTIONS.storage,
  "table-endpoint": STORAGE_OPTIONS["table-endpoint"],
  ...FILTERS,
  limit: { type: "string", value: "N", help: "how many the list has at most (default 50)" },
  json: { type: "boolean", help: "JSON, one line for each incident" },
} as const;

export type IncidentOptions = Values<typeof OPTIONS>;

const DEFAULT_LIMIT = 50;
const MOST = 100_000;

export const incidents = command({
  name: "incidents",
  summary: "Lists incidents, or shows one with its changes, history and record.",
  operands: "[options] [list | show ID]",
  options: OPTIONS,
  notes: `ID is the incident's id, as the list shows it; its beginning will do.

The table is named by --storage, --table-endpoint, INCIDENTS_STORAGE or INCIDENTS_TABLE_ENDPOINT, or by the
local.settings.json of \`pimwatch stack\`. \`npm start\` prints the --table-endpoint of its own. In Azure, your own
sign-in (az login) needs the role Storage Table Data Reader.

  npx pimwatch incidents --priority P1,P2 --table-endpoint https://ACCOUNT.table.core.windows.net
  npx pimwatch incidents --status all --role "Global Administrator" --order newest --json
  npx pimwatch incidents show 9f8e7d6c

Exit code: 0 when it was listed or shown, also where there is nothing; 2 when it cannot be done as asked.`,
  async run({ values, operands }, terminal) {
    const [action = "list", id, ...more] = operands;
    const limit = wholeNumber("limit", values.limit, { min: 1, max: MOST }) ?? DEFAULT_LIMIT;
    if (action === "list" && id === undefined) {
      const { list } = await reader(); // the SDKs are loaded when first needed
      return list(parametersOf(values), { ...values, limit }, terminal);
    }
    if (action !== "show" || id === undefined || more.length > 0)
      throw new UsageError("Give `list`, or `show ID`. See: pimwatch incidents --help");
    if (!/^[0-9a-f]{1,64}$/.test(id)) throw new UsageError("ID is of the characters 0-9 and a-f");
    const { show } = await reader();
    return show(id, values, terminal);
  },
});

const reader = () => import("../incidents/incident-reader.ts");

/** As the API's list takes them: there is one reader of both. */
function parametersOf(values: IncidentOptions): URLSearchParams {
  const parameters = new URLSearchParams({ status: "New,Active", order: "priority" });
  for (const name of Object.keys(FILTERS)) {
    const value = Object.entries(values).find(([given]) => given === name)?.[1];
    if (typeof value === "string") parameters.set(name, value);
  }
  if (parameters.get("status") === "all") parameters.delete("status");
  return parameters;
}
