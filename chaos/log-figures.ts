import { PAYLOAD_MARK } from "./traffic.ts";

/** How often the app's timers have run: everything that can still recover something. */
export interface Passes {
  readonly sweeps: number;
  /** Ledger checks without a failure. */
  readonly checks: number;
  readonly reconciliations: number;
}

/** Figures from the hosts' logs, and their violations. */
export function logFigures() {
  const passes = { sweeps: 0, checks: 0, reconciliations: 0 };
  let [leaks, healed, requeued, lost] = [0, 0, 0, 0];
  return {
    read(line: string): void {
      if (line.includes(PAYLOAD_MARK)) leaks += 1;
      if (line.includes('"event":"outbox swept"')) passes.sweeps += 1;
      if (line.includes('"event":"reconciled"')) {
        passes.reconciliations += 1;
        requeued += Number(/"requeued":(\d+)/.exec(line)?.[1] ?? 0);
      }
      if (line.includes('"event":"ledger checked"')) {
        healed += Number(/"healedEvents":(\d+)/.exec(line)?.[1] ?? 0);
        if (line.includes('"failures":0')) passes.checks += 1;
      }
      if (line.includes('"event":"events lost"')) lost += 1;
    },
    passes: (): Passes => ({ ...passes }),
    healedEvents: () => healed,
    requeuedRows: () => requeued,
    problems: () => [
      ...(leaks > 0 ? [`${leaks} lines of the log hold payload`] : []),
      ...(lost > 0 ? [`the ledger reported ranges as lost ${lost} times`] : []),
    ],
  };
}
