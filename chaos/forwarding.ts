import { setTimeout as sleep } from "node:timers/promises";
import { chance } from "../local/samples/chance.ts";
import { isFailingId } from "./faults/failing-items.ts";
import { type Portion, stretch } from "./traffic.ts";

export const RECEIVERS = ["logAnalytics", "webhook"] as const;
export type Receiver = (typeof RECEIVERS)[number];

/** Milliseconds from sending an event until a receiver accepted its incident. */
type Latencies = Readonly<Record<Receiver, readonly number[]>>;

export interface Forwarding {
  /** While receivers accept everything. */
  readonly quiet: Latencies;
  /** For accepted incidents, while receivers fail for others. */
  readonly besideFailing: Latencies;
  /** Incidents that did not arrive in time, one sentence each. */
  readonly problems: readonly string[];
}

export interface ForwardingOptions {
  readonly seed: string;
  readonly partitions: number;
  send(portion: Portion): Promise<void>;
  /** When each receiver first accepted a record's incident, by record id. */
  readonly takenAt: Readonly<Record<Receiver, ReadonlyMap<string, number>>>;
  readonly timing?: Timing;
}

interface Timing {
  /** Pause between two portions. */
  readonly pauseMs: number;
  /** How long to wait for a stretch's incidents after its last portion. */
  readonly deadlineMs: number;
}

/** Stretches of each kind. All quiet ones come first, because failing incidents are sent again and again afterwards. */
const STRETCHES = 3;
const FAILING_SHARE = 0.2;
/** A deadline far beyond what a busy machine needs for the sweeps, which run every two seconds here. */
const TIMING: Timing = { pauseMs: 150, deadlineMs: 60_000 };
const LOOK_EVERY_MS = 20;

/**
 * Measures how long incidents take to the receivers, without kills and with all endpoints up: first while the receivers
 * accept everything, then for the other incidents while they fail for some.
 */
export async function measureForwarding(options: ForwardingOptions): Promise<Forwarding> {
  const problems: string[] = [];
  await run("warm-up", 0, options); // starts hosts and opens connections
  const quiet = await runAll("quiet", 0, { options, problems });
  const besideFailing = await runAll("failing", FAILING_SHARE, { options, problems });
  return { quiet, besideFailing, problems };
}

interface Measuring {
  readonly options: ForwardingOptions;
  readonly problems: string[];
}

async function runAll(kind: string, failing: number, { options, problems }: Measuring): Promise<Latencies> {
  const latencies = { logAnalytics: new Array<number>(), webhook: new Array<number>() };
  for (let number = 1; number <= STRETCHES; number += 1) {
    const sent = await run(`${kind} ${number}`, failing, options);
    for (const receiver of RECEIVERS) {
      const times = [...sent].map(([id, at]) => [id, (options.takenAt[receiver].get(id) ?? Infinity) - at] as const);
      latencies[receiver].push(...times.map(([, milliseconds]) => milliseconds));
      const late = times.filter(([, milliseconds]) => milliseconds === Infinity).length;
      if (late > 0) problems.push(`${kind} stretch: ${late} incidents did not reach ${receiver} in time`);
    }
  }
  return latencies;
}

/** Sends one stretch and waits until all its acceptable incidents arrived. @returns when each record was sent */
async function run(name: string, failing: number, options: ForwardingOptions): Promise<Map<string, number>> {
  const { pauseMs, deadlineMs } = options.timing ?? TIMING;
  const draw = chance(`${options.seed} forwarding ${name}`);
  const sentAt = new Map<string, number>();
  for (const portion of stretch(draw, options.partitions, failing)) {
    for (const { properties } of portion.matches)
      if (!isFailingId(properties.id)) sentAt.set(properties.id, performance.now());
    await options.send(portion);
    await sleep(pauseMs);
  }
  const until = performance.now() + deadlineMs;
  const isThere = (id: string) => RECEIVERS.every((receiver) => options.takenAt[receiver].has(id));
  while (![...sentAt.keys()].every(isThere) && performance.now() < until) await sleep(LOOK_EVERY_MS);
  return sentAt;
}

/** The middle value; the upper one of an even number; NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => (one < other ? -1 : 1))[Math.floor(values.length / 2)] ?? NaN;
}
