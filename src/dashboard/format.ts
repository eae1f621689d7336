import { burstWindow } from "../core/incident/burst.ts";
import type { IncidentRow } from "../core/incident/incident-row.ts";

/** A column as text; "" where the row does not have it. */
export function field(row: IncidentRow, name: string): string {
  const value = row[name];
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Milliseconds since 1970; undefined for an unknown time, which is stored as 1970. */
export function instant(time: string): number | undefined {
  const milliseconds = Date.parse(time);
  return milliseconds > 0 ? milliseconds : undefined;
}

const two = (number: number): string => String(number).padStart(2, "0");

/** `22 Nov 14:02`, with the year unless it is the current one. All times are UTC. */
export function shortTime(milliseconds: number, now: number): string {
  const date = new Date(milliseconds);
  const year = date.getUTCFullYear() === new Date(now).getUTCFullYear() ? "" : ` ${date.getUTCFullYear()}`;
  const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ""}${year}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
}

/** When a burst was: `22 Nov 23:00 to 00:00 UTC` */
export function burstTime(burstId: string, now: number): string {
  const { from, to } = burstWindow(burstId);
  return `${shortTime(from.getTime(), now)} to ${to.toISOString().slice(11, 16)} UTC`;
}

/** `2026-11-22 14:02:11 UTC` */
export function fullTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `just now`, `5 min ago`, `3 h ago`, `12 d ago` */
export function ago(milliseconds: number, now: number): string {
  const passed = now - milliseconds;
  if (passed < MINUTE) return "just now";
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < 2 * DAY) return `${Math.floor(passed / HOUR)} h ago`;
  return `${Math.floor(passed / DAY)} d ago`;
}

/** `0.4 s`, `12 s`, `3 min` */
export function span(milliseconds: number): string {
  if (milliseconds < 10_000) return `${(Math.max(0, milliseconds) / 1_000).toFixed(1)} s`;
  if (milliseconds < 2 * MINUTE) return `${Math.round(milliseconds / 1_000)} s`;
  if (milliseconds < 2 * HOUR) return `${Math.round(milliseconds / MINUTE)} min`;
  return milliseconds < 2 * DAY ? `${Math.round(milliseconds / HOUR)} h` : `${Math.round(milliseconds / DAY)} d`;
}

/** `TruePositive` → `True positive` */
export function inWords(name: string): string {
  const spaced = name.replaceAll(/(?<=[a-z])([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export { counted as count } from "../core/counted.ts";
