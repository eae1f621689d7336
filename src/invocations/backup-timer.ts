import type { Services } from "../wiring.ts";
import type { Log } from "./log.ts";

/** Goes on with the export of the incident table, if it is due. */
export async function runBackupTimer({ backUp, timers, now }: Services, log: Log): Promise<void> {
  const backedUp = await backUp();
  const line = JSON.stringify({ event: "backed up", ...backedUp });
  if (backedUp.isOverdue) log.warn(line);
  else log.info(line);
  // Otherwise the timer counts as late: a backup that does not come is what matters, not a run.
  if (!backedUp.isOverdue) await timers.ended("backup-timer", now());
}
