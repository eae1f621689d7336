import { METER_EVERY_MS } from "../../src/core/timing.ts";
import { counted } from "../../src/core/counted.ts";
import { byteRate, type BacktestRates } from "./backtest-rates.ts";
import type { BacktestCounts } from "./backtest-run.ts";
import type { EventFile } from "../event-files/event-files.ts";
import type { Terminal } from "../terminal.ts";

const BAR_WIDTH = 24;

/** Shows the progress of a run over files: a bar, the figures and the rate. */
export function backtestMeter(
  terminal: Pick<Terminal, "progress">,
  files: readonly EventFile[],
  { withScan, now = performance.now }: { readonly withScan: boolean; readonly now?: () => number },
) {
  const clock = (): number => now.call(performance);
  const began = clock();
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let shown = 0;
  /** The file being read, the bytes on disk of the files before it, and the bytes of events read before it. */
  let at = { index: 0, before: 0, bytes: 0 };
  const rates = ({ received, bytes }: BacktestCounts): BacktestRates => {
    const seconds = Math.max((clock() - began) / 1_000, 0.001);
    return { records: received / seconds, bytes: bytes / seconds };
  };
  const done = (counts: BacktestCounts, file: string): number => {
    while (at.index < files.length - 1 && file !== files[at.index]?.file) {
      at = { index: at.index + 1, before: at.before + (files[at.index]?.size ?? 0), bytes: counts.bytes };
    }
    // A packed file yields more bytes than it has on disk.
    const within = Math.min(counts.bytes - at.bytes, files[at.index]?.size ?? 0);
    return total === 0 ? 1 : Math.min(1, (at.before + within) / total);
  };
  return {
    /** So far. */
    rates,
    show(counts: BacktestCounts, file: string): void {
      const fraction = done(counts, file);
      if (clock() - shown < METER_EVERY_MS) return;
      shown = clock();
      const { records, bytes } = rates(counts);
      const filled = Math.round(fraction * BAR_WIDTH);
      const bar = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
      // The scan leaves most records uncounted, so their number would say little.
      const [count, rate] = withScan
        ? [counted(counts.events, "event"), byteRate(bytes)]
        : [counted(counts.received, "record"), `${records.toFixed(0)} records/s, ${byteRate(bytes)}`];
      const figures = `${count}, ${(counts.bytes / 1_000_000).toFixed(1)} MB, ${counted(counts.matched, "record")} matched`;
      terminal.progress(`${bar} ${Math.floor(fraction * 100)} %  ${figures}, ${rate} …`);
    },
  };
}
