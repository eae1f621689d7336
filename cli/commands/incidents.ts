import {
  FILTER_NAMES,
  FILTERS,
  forEachFilter,
  listedValues,
  OPEN_STATUSES,
} from "../../src/core/triage/incident-filters.ts";
import { visible } from "../../src/core/visible-text.ts";
import { UsageError } from "../../src/errors.ts";
import { command, type Values, wholeNumber } from "../command.ts";
import { STORAGE_OPTIONS } from "../deployment/storage-options.ts";

/** The options of the filters, for each command that reads incidents. */
export const FILTER_OPTIONS = forEachFilter((name) => {
  const { help, placeholder } = FILTERS[name];
  const values = listedValues(name);
  const accepted = values.length === 0 ? "" : `: ${values.join(", ")}, comma-separated`;
  const more = name === "status" ? `; or all (default: ${OPEN_STATUSES})` : "";
  return { type: "string", value: placeholder, help: `${help}${accepted}${more}` } as const;
});

const OPTIONS = {
  storage: STORAGE_OPTIONS.storage,
  "table-endpoint": STORAGE_OPTIONS["table-endpoint"],
  ...FILTER_OPTIONS,
  order: {
    type: "string",
    value: "ORDER",
    help: "time (default): oldest first; newest: newest first; or priority: most urgent first",
  },
  limit: { type: "string", value: "N", help: "how many the list has at most (default 50)" },
  json: { type: "boolean", help: "JSON, one line for each incident" },
} as const;

export type IncidentOptions = Values<typeof OPTIONS>;

const ORDERS = ["time", "newest", "priority"] as const;
export type Order = (typeof ORDERS)[number];

const DEFAULT_LIMIT = 50;
const MOST = 100_000;

export const incidents = command({
  name: "incidents",
  summary: "Lists incidents, or shows one with its changes, history and record.",
  operands: "[options] [list | show ID]",
  options: OPTIONS,
  notes: `ID is the incident's id, as the list shows it; its beginning will do.

The list runs from the oldest to the newest activity, so the newest is above the summary. If there are more incidents
than --limit, it has the most urgent ones, or with --order newest the newest ones.

The table is named by --storage, --table-endpoint, INCIDENTS_STORAGE or INCIDENTS_TABLE_ENDPOINT, or by the
local.settings.json of \`pimwatch stack\`. In a checkout it is otherwise that of the \`npm start\` that runs. In Azure, your
own sign-in (az login) needs the role Storage Table Data Reader.

  npx pimwatch incidents --priority P1,P2 --table-endpoint https://ACCOUNT.table.core.windows.net
  npx pimwatch incidents --status all --role "Global Administrator" --order newest --json
  npx pimwatch incidents show 9f8e7d6c`,
  exitCodes: {
    0: "it was listed or shown, also if there is nothing",
  },
  async run({ values, operands }, terminal) {
    const [action = "list", id, ...more] = operands;
    const limit = wholeNumber("limit", values.limit, { min: 1, max: MOST }) ?? DEFAULT_LIMIT;
    if (action === "list" && id === undefined) {
      const order = ORDERS.find((known) => known === (values.order ?? "time"));
      if (order === undefined)
        throw new UsageError(`--order must be ${ORDERS.join(", ")}, not "${visible(values.order ?? "")}"`);
      const { list } = await reader(); // the SDKs are loaded when first needed
      return list(parametersOf(values), { ...values, limit, order }, terminal);
    }
    if (action !== "show" || id === undefined || more.length > 0)
      throw new UsageError("Give `list`, or `show ID`. See: pimwatch incidents --help");
    if (!/^[0-9a-f]{1,64}$/.test(id)) throw new UsageError("ID is of the characters 0-9 and a-f");
    const { show } = await reader();
    return show(id, values, terminal);
  },
});

const reader = () => import("../incidents/incident-reader.ts");

/** The parameters of an API request: one reader checks both. */
function parametersOf(values: IncidentOptions): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const name of FILTER_NAMES) {
    const value = name === "status" ? statusOf(values) : values[name];
    if (value !== undefined) parameters.set(name, value);
  }
  return parameters;
}

function statusOf({ status = OPEN_STATUSES }: IncidentOptions): string | undefined {
  return status === "all" ? undefined : status;
}
