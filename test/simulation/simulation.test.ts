import { expect, test } from "vitest";
import { planOf } from "../../simulation/plan.ts";
import { type Judged, manyWorlds } from "../../simulation/many-worlds.ts";
import { differenceOf, run, runTwice } from "../../simulation/run.ts";
import { shrunk } from "../../simulation/shrink.ts";
import { wronglyHealthy, wronglyUnhealthy } from "../../simulation/health-verdict.ts";
import { wronglyInLedger } from "../../simulation/ledger-verdict.ts";
import { brokenInTheEnd, brokenNow } from "../../simulation/verdict.ts";
import { world, type World } from "../../simulation/world.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../shipped-rule.ts";

const RULES = [CHANGES_TO_PIM_SETTINGS];

test("nothing is lost, sent wrongly or stuck in the worlds of a fixed set of seeds, on two threads", async () => {
  const outcomes: Judged[] = [];
  const seeds = { rules: RULES, from: 1, seeds: 40, twice: false, large: false };
  expect(await manyWorlds(seeds, 2, (judged) => outcomes.push(judged))).toBeUndefined();
  expect(outcomes.map(({ seed }) => seed).toSorted((a, b) => a - b)).toEqual([...Array(40).keys()].map((n) => n + 1));
  const total = (name: "incidents" | "faults" | "crashes"): number =>
    outcomes.reduce((sum, { figures }) => sum + figures[name], 0);
  // The control: worlds in which nothing happens prove nothing.
  expect(Math.min(total("incidents"), total("faults"), total("crashes"))).toBeGreaterThan(20);
});

test("the same seed gives the same history, and another seed another", async () => {
  expect((await runTwice(planOf(3), RULES)).broken).toEqual([]);
  const [{ history: three }, { history: four }] = [await run(planOf(3), RULES), await run(planOf(4), RULES)];
  expect(differenceOf(three, three)).toEqual([]);
  expect(differenceOf(three, four)).toEqual([expect.stringMatching(/^two runs of the seed differ in line \d+ of/)]);
  expect(differenceOf(["a", "b"], ["a"])).toEqual([
    'two runs of the seed differ in line 2 of their histories: "b" and "nothing"',
  ]);
});

test("a record that kills its worker becomes a dead letter, and its neighbours are stored", async () => {
  const contents = ["match", "poison", "match"] as const;
  const happenings = [{ at: 0, kind: "send", partition: 0, contents }] as const;
  const outcome = await run({ ...QUIET, happenings }, RULES);
  expect(outcome.broken).toEqual([]);
  expect(outcome.figures.crashes).toBeGreaterThanOrEqual(4);
  expect(outcome.figures.incidents).toBe(4);
});

const QUIET = { ...planOf(1), partitions: 1, instances: 1, hasWebhook: false, faults: 0, slow: 0 };

/** A world in which two events were sent, and all is well. */
async function settledWorld(): Promise<World> {
  const contents = ["match", "garbage"] as const;
  const plan = { ...QUIET, happenings: [{ at: 0, kind: "send", partition: 0, contents }] as const };
  const all = world(plan, RULES);
  await all.time.runTo(all.start + 60_000);
  void all.runTimer("ledger-timer");
  await all.time.runTo(all.start + 300_000);
  expect(await verdictOn(all)).toEqual([]); // the control
  return all;
}

async function verdictOn(all: World): Promise<string[]> {
  const ofServices = [
    ...(await wronglyInLedger(all)),
    ...(await wronglyHealthy(all)),
    ...(await wronglyUnhealthy(all)),
  ];
  return [...brokenNow(all), ...brokenInTheEnd(all), ...ofServices];
}

const rowOf = ({ tables }: World, prefix: string) => {
  const row = tables.incidents.rows().find(({ rowKey }) => String(rowKey).startsWith(`${prefix}|`));
  return { partitionKey: String(row?.["partitionKey"]), rowKey: String(row?.["rowKey"]) };
};

