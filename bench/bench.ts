import { parseArgs } from "node:util";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { benchDetection, benchRuleCount } from "./detection.ts";
import { givenEvents } from "./given-events.ts";
import { machine } from "./report.ts";
import { generatedRules, officialRule, withOperation } from "./rules.ts";
import { auditOnly, escapes, highMatchRate, mixed, tiny } from "./shapes.ts";

const USAGE = `npm run bench [-- --quick] [-- --events FILE --expect FILE]

  --quick          the main ratios, in under a minute
  --events FILE    measures on this data instead: one event body a line
  --expect FILE    a JSON array of the audit record ids that must match, in order`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    events: { type: "string" },
    expect: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const MEGABYTE = 1_000_000;
function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function main(): Promise<void> {
  if (values.help) return print([USAGE]);
  const rule = await officialRule();
  print([machine(), ""]);
  if (values.events !== undefined) {
    if (values.expect === undefined) throw new Error("--events needs --expect FILE: the ids that must be found");
    const { shape, tenants } = givenEvents(values.events, values.expect);
    const hasEscapes = true; // not known: the search that does not see escapes is left out
    return print(await benchDetection(shape, { rule, tenants, rounds: 9, name: "given events", hasEscapes }));
  }
  const tenants = new Set([TENANT_ID]);
  const rounds = values.quick ? 5 : 15;
  const size = (values.quick ? 30 : 120) * MEGABYTE;
  const options = { rule, tenants, rounds };
  const large = mixed(size);
  print(await benchDetection(large, { ...options, name: "large mixed bodies" }));
  print(await benchDetection(tiny(size / 3), { ...options, name: "tiny bodies" }));
  print(await benchDetection(auditOnly(size / 3), { ...options, name: "audit only with 1 % matches" }));
  print(await benchDetection(escapes(size / 2), { ...options, name: "escapes everywhere", hasEscapes: true }));
  if (!values.quick) print(await benchDetection(highMatchRate(size / 4), { ...options, name: "half of all match" }));
  const more = generatedRules(rule, 49);
  const sets = {
    "1 rule": [rule],
    "10 rules": [rule, ...more.slice(0, 9)],
    "50 rules": [rule, ...more],
    "2 rules, one for a short name": [rule, withOperation(rule, "Add user", "00000000-0000-4000-8000-000000000001")],
  };
  // A short name is in many records, so the id's count differs: it is measured on what it finds beside the matches.
  const { "2 rules, one for a short name": _short, ...promised } = sets;
  print(await benchRuleCount(large, promised, options));
  {
    const { benchOffline } = await import("./offline.ts");
    print(
      await benchOffline(mixed(values.quick ? 15 * MEGABYTE : 60 * MEGABYTE), {
        ...options,
        rounds: values.quick ? 2 : 5,
      }),
    );
  }
}

await main();
