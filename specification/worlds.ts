import type { Faults, World } from "./state.ts";

const NO_FAULTS: Faults = { crashes: 0, failures: 0, drops: 0, jumps: 0, recreations: 0, damages: 0 };
const THREE = ["trigger", "healer", "sweep"] as const;
const ALL = [...THREE, "reconciliation"] as const;

function world(
  name: string,
  hubs: World["hubs"],
  { roles = THREE, isArriving = false, ...faults }: Partial<Faults> & Partial<Pick<World, "roles" | "isArriving">>,
): World {
  return { name, hubs, isArriving, roles, faults: { ...NO_FAULTS, ...faults } };
}

/** Seconds in all: `npm test` explores them, and each broken variant is looked for in one of them. */
export const SMALL_WORLDS = {
  failures: world("failures", [["match", "other"]], { failures: 1, drops: 1 }),
  crashes: world("crashes", [["match", "garbage"]], { isArriving: true, crashes: 1, jumps: 1 }),
  "new hub": world(
    "new hub",
    [
      ["other", "other"],
      ["match", "match"],
    ],
    { recreations: 1 },
  ),
  hole: world("hole", [["hole", "match"]], { failures: 1, drops: 1 }),
  damage: world("damage", [["match"]], { roles: ALL, failures: 1, damages: 1 }),
} as const;

/** Some minutes in all. */
export const FULL_WORLDS: readonly World[] = [
  world("one event, every fault of a pipeline, two crashes and two failures", [["match"]], {
    crashes: 2,
    failures: 2,
    drops: 1,
    jumps: 1,
  }),
  world("two events, a crash, a failure and a drop", [["match", "garbage"]], { crashes: 1, failures: 1, drops: 1 }),
  world("two events, two crashes and a failure", [["match", "garbage"]], { crashes: 2, failures: 1 }),
  world("two events, two failures and a drop", [["match", "other"]], { failures: 2, drops: 1 }),
  world("three events, a failure", [["match", "garbage", "match"]], { failures: 1 }),
  world("three events, a crash and a drop", [["match", "garbage", "other"]], { crashes: 1, drops: 1 }),
  world("three events, a drop and a jump", [["match", "other", "garbage"]], { drops: 1, jumps: 1 }),
  world("two events that arrive meanwhile, a failure and a drop", [["match", "garbage"]], {
    isArriving: true,
    failures: 1,
    drops: 1,
  }),
  world("a number without an event, a failure and a drop", [["other", "hole", "match"]], { failures: 1, drops: 1 }),
  world("a hub that is created again, and a failure", [["match"], ["match", "match"]], { recreations: 1, failures: 1 }),
  world("two events, a failure and a deleted outbox row", [["match", "match"]], {
    roles: ALL,
    failures: 1,
    damages: 1,
  }),
  world("one event, two crashes, two failures and a deleted outbox row", [["match"]], {
    roles: ALL,
    crashes: 2,
    failures: 2,
    damages: 1,
  }),
];
