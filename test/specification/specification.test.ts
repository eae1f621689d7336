import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { explore, GOOD_END } from "../../specification/explore.ts";
import { CLAIMS, LAWS } from "../../specification/laws.ts";
import { pipeline, unpromised } from "../../specification/pipeline.ts";
import { OTHER_STEPS, type StepName, STEPS } from "../../specification/steps/step-names.ts";
import {
  SUSPECT_FUNCTIONS,
  SUSPECT_VARIANTS,
  SUSPECT_WORLDS,
  suspects,
  type SuspectVariant,
} from "../../specification/suspects/suspects.ts";
import {
  WINDOW_FUNCTIONS,
  WINDOW_VARIANTS,
  WINDOW_WORLDS,
  windows,
  type WindowVariant,
} from "../../specification/windows/windows.ts";
import { type Variant, VARIANTS } from "../../specification/variants.ts";
import { SMALL_WORLDS } from "../../specification/worlds.ts";

const ALL_VARIANTS = Object.keys(VARIANTS) as Variant[];
const BROKEN_ONLY: readonly StepName[] = [
  "stores the other of the two in a call of its own",
  "removes a row from the outbox in a call of its own",
];

test("every law holds in every state of the small worlds, in which every step and every fault occurs", () => {
  const found = Object.values(SMALL_WORLDS).map((world) => explore(pipeline(world)));
  expect(found.map(({ violation }) => violation)).toEqual(found.map(() => undefined));
  for (const { states } of found) expect(states).toBeGreaterThan(20_000);
  const taken = new Set(found.flatMap((one) => [...one.taken]));
  const all: StepName[] = [...(Object.keys(STEPS) as StepName[]), ...OTHER_STEPS];
  expect(all.filter((step) => !taken.has(step))).toEqual(BROKEN_ONLY);
});

test.each(ALL_VARIANTS)("broken on purpose, it is found: %s", (broken) => {
  const { law, world } = VARIANTS[broken];
  const { violation } = explore(pipeline(SMALL_WORLDS[world], broken));
  expect(violation?.law).toBe(law);
  expect(violation?.steps.length).toBeGreaterThan(0);
});

test("every law of suspect marks holds in every state of their worlds", () => {
  const found = Object.values(SUSPECT_WORLDS).map((world) => explore(suspects(world)));
  expect(found.map(({ violation }) => violation)).toEqual(found.map(() => undefined));
  for (const { states, taken } of found) {
    expect(states).toBeGreaterThan(10_000);
    expect([...taken]).toEqual(
      expect.arrayContaining(["dies of the killer", "stores a dead letter", "finishes the batch"]),
    );
  }
});

test.each(Object.keys(SUSPECT_VARIANTS) as SuspectVariant[])("broken on purpose, it is found: %s", (broken) => {
  const { violation } = explore(suspects(SUSPECT_WORLDS.record, broken));
  expect(violation?.law).toBe(SUSPECT_VARIANTS[broken]);
});

test("every law of windows holds in every state of their small world", { timeout: 120_000 }, () => {
  const { violation, states, taken } = explore(windows(WINDOW_WORLDS.small));
  expect(violation).toBeUndefined();
  expect(states).toBeGreaterThan(100_000);
  expect([...taken]).toEqual(
    expect.arrayContaining(["an instant is over", "keep", "owe", "store", "advance", "settle"]),
  );
});

test.each(Object.keys(WINDOW_VARIANTS) as WindowVariant[])(
  "broken on purpose, it is found: %s",
  { timeout: 120_000 },
  (broken) => {
    const { violation } = explore(windows(WINDOW_WORLDS.small, broken));
    expect(violation?.law).toBe(WINDOW_VARIANTS[broken]);
  },
);

test("every law is broken by a variant", () => {
  expect(new Set(ALL_VARIANTS.map((name) => VARIANTS[name].law))).toEqual(new Set(LAWS));
});

test("a broken law comes with the shortest way to it", () => {
  const way = (broken: Variant) => explore(pipeline(SMALL_WORLDS[VARIANTS[broken].world], broken)).violation;
  expect(way("the outbox row and the acknowledgement are two calls")).toEqual({
    law: "an incident waits or is acknowledged",
    steps: [
      "an event reaches the hub",
      "A receives a batch (event 0)",
      "A stores an incident with its outbox row (event 0)",
      "B reads the outbox",
      "B sends an incident (event 0)",
      "B removes a row from the outbox in a call of its own (event 0)",
    ],
  });
  expect(way("nobody heals")).toEqual({
    law: GOOD_END,
    steps: [
      "an event reaches the hub",
      "the checkpoint jumps (to 1)",
      "from here, nothing but another fault leads to the good end",
    ],
  });
});

test.each(CLAIMS)("it shows how what is not promised comes about: %s", (claim) => {
  expect(explore(unpromised(SMALL_WORLDS.failures, claim)).violation?.law).toBe(claim);
});

const FUNCTIONS = [...Object.values(STEPS).map(({ of }) => of), ...SUSPECT_FUNCTIONS, ...WINDOW_FUNCTIONS];

test.each([...new Set(FUNCTIONS)])("a step stands for a function that is there: %s", async (of) => {
  const [file = "", place = ""] = of.split("#");
  const [name = "", operation] = place.split(".");
  const module: Record<string, unknown> = await import(`../../${file}`);
  expect(typeof module[name]).toBe("function");
  if (operation !== undefined)
    expect(readFileSync(file, "utf8")).toMatch(new RegExp(`^    async ${operation}\\(`, "m"));
});

test("npm run specify prints its figures, and refuses wrong options", async () => {
  const specify = async (...options: string[]) => {
    const run = promisify(execFile)(process.execPath, ["specification/specify.ts", ...options]);
    return run.catch((error: { code: number; stderr: string }) => ({ ...error, stdout: "" }));
  };
  const { stdout } = await specify("--small", "--world", "damage");
  expect(stdout).toMatch(
    /^ok {2}damage: [\d,]+ states, [\d,]+ transitions, at most \d+ steps deep, \d+ s\n[\d,]+ states and [\d,]+ transitions in 1 worlds; every law holds in 1; \d+ s in all\n$/,
  );
  expect(await specify("--world", "nowhere")).toMatchObject({
    code: 2,
    stderr: "--world nowhere: no world has such a name\n",
  });
  expect(await specify("--broken", "nothing")).toMatchObject({ code: 2 });
});
