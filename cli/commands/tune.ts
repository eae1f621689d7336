import { UsageError } from "../../src/errors.ts";
import { command, type Values } from "../command.ts";
import { STORAGE_OPTIONS } from "../deployment/storage-options.ts";
import { FILTER_OPTIONS } from "./incidents.ts";

const OPTIONS = {
  storage: STORAGE_OPTIONS.storage,
  "table-endpoint": STORAGE_OPTIONS["table-endpoint"],
  tenant: FILTER_OPTIONS.tenant,
  from: FILTER_OPTIONS.from,
  to: FILTER_OPTIONS.to,
  rules: { type: "string", value: "DIR", help: "folder of rules (default: rules)" },
  when: { type: "string", value: "CONDITION", help: "try this condition of your own instead of looking for one" },
  write: { type: "boolean", help: "add the first proposal to the rule's overlay.yaml" },
  json: { type: "boolean", help: "print counts, proposals and refusals as JSON" },
} as const;

export type TuneOptions = Values<typeof OPTIONS>;

export const tune = command({
  name: "tune",
  summary: "Proposes exclusions for a rule from incidents that analysts closed as false or benign.",
  operands: "[options] RULE",
  options: OPTIONS,
  notes: `RULE is the name of a rule's folder, its id, or a path. The incidents are read as \`pimwatch incidents\` reads them.

The command looks for the shortest conditions, of at most three comparisons of actor, application, target, address,
operation and the rule's own columns, that cover the most incidents closed as FalsePositive or BenignPositive, at least
two. It puts each into the rule's overlay, compiles the rule, and runs it over the stored audit records: so it says
which past incidents the exclusion would have removed.

It never proposes a condition that removes an incident closed as TruePositive. If one would remove more, it says so, and
names the true positives. Open and undetermined incidents that a proposal removes are listed with a caution.

Nothing is written without --write. With it, the first proposal becomes the last exclusion of the overlay, and
everything else in the file stays as it is. An exclusion has no end: its reason names a day to review it.

  npx pimwatch tune changes-to-pim-settings --table-endpoint https://ACCOUNT.table.core.windows.net
  npx pimwatch tune role-assigned-outside-of-pim --when 'InitiatingAppId == "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9"'`,
  exitCodes: {
    0: "there is a proposal; with --write: it is in the overlay",
    1: "there is none, or CONDITION would hide a true positive; nothing was written",
    2: "CONDITION does not compile, or the overlay cannot be changed without a person",
  },
  async run({ values, operands }, terminal) {
    const [rule, ...more] = operands;
    if (rule === undefined || more.length > 0) throw new UsageError("Give one RULE. See: pimwatch tune --help");
    const { tuneReport } = await import("../tuning/tune-report.ts"); // compiler and SDKs are loaded when first needed
    return tuneReport(rule, values, terminal);
  },
});
