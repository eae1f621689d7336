import { command } from "../command.ts";

const OPTIONS = {
  settings: {
    type: "string",
    value: "FILE",
    help: "settings of the app: local.settings.json, or the output of az; - is stdin",
  },
  tenant: { type: "string", value: "ID", help: "only this tenant (a GUID)" },
  json: { type: "boolean", help: "print JSON: one line for all, or one for each statement" },
} as const;

export const silence = command({
  name: "silence",
  summary: 'Says through when each rule has evaluated the events, and what it has not: how far to trust "no incident".',
  operands: "[options] [RULE]",
  options: OPTIONS,
  notes: `Without RULE it lists the rules, the tenants, and the events that no rule has evaluated yet. RULE is the id of a
rule, its beginning, or a part of its name. Then it prints one sentence for each tenant:

  Rule "…" found nothing in tenant … between … and …. Every event that reached the hub in that time was
  evaluated by version … (plan …) in pimwatch …, except …

It reads the tables and the container of dead letters, and changes nothing. It finds them as \`pimwatch doctor\` does:

  az functionapp config appsettings list -g GROUP -n APP | npx pimwatch silence --settings - RULE`,
  exitCodes: {
    0: "the events of each rule and tenant were evaluated without exception",
    1: "there are exceptions, or nothing is proven of a rule or tenant",
  },
  async run({ values, operands }, terminal) {
    const { silenceReport } = await import("../silence/silence-report.ts"); // the SDKs are loaded when first needed
    return silenceReport(operands, values, terminal);
  },
});
