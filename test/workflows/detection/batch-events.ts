import type { BatchFigures, HubEvent } from "../../../src/workflows/detection/detect-batch.ts";
import { POSITION, settingsChange } from "../../samples.ts";

const eventOf = (body: Uint8Array): HubEvent => ({ body, position: POSITION });
export const events = (...bodies: Uint8Array[]): HubEvent[] => bodies.map(eventOf);

/** The figures of a batch without records. Written out here, so that a test does not compare the code with itself. */
export const NOTHING: BatchFigures = {
  events: 0,
  skippedByScan: 0,
  received: 0,
  matched: 0,
  notMatched: 0,
  otherCategory: 0,
  recordsSkippedByScan: 0,
  deadLettered: 0,
  stored: 0,
  known: 0,
  otherContent: 0,
  kept: 0,
  inNoWindow: 0,
};

export const signIn = { category: "SignInLogs", operationName: "Sign-in activity", properties: {} };
export const otherActivity = settingsChange({ operationName: "Add member to role" }, { id: "Directory_1" });
