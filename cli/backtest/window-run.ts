import { counted } from "../../src/core/counted.ts";
import type { ReadRecord } from "../../src/core/event/event-body.ts";
import { visible } from "../../src/core/visible-text.ts";
import { dateOf } from "../../src/kql/run/time.ts";
import { safeJson } from "../json-line.ts";
import type { Terminal } from "../terminal.ts";
import { timeOrder } from "./time-order.ts";
import { windowBacktest } from "./window-backtest.ts";
import { findingJson, type SourcedWindowRule, windowFigures } from "./window-figures.ts";

interface WindowRunOptions {
  readonly isJson: boolean;
  /** The rules' names, by id. */
  readonly names: ReadonlyMap<string, string>;
  readonly terminal: Terminal;
}

/** The part of a backtest that runs rules over several events: reads records, then evaluates and reports. */
export function windowRun(windowed: readonly SourcedWindowRule[], { isJson, names, terminal }: WindowRunOptions) {
  const order = timeOrder();
  const run = windowBacktest(
    windowed.map(({ rule }) => rule),
    order,
  );
  const figures = windowFigures();
  return {
    event: run.event,
    add: (source: ReadRecord, where: string): void => run.add(source, where),
    /** Evaluates all instants. @returns whether every one could be evaluated */
    async finish(): Promise<boolean> {
      let isWhole = true;
      try {
        await run.run({
          found(finding) {
            figures.add(finding);
            if (isJson) terminal.out(`${safeJson(findingJson(finding, names.get(finding.rule.id)))}\n`);
          },
          failed({ name }, instant, reason) {
            isWhole = false;
            terminal.note(`pimwatch: ${visible(name)} at ${dateOf(instant).toISOString()}: ${reason}`);
          },
          progress(instant) {
            terminal.progress(`Evaluating ${dateOf(instant).toISOString().slice(0, 10)} …`);
            return terminal.stopping.aborted;
          },
        });
      } finally {
        order.close();
      }
      return isWhole;
    },
    /** One text for each rule, and what holds for all of them. */
    texts(): string[] {
      if (windowed.length === 0) return [];
      const { kept, repeated, withoutTime } = run.counts();
      const without = withoutTime > 0 ? `; ${counted(withoutTime, "record")} without a readable time` : "";
      return [
        ...windowed.map((each) => figures.text(each)),
        `windows  ${counted(kept, "record")} kept for rules over several events, ${repeated} of them sent again${without}\n` +
          "         their findings are result rows at scheduled instants, as in Sentinel: the same events can be found again",
      ];
    },
  };
}
