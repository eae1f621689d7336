import { burstWindow } from "../../core/incident/burst-id.ts";
import { shortTime } from "../format.ts";

/** `22 Nov 23:00 to 00:00 UTC` */
export function burstWords(id: string, now: number): string {
  const { from, to } = burstWindow(id);
  return `${shortTime(from.getTime(), now)} to ${to.toISOString().slice(11, 16)} UTC`;
}
