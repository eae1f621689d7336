import { cpus } from "node:os";
import type { Timing } from "./detection/rounds.ts";

/** One machine-readable line: a ratio of speeds. */
export function ratioLine(name: string, ratio: number): string {
  return `bench: ${name} ratio ${ratio.toFixed(ratio < 2 ? 2 : 1)}`;
}

/** The same for a value that is not a ratio. */
export function valueLine(name: string, value: number | undefined, unit: string): string {
  return `bench: ${name} ${value === undefined ? "(not measured)" : `${Number(value.toPrecision(3))} ${unit}`}`;
}

/** A table with aligned columns; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}

/** Name, GB/s at the minimum and at the median, and the ratio to another. */
export function speedRow(name: string, timing: Timing, bytes: number, against: Timing): string[] {
  const rate = (seconds: number) => (bytes / 1e9 / seconds).toFixed(2);
  return [name, rate(timing.minimum), rate(timing.median), (against.minimum / timing.minimum).toFixed(2)];
}

export const SPEED_HEAD = ["method", "GB/s, best round", "GB/s, median", "times the plain handler"];

export function machine(): string {
  const [cpu] = cpus();
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} × ${cpu?.model.trim() ?? "unknown"}`;
}
