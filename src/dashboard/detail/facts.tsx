import type { VNode } from "preact";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { isAboutPimSettings, tierNameOf } from "../../core/pim-settings/role-tiers.ts";
import { field, fullTime, instant, span } from "../format.ts";
import { Inert } from "./inert.tsx";

type Fact = readonly [name: string, value: string, note?: string];

/** Actor, target, origin and times from the record, with the ids that other tools ask for. */
export function Facts({ incident }: { readonly incident: IncidentRow }): VNode {
  const of = (name: string): string => field(incident, name);
  return (
    <section class="block" aria-labelledby="facts-title">
      <h3 id="facts-title">Who, where, when</h3>
      <div class="fact-columns">
        <FactList
          title="Actor"
          facts={[
            [of("InitiatedByType") || "Actor", of("InitiatedBy")],
            ["Object id", of("InitiatedByUserId")],
            ["Display name", of("InitiatedByDisplayName")],
            ["Application", of("InitiatedByAppName")],
            ["Client id", of("InitiatedByAppId")],
            ["Service principal", of("InitiatedByServicePrincipalId")],
            ["Agent type", of("InitiatedByAgentType")],
            ["Agent blueprint", of("InitiatedByAgentBlueprintId")],
            ["Address", of("ClientIpAddress")],
            ["Address in the rule", mappedAddress(incident)],
          ]}
        />
        {isAboutPimSettings(incident) ? (
          <FactList
            title="Role"
            facts={[
              ["Role", of("RoleScope") || of("RoleName")],
              ["Tier", tierNameOf(incident)],
              ["Template id", of("RoleTemplateId")],
              ["Role id", of("RoleId")],
              ["Target", of("TargetResourceName") === of("RoleName") ? "" : of("TargetResourceName")],
              ["Result", of("Result")],
              ["Ticket", of("ExpectedTicket")],
            ]}
          />
        ) : (
          <FactList
            title="Target"
            facts={[
              [of("TargetResourceType") || "Name", of("TargetResourceName")],
              ["Object id", of("TargetResourceId")],
              ["Result", of("Result")],
              ...detailsOfRule(incident),
            ]}
          />
        )}
        <FactList title="Times" facts={passage(incident)} />
        <FactList
          title="Found by"
          facts={[
            ["Rule", of("RuleName"), of("RuleVersion")],
            ["Operation", of("OperationName")],
            ["Audit record", of("AuditLogId")],
            ["Correlation id", of("CorrelationId")],
            ["Incident id", of("IncidentId")],
            ["Revision", of("Revision")],
          ]}
        />
      </div>
    </section>
  );
}

/** The custom details that the rule maps. */
function detailsOfRule(incident: IncidentRow): Fact[] {
  const details = incident["CustomDetails"];
  if (typeof details !== "object" || details === null || Array.isArray(details)) return [];
  return Object.entries(details).map(([name, value]) => [name, typeof value === "string" ? value : ""]);
}

function FactList({ title, facts }: { readonly title: string; readonly facts: readonly Fact[] }): VNode {
  return (
    <div>
      <h4>{title}</h4>
      <dl class="facts">
        {facts
          .filter(([, value]) => value !== "")
          .map(([name, value, note]) => (
            <>
              <dt>
                <Inert text={name} />
              </dt>
              <dd>
                <Inert text={value} />
                {note !== undefined && note !== "" && <span class="soft"> {note}</span>}
              </dd>
            </>
          ))}
      </dl>
    </div>
  );
}

function mappedAddress(incident: IncidentRow): string {
  const mapped = field(incident, "InitiatedByIpAddress");
  return mapped === field(incident, "ClientIpAddress") ? "" : mapped || "empty in the record";
}

/** When it happened, reached the hub and was found, and how long each step took. */
function passage(incident: IncidentRow): Fact[] {
  const times = [
    ["Happened", instant(field(incident, "ActivityDateTime"))],
    ["In the event hub", instant(field(incident, "EventHubEnqueuedTime"))],
    ["Found", instant(field(incident, "DetectedTime"))],
  ] as const;
  return times.map(([name, time], index) => {
    const before = times[index - 1]?.[1];
    const note = time !== undefined && before !== undefined ? `+${span(time - before)}` : "";
    return [name, time === undefined ? "unknown" : fullTime(time), note];
  });
}
