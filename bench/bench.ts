import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../build.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { benchColdStart } from "./cold-start.ts";
import { costModel } from "./cost-model.ts";
import { benchDetection, benchRuleCount } from "./detection/detection.ts";
import { givenEvents } from "./detection/given-events.ts";
import { appSecondsPerGigabyte, benchBacklog, benchLatency } from "./local-path.ts";
import { benchOffline } from "./detection/offline.ts";
import { benchLimits } from "./limits/limits.ts";
import { benchLoading } from "./loading.ts";
import { benchMemory, benchProcesses } from "./processes.ts";
import { benchRedelivery } from "./redelivery.ts";
import { benchWindows } from "./windows.ts";
import { machine } from "./report.ts";
import { generatedRules, namedRules, officialRule, rulesIn } from "./rules.ts";
import { auditOnly, escapes, highMatchRate, mixed, mixedWithoutOthers, type Shape, tiny } from "./detection/shapes.ts";
import { unbundledApp } from "./unbundled-app.ts";

const USAGE = `npm run bench [-- --quick] [-- --events FILE --expect FILE] [-- --only PART] [-- --rules DIR]

  --quick          measure only the main ratios, in under a minute
  --events FILE    measure this data instead: one event body per line
  --expect FILE    JSON array of the audit record ids that must match, in order
  --only PART      detection, rules, limits, offline, loading, redelivery, windows,
                   start, path, processes, cost or memory
  --rules DIR      in the part rules, measure the rules of this folder, too

jq and DuckDB take part if installed: apt-get install jq, npm ci --prefix bench.`;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    events: { type: "string" },
    expect: { type: "string" },
    only: { type: "string" },
    rules: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const MEGABYTE = 1_000_000;
const LARGE = "large mixed bodies";

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function main(): Promise<void> {
  if (values.help) return print([USAGE]);
  print([machine(), ""]);
  if (values.events !== undefined) return onGivenEvents(values.events, values.expect);
  for (const [name, part] of values.quick ? QUICK : WHOLE)
    if (values.only === undefined || values.only === name) await part();
}

async function onGivenEvents(events: string, expect: string | undefined): Promise<void> {
  if (expect === undefined) throw new Error("--events needs --expect FILE: the ids that must be found");
  const { shape, tenants } = givenEvents(events, expect);
  const options = { rule: await officialRule(), tenants, rounds: 15, name: LARGE };
  // The data may have escapes, so leave out the search that misses them.
  print(await benchDetection(shape, { ...options, hasEscapes: true }));
}

const tenants = new Set([TENANT_ID]);
const rounds = values.quick ? 8 : 24;
const size = (values.quick ? 15 : 20) * MEGABYTE;
let made: Shape | undefined;
const large = (): Shape => (made ??= mixed(size));

async function onShapes(): Promise<void> {
  const options = { rule: await officialRule(), tenants, rounds };
  print(await benchDetection(large(), { ...options, name: LARGE }));
  print(await benchDetection(tiny(size / 3), { ...options, name: "tiny bodies" }));
  print(await benchDetection(auditOnly(size / 3), { ...options, name: "audit only with 1 % matches" }));
  print(await benchDetection(escapes(size / 2), { ...options, name: "escapes everywhere", hasEscapes: true }));
  if (!values.quick) print(await benchDetection(highMatchRate(size / 4), { ...options, name: "half of all match" }));
}

async function onRules(): Promise<void> {
  const rule = await officialRule();
  const more = generatedRules(rule, 49);
  const promised = { "1 rule": [rule], "10 rules": [rule, ...more.slice(0, 9)], "50 rules": [rule, ...more] };
  print(await benchRuleCount(large(), promised, { rounds }));
  const named = namedRules(rule);
  const sets = {
    "1 rule": [rule],
    [`${named.length} rules with Microsoft's names`]: named,
    ...(values.rules === undefined ? {} : { [`the rules of ${values.rules}`]: await rulesIn(values.rules, rule) }),
  };
  print(await benchRuleCount(mixedWithoutOthers(size), sets, { rounds }));
  print(await benchRuleCount(large(), sets, { rounds }));
}

async function onArchive(): Promise<void> {
  const archive = mixed((values.quick ? 8 : 40) * MEGABYTE);
  print(await benchOffline(archive, { rule: await officialRule(), rounds: values.quick ? 2 : 4 }));
}

async function withApp(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "pimwatch-bench-app-"));
  try {
    await build(directory);
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function onRedelivery(): Promise<void> {
  const rule = await officialRule();
  print(await benchRedelivery({ rule, matches: 2_000, latencyMs: 10 }));
}

const onStart = () => withApp(async (directory) => print(await benchColdStart(directory, 9)));

const onLocalPath = () =>
  withApp(async (built) => {
    print(await benchLatency(built, { rates: [10, 100, 300], seconds: 15 }));
    const unbundled = await unbundledApp(built, { eager: false });
    try {
      const apps = { built, unbundled };
      print(await benchBacklog(apps, mixed(60 * MEGABYTE), [1, 4, 32]));
      const backlog = { ...tiny(Number.POSITIVE_INFINITY, 100_000), name: "a backlog of 100,000 tiny events" };
      print(await benchBacklog(apps, backlog, [4]));
      print(await benchBacklog(apps, auditOnly(60 * MEGABYTE), [4]));
    } finally {
      await rm(unbundled, { recursive: true, force: true });
    }
  });

const onCost = () =>
  withApp(async (built) =>
    print(costModel(await appSecondsPerGigabyte(built, tiny(Number.POSITIVE_INFINITY, 20_000)))),
  );

const WHOLE: readonly (readonly [string, () => Promise<void>])[] = [
  ["detection", onShapes],
  ["rules", onRules],
  ["limits", async () => print(benchLimits())],
  ["offline", onArchive],
  ["loading", async () => print(await benchLoading())],
  ["redelivery", onRedelivery],
  ["windows", async () => print(await benchWindows([10, 1_000, 100_000]))],
  ["start", onStart],
  ["path", onLocalPath],
  ["processes", async () => print(await benchProcesses([1, 2, 4], 3))],
  ["cost", onCost],
  ["memory", async () => print(await benchMemory(1_000_000))],
];
const QUICK = WHOLE.filter(([name]) => ["detection", "rules", "offline", "loading"].includes(name));

await main();
