// Visits every state of small worlds and checks every law in each; then breaks the specification on purpose.
import { parseArgs } from "node:util";
import { runProgram } from "../scripts/run-program.ts";
import { UsageError } from "../src/errors.ts";
import { type Exploration, explore, type Violation } from "./explore.ts";
import { CLAIMS, type Claim } from "./laws.ts";
import { pipeline, unpromised } from "./pipeline.ts";
import { SUSPECT_VARIANTS, SUSPECT_WORLDS, suspects, type SuspectVariant } from "./suspects/suspects.ts";
import { type Variant, VARIANTS } from "./variants.ts";
import { WINDOW_VARIANTS, WINDOW_WORLDS, type WindowVariant, windows } from "./windows/windows.ts";
import { FULL_WORLDS, SMALL_WORLDS } from "./worlds.ts";

const HELP = `Usage: npm run specify -- [options]

Explores the specification of ledger, outbox and healing: two instances that run the trigger, the ledger's timer, the
sweep and the reconciliation on up to three events; and those of suspect marks and of windows over several events. Each
step is one call to a service. It visits every order of the steps, with crashes and failed calls anywhere, and checks every law in every
state. From every state, the good end must be reachable without another fault. Then it explores broken variants, each of
which must break the law that it names.

  --small          small worlds, in seconds; without it, the full ones, in minutes
  --world TEXT     only worlds whose name contains TEXT, and no variants
  --broken NAME    only this broken variant, with the shortest way to break its law
  --ways           print the shortest way for every variant, and for what is not promised
  --json           print the figures as JSON
  --help           print this text

Exit code 0: every law holds, and every variant breaks its law. 1: not so. 2: the options are wrong.`;

type AnyVariant = Variant | SuspectVariant | WindowVariant;

