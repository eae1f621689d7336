import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Processor seconds of a process, by the code that used them. */
export interface OwnSeconds {
  /** pimwatch's modules, including language and Node.js built-ins that they call. */
  readonly own: number;
  /** The same for packages and the worker that loads the app. */
  readonly others: number;
  readonly garbageCollection: number;
  /** Node.js itself: reading sockets, compiling, timers. */
  readonly node: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds of the monotonic clock, which all processes share. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The monotonic clock in microseconds, as in profiles. */
export function profileClock(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/**
 * Reads the profile of the app from `node --cpu-prof --cpu-prof-dir`, with separate module files (unbundled-app.ts). A
 * sample counts for the nearest file on its stack.
 *
 * @param from start time, from `profileClock`
 */
export function ownSeconds(profiles: string, appDirectory: string, from: number): OwnSeconds {
  const [file, ...more] = readdirSync(profiles).filter((name) => name.endsWith(".cpuprofile"));
  if (file === undefined || more.length > 0) throw new Error(`${profiles}: ${1 + more.length} profiles instead of one`);
  const profile: Profile = JSON.parse(readFileSync(join(profiles, file), "utf8"));
  const source = pathToFileURL(join(appDirectory, "/")).href;
  const owners = ownersOf(profile.nodes, source);
  const microseconds = { own: 0, others: 0, garbageCollection: 0, node: 0, idle: 0 };
  let at = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    at += delta;
    if (at >= from) microseconds[owners.get(id) ?? "node"] += delta;
  }
  const { own, others, garbageCollection, node } = microseconds;
  return { own: own / 1e6, others: others / 1e6, garbageCollection: garbageCollection / 1e6, node: node / 1e6 };
}

type Owner = keyof OwnSeconds | "idle";

/** By node; parents precede their children. */
function ownersOf(nodes: readonly ProfileNode[], source: string): ReadonlyMap<number, Owner> {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const owners = new Map<number, Owner>();
  for (const { id, callFrame } of nodes) {
    const { functionName, url } = callFrame;
    if (functionName === "(idle)") owners.set(id, "idle");
    else if (functionName === "(garbage collector)") owners.set(id, "garbageCollection");
    else if (url.startsWith(source)) owners.set(id, "own");
    else if (url.startsWith("file:")) owners.set(id, "others");
    else owners.set(id, owners.get(parents.get(id) ?? -1) ?? "node");
  }
  return owners;
}