test.each<{ what: string; law: RegExp; tamper: (all: World) => unknown }>([
  {
    what: "an incident that is gone",
    law: /^event 0\/0 is lost, although the hub has it$/,
    tamper: (all) => {
      const { partitionKey, rowKey } = rowOf(all, "incident");
      return all.tables.incidents.drop(partitionKey, rowKey);
    },
  },
  {
    what: "an acknowledgement of a row that never arrived",
    law: /is acknowledged by log-analytics, which never got it$/,
    tamper: (all) => all.receivers.arrived["log-analytics"].clear(),
  },
  {
    what: "an incident that nobody sends",
    law: /neither waits for log-analytics nor is acknowledged$/,
    tamper: (all) => {
      const { partitionKey, rowKey } = rowOf(all, "ack");
      return all.tables.incidents.drop(partitionKey, rowKey);
    },
  },
  {
    what: "an incident without its row in the list",
    law: /is stored without its record or its row in the list$/,
    tamper: (all) => {
      const { partitionKey, rowKey } = rowOf(all, "time");
      return all.tables.incidents.drop(partitionKey, rowKey);
    },
  },
  {
    what: "a dead letter with other bytes",
    law: /^dead letter [0-9a-f]{64} is not what was sent$/,
    tamper: (all) => {
      for (const [name, blob] of all.letters.blobs) all.letters.blobs.set(name, { ...blob, bytes: Buffer.from("x") });
    },
  },
  {
    what: "a finished event that is not stored",
    law: /^event 0\/0 counts as finished, but is not stored$/,
    tamper: (all) => {
      const { partitionKey, rowKey } = rowOf(all, "incident");
      return all.tables.incidents.drop(partitionKey, rowKey);
    },
  },
  {
    what: "a ledger that forgets",
    law: /^the ledger forgot that event 0\/0 is finished$/,
    tamper: ({ tables: { ledger } }) => {
      for (const { partitionKey, rowKey } of ledger.rows()) ledger.drop(String(partitionKey), String(rowKey));
    },
  },
  {
    what: "a change that was confirmed and is gone",
    law: /^the change some-incident\|2 was confirmed, but is not stored$/,
    tamper: (all) => all.confirmed.add("some-incident|2"),
  },
  {
    what: "a line of the log that is no JSON",
    law: /^a line of the log is no JSON object: batch detected$/,
    tamper: (all) => all.log.push("batch detected"),
  },
  {
    what: "a health that is ok while a dead letter waits",
    law: /^the health is ok, although dead letter [0-9a-f]{64} waits/,
    tamper: (all) => Object.assign(all, { health: () => Promise.resolve({ status: "ok", problems: [] }) }),
  },
  {
    what: "a health that is degraded for no reason",
    law: /^the health is degraded for no reason: dead letters wait$/,
    tamper(all) {
      all.letters.blobs.clear();
      const problems = [{ what: "dead letters wait", next: "" }];
      Object.assign(all, { health: () => Promise.resolve({ status: "degraded", problems }) });
    },
  },
  {
    what: "a part of a record in the log",
    law: /^a line of the log holds a part of a record/,
    tamper: (all) => all.log.push(Buffer.from(all.sent[0]?.body ?? []).toString()),
  },
])("the verdict notices $what", async ({ law, tamper }) => {
  const all = await settledWorld();
  tamper(all);
  const broken = await verdictOn(all);
  expect(broken.filter((sentence) => law.test(sentence))).not.toEqual([]);
});

test("a failing plan is cut down to what it needs to fail", async () => {
  const plan = planOf(1);
  const needed = plan.happenings.find(({ kind }) => kind === "send");
  const smallest = await shrunk(plan, ({ happenings }) =>
    Promise.resolve(needed !== undefined && happenings.includes(needed)),
  );
  expect(plan.happenings.length).toBeGreaterThan(1); // the control
  expect(smallest).toEqual({ ...plan, faults: 0, slow: 0, instances: 1, happenings: [needed] });
});