interface Options {
  readonly small: boolean;
  readonly world: string | undefined;
  readonly broken: AnyVariant | undefined;
  readonly ways: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** How one exploration went, and how it should have gone. */
interface Verdict extends Exploration {
  readonly broken?: AnyVariant;
  readonly claim?: Claim;
  readonly isAsExpected: boolean;
}

function main({ small, world = "", broken, ways, json }: Options): number {
  const explorations = explorationsOf(small).filter(({ name }) => name.includes(world));
  if (explorations.length === 0) throw new UsageError(`--world ${world}: no world has such a name`);
  const verdicts: Verdict[] = [];
  const add = (verdict: Verdict): void => {
    verdicts.push(verdict);
    if (!json) console.log(lineOf(verdict, ways || broken !== undefined));
  };
  if (broken === undefined)
    for (const { run } of explorations) {
      const found = run();
      add({ ...found, isAsExpected: found.violation === undefined });
    }
  if (world === "") {
    for (const variant of broken === undefined ? allVariants() : [broken]) add(brokenVerdict(variant));
    if (broken === undefined) for (const claim of CLAIMS) add(claimVerdict(claim));
  }
  if (json) console.log(JSON.stringify(verdicts.map(({ taken: _steps, ...verdict }) => verdict)));
  else console.log(summary(verdicts));
  return verdicts.every(({ isAsExpected }) => isAsExpected) ? 0 : 1;
}

interface Run {
  readonly name: string;
  run(): Exploration;
}

function explorationsOf(small: boolean): Run[] {
  const worlds = (small ? Object.values(SMALL_WORLDS) : FULL_WORLDS).map((one): Run => ({
    name: one.name,
    run: () => explore(pipeline(one), (states) => console.error(`${one.name}: ${count(states)} states`)),
  }));
  const ofSuspects = Object.values(SUSPECT_WORLDS).map((one): Run => ({
    name: one.name,
    run: () => explore(suspects(one)),
  }));
  const ofWindows = (small ? [WINDOW_WORLDS.small] : Object.values(WINDOW_WORLDS)).map((one): Run => ({
    name: one.name,
    run: () => explore(windows(one)),
  }));
  return [...worlds, ...ofSuspects, ...ofWindows];
}

function allVariants(): AnyVariant[] {
  return Object.keys({ ...VARIANTS, ...SUSPECT_VARIANTS, ...WINDOW_VARIANTS }).filter(
    (name): name is AnyVariant => isOfSuspects(name) || isOfWindows(name) || name in VARIANTS,
  );
}

function isOfSuspects(name: string): name is SuspectVariant {
  return name in SUSPECT_VARIANTS;
}

function isOfWindows(name: string): name is WindowVariant {
  return name in WINDOW_VARIANTS;
}

function brokenVerdict(broken: AnyVariant): Verdict {
  if (isOfSuspects(broken)) {
    const found = explore(suspects(SUSPECT_WORLDS.record, broken));
    return { ...found, broken, isAsExpected: found.violation?.law === SUSPECT_VARIANTS[broken] };
  }
  if (isOfWindows(broken)) {
    const found = explore(windows(WINDOW_WORLDS.small, broken));
    return { ...found, broken, isAsExpected: found.violation?.law === WINDOW_VARIANTS[broken] };
  }
  const { law, world } = VARIANTS[broken];
  const found = explore(pipeline(SMALL_WORLDS[world], broken));
  return { ...found, broken, isAsExpected: found.violation?.law === law };
}

/** What is not promised must come about: otherwise it could be promised, or the world is too small to show it. */
function claimVerdict(claim: Claim): Verdict {
  const found = explore(unpromised(SMALL_WORLDS.failures, claim));
  return { ...found, claim, isAsExpected: found.violation !== undefined };
}

function lineOf({ broken, claim, isAsExpected, violation, ...found }: Verdict, withWay: boolean): string {
  const way = violation !== undefined && (withWay || !isAsExpected) ? `\n${wayText(violation)}` : "";
  const sign = isAsExpected ? "ok" : "NOT OK";
  if (broken !== undefined) {
    const outcome = violation === undefined ? "breaks no law" : `breaks "${violation.law}" ${wayLength(violation)}`;
    return `${sign}  broken on purpose: ${broken}: ${outcome}${way}`;
  }
  if (claim !== undefined) return `${sign}  not promised: ${claim}${way}`;
  const outcome = violation === undefined ? "" : `: breaks "${violation.law}" ${wayLength(violation)}`;
  return `${sign}  ${found.world}: ${figures(found)}${outcome}${way}`;
}

function figures({
  states,
  transitions,
  depth,
  seconds,
}: Pick<Exploration, "states" | "transitions" | "depth" | "seconds">): string {
  return `${count(states)} states, ${count(transitions)} transitions, at most ${depth} steps deep, ${seconds.toFixed(0)} s`;
}

function wayLength({ steps }: Violation): string {
  return `(shortest way: ${steps.length} lines)`;
}

function wayText({ steps }: Violation): string {
  return steps.map((step, index) => `      ${index + 1}. ${step}`).join("\n");
}

function summary(verdicts: readonly Verdict[]): string {
  const worlds = verdicts.filter(({ broken, claim }) => broken === undefined && claim === undefined);
  const variants = verdicts.filter(({ broken }) => broken !== undefined);
  const sum = (figure: (one: Verdict) => number): number => worlds.reduce((total, one) => total + figure(one), 0);
  const seconds = verdicts.reduce((total, one) => total + one.seconds, 0);
  const good = (some: readonly Verdict[]): number => some.filter(({ isAsExpected }) => isAsExpected).length;
  const lines = [
    `${count(sum(({ states }) => states))} states and ${count(sum(({ transitions }) => transitions))} transitions in ${worlds.length} worlds; every law holds in ${good(worlds)}`,
    `${variants.length} broken variants, ${good(variants)} of them found`,
  ].filter((_, index) => [worlds, variants][index]?.length !== 0);
  return `${lines.join("\n")}; ${seconds.toFixed(0)} s in all`;
}

const count = (number: number): string => number.toLocaleString("en-US");

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      small: { type: "boolean", default: false },
      world: { type: "string" },
      broken: { type: "string" },
      ways: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const broken = allVariants().find((name) => name === values.broken);
  if (values.broken !== undefined && broken === undefined)
    throw new UsageError(`--broken ${values.broken}: give one of\n${allVariants().join("\n")}`);
  return { ...values, world: values.world, broken };
}

await runProgram(() => {
  const options = readOptions();
  if (!options.help) return Promise.resolve(main(options));
  console.log(HELP);
  return Promise.resolve(0);
});
