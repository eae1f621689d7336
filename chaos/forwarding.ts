import { setTimeout as sleep } from "node:timers/promises";
import { chance } from "../local/samples/chance.ts";
import { isFailingId } from "./faults/failing-items.ts";
import { type Portion, stretch } from "./traffic.ts";

export const RECEIVERS = ["logAnalytics", "webhook"] as const;
export type Receiver = (typeof RECEIVERS)[number];

/** Milliseconds from the sending of an event to the moment when a receiver took its incident. */
type Latencies = Readonly<Record<Receiver, readonly number[]>>;

export interface Forwarding {
  /** While receivers take everything. */
  readonly quiet: Latencies;
  /** Of the incidents that receivers take, while they fail for others. */
  readonly besideFailing: Latencies;
  /** Incidents that did not arrive in time, a sentence each. */
  readonly problems: readonly string[];
}

export interface ForwardingOptions {
  readonly seed: string;
  readonly partitions: number;
  send(portion: Portion): Promise<void>;
  /** When each receiver first took the incident of a record, by the record's id. */
  readonly takenAt: Readonly<Record<Receiver, ReadonlyMap<string, number>>>;
  readonly timing?: Timing;
}

interface Timing {
  /** Between two portions. */
  readonly pauseMs: number;
  /** How long after the last portion of a stretch its incidents are waited for. */
  readonly deadlineMs: number;
}

/** Stretches of each kind. All quiet ones come first: an incident that fails is sent again and again from then on. */
const STRETCHES = 3;
const FAILING_SHARE = 0.2;
/** The deadline is far beyond what a busy machine needs for the sweeps, which run every two seconds here. */
const TIMING: Timing = { pauseMs: 150, deadlineMs: 60_000 };
const LOOK_EVERY_MS = 20;

/**
 * Measures how long incidents take to the receivers, with nobody killed and no endpoint down: first while the receivers
 * take everything, then of all others while they fail for some.
 */
export async function measureForwarding(options: ForwardingOptions): Promise<Forwarding> {
  const problems: string[] = [];
  await run("warm-up", 0, options); // hosts start, connections are made
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

/** Sends one stretch and waits until all of it that receivers take has arrived. @returns when each record was sent */
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

/** The middle one; of an even number the upper. NaN of none. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => (one < other ? -1 : 1))[Math.floor(values.length / 2)] ?? NaN;
}
