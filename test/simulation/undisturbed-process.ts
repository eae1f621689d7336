import { chance } from "../../local/samples/chance.ts";
import { type Fault, workerProcess } from "../../simulation/process.ts";
import { timeline } from "../../simulation/timeline.ts";

const START = Date.UTC(2026, 2, 4, 9);

/** A worker process of the simulation whose calls succeed, and its virtual time. */
export function undisturbedProcess() {
  const draw = chance("an undisturbed process");
  const time = timeline(START, draw);
  const faults: Fault[] = [];
  const process = workerProcess("process", {
    timeline: time,
    draw,
    clockAhead: () => 0,
    faultOf: () => faults.shift(),
    latency: () => draw.between(1, 40),
    note: () => undefined,
  });

  return {
    process,
    time,
    /** The exception: its next calls fail like this. */
    failNext: (...next: readonly Fault[]): void => void faults.push(...next),

    /** Lets time pass until the work has ended. */
    async ended<T>(work: Promise<T>): Promise<T> {
      const progress = { isOver: false };
      const end = (): void => void (progress.isOver = true);
      work.then(end, end);
      while (!progress.isOver) await time.runTo(time.now() + 1_000);
      return work;
    },
  };
}
