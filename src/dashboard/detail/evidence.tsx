import type { VNode } from "preact";
import type { EvidenceRecord } from "../../core/incident/incident.ts";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { count, field, fullTime, instant } from "../format.ts";
import { Inert } from "./inert.tsx";

/** The events that an incident of several is made of, in order of time. */
export function Evidence({ incident }: { readonly incident: IncidentRow }): VNode | null {
  const records = evidenceIn(incident);
  if (records.length === 0) return null;
  const seen = instant(field(incident, "Instant"));
  return (
    <section class="block" aria-labelledby="evidence-title">
      <h3 id="evidence-title">Evidence</h3>
      <p class="soft">
        {count(records.length, "event")} in order of time
        {incident["Truncated"] === true && "; it may be made of more than are shown"}
        {seen !== undefined && `. The rule found it in its window that ended at ${fullTime(seen)}`}.
      </p>
      <ol class="history">
        {records.map((of) => (
          <li key={of("auditLogId")}>
            <div class="history-head">
              <strong>
                <Inert text={of("operationName")} />
              </strong>
              <time class="soft">{fullTime(instant(of("time")) ?? 0)}</time>
              {of("result") !== "" && of("result") !== "success" && <span class="tag">{of("result")}</span>}
            </div>
            <div class="history-change">
              by <Inert text={of("initiatedBy") || "unknown"} />
              {of("target") !== "" && (
                <>
                  {" on "}
                  <Inert text={of("target")} />
                </>
              )}
              {of("clientIpAddress") !== "" && (
                <>
                  {" from "}
                  <Inert text={of("clientIpAddress")} />
                </>
              )}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The texts of a record of the evidence, by name. */
type EvidenceTexts = (name: keyof EvidenceRecord) => string;

function evidenceIn(incident: IncidentRow): EvidenceTexts[] {
  const evidence = incident["Evidence"];
  if (!Array.isArray(evidence)) return [];
  return evidence.flatMap((record) => {
    if (typeof record !== "object" || record === null || Array.isArray(record)) return [];
    return [(name) => (typeof record[name] === "string" ? record[name] : "")];
  });
}
