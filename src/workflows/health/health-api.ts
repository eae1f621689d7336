import { type HttpAnswer, json } from "../../core/triage/http-answer.ts";
import type { PipelineHealth } from "./pipeline-health.ts";

/** The whole health of the app, for analysts. */
export interface AppHealth extends PipelineHealth {
  readonly version: string;
  /** The literals of the scan, or why the scan is off. */
  readonly scan?: string;
  /** The rules that run. */
  readonly rules?: readonly {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly fileHash: string;
    readonly queryHash: string;
  }[];
}

/** The part of the health that is open to anyone, and enough for a probe: 200 as long as events are stored. */
export function healthAnswer({ status }: Pick<PipelineHealth, "status">): HttpAnswer<200 | 503> {
  return json(status === "down" ? 503 : 200, { status });
}
