import type { Chance } from "../local/samples/chance.ts";
import type { Machine } from "../src/machine.ts";
import type { Service } from "./plan.ts";
import { connectionLost, serverBusy } from "./services/memory-table.ts";
import type { Timeline } from "./timeline.ts";

/**
 * What happens to a call:
 *
 *     refused      no effect, and an error
 *     lost         the effect, but an error as answer
 *     repeated     the effect twice, and the second answer
 *     unheard      no effect, and no answer
 *     unanswered   the effect, and no answer
 */
export type Fault = "refused" | "lost" | "repeated" | "unheard" | "unanswered";

export interface ProcessWorld {
  readonly timeline: Timeline;
  readonly draw: Chance;
  /** How far the machine's clock is ahead of the hub's, in milliseconds. */
  clockAhead(): number;
  faultOf(service: Service): Fault | undefined;
  /** Milliseconds that one way of a call takes. */
  latency(): number;
  /** Writes a line of the history. */
  note(line: string): void;
}

/** How the services in memory are reached from a process. */
export type Reach = Pick<WorkerProcess, "machine" | "wait" | "call">;

export type WorkerProcess = ReturnType<typeof workerProcess>;

/**
 * A worker process of the app, which can die at any moment. What it waits for never comes then: no timer fires and no
 * call returns. A request that is under way may still have its effect.
 */
export function workerProcess(name: string, world: ProcessWorld) {
  const { timeline, draw } = world;
  let isAlive = true;
  const death = Promise.withResolvers<void>();

  /** Ends after some time, unless the process dies meanwhile. */
  function wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      timeline.after(milliseconds, () => isAlive && resolve());
    });
  }

  /** The way of a request to its service. */
  function underWay(): Promise<void> {
    return new Promise((resolve) => {
      timeline.after(world.latency(), () => (isAlive || draw.between(0, 1) === 0) && resolve());
    });
  }

  const machine: Machine = {
    now: () => timeline.now() + world.clockAhead(),
    after: (milliseconds, action) => timeline.after(milliseconds, () => isAlive && action()),
    newId: () => draw.guid(),
    random: () => draw.between(0, 999_999) / 1_000_000,
  };

  /** A request that nobody ever answers. */
  const silence = (): Promise<never> => new Promise(() => undefined);

  return {
    name,
    machine,
    isAlive: () => isAlive,
    /** Ends when the process dies. */
    death: death.promise,
    die(): void {
      isAlive = false;
      death.resolve();
    },
    wait,

    /** A call to a service: the way there, the effect, and the way back. */
    async call<T>(service: Service, operation: string, effect: () => T): Promise<T> {
      if (!isAlive) return silence();
      const fault = world.faultOf(service);
      world.note(`${name} ${service} ${operation}${fault === undefined ? "" : ` ${fault}`}`);
      await underWay();
      if (fault === "unheard") return silence();
      if (fault === "refused") throw serverBusy();
      if (fault === "repeated") endOf(effect);
      const end = endOf(effect);
      if (fault === "unanswered") return silence();
      await wait(world.latency());
      if (fault === "lost") throw connectionLost();
      return end();
    },
  };
}

/** Has the effect now. What is returned gives its result or throws its error, whenever it is called. */
function endOf<T>(effect: () => T): () => T {
  try {
    const result = effect();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
