import { valueText } from "../value-text.ts";
import type { Portals } from "../azure-clouds.ts";
import type { IncidentRow } from "../incident/incident-row.ts";
import { isAboutPimSettings } from "../pim-settings/role-tiers.ts";
import { isOfDirectory, restoreRequests, type GraphRequest } from "./policy-restore.ts";

/** A question for the analyst, with the KQL that answers it in Log Analytics. */
interface InvestigationQuery {
  readonly question: string;
  readonly kql: string;
}

/** What helps to look into one incident. */
export interface Investigation {
  readonly queries: readonly InvestigationQuery[];
  /** To read and to set back the policy whose settings were changed. Empty if they were not, or its id is not known. */
  readonly graph: readonly GraphRequest[];
  readonly links: readonly { readonly label: string; readonly href: string }[];
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What followed a change, in PIM's own names of the activities. */
const FOLLOWING_ACTIVITIES = [
  "Add member to role completed (PIM activation)",
  "Add member to role in PIM completed",
  "Add eligible member to role in PIM completed",
  "Add member to role outside of PIM",
  "Disable PIM alert",
  "Update PIM alert setting",
];

/**
 * Everything here is made from the incident's own fields, each as a quoted literal or not at all. Only an incident about
 * settings of PIM speaks of roles and of PIM.
 */
export function investigationOf(row: IncidentRow, portals: Portals): Investigation {
  const isOfPim = isAboutPimSettings(row);
  return {
    queries: queriesOf(row, isOfPim),
    graph: isOfPim ? restoreRequests(row) : [],
    links: linksOf(row, { portals, isOfPim }),
  };
}

function queriesOf(row: IncidentRow, isOfPim: boolean): InvestigationQuery[] {
  const actor = actorOf(row);
  const address = valueText(row["ClientIpAddress"]) || valueText(row["InitiatedByIpAddress"]);
  const at = `let changedAt = ${kqlTime(valueText(row["ActivityDateTime"]))};`;
  return [
    ...(actor === undefined ? [] : [actorQuery(actor, at)]),
    ...(actor === undefined || !isOfPim ? [] : [activationQuery(actor, at)]),
    ...(address === "" ? [] : [addressQuery(address, at)]),
    ...(isOfPim ? roleQueries(row, at) : targetQueries(row, at)),
  ];
}

/** How AuditLogs names who did it. */
interface Actor {
  readonly column: string;
  readonly id: string;
}

function actorOf(row: IncidentRow): Actor | undefined {
  const candidates: Actor[] = [
    { column: "InitiatedBy.user.id", id: valueText(row["InitiatedByUserId"]) },
    { column: "InitiatedBy.user.userPrincipalName", id: valueText(row["InitiatedByUserPrincipalName"]) },
    { column: "InitiatedBy.app.servicePrincipalId", id: valueText(row["InitiatedByServicePrincipalId"]) },
    { column: "InitiatedBy.app.appId", id: valueText(row["InitiatedByAppId"]) },
    { column: "InitiatedBy.app.displayName", id: valueText(row["InitiatedByAppName"]) },
  ];
  return candidates.find(({ id }) => id.trim() !== "");
}

function actorQuery({ column, id }: Actor, at: string): InvestigationQuery {
  return {
    question: "What else did the actor do, from a day before to a day after?",
    kql: `${at}
let actor = ${kqlText(id)};
AuditLogs
| where TimeGenerated between (changedAt - 24h .. changedAt + 24h)
| where tostring(${column}) =~ actor
| project TimeGenerated, OperationName, Result, ResultReason, Target = tostring(TargetResources[0].displayName)
| order by TimeGenerated asc`,
  };
}

function activationQuery({ column, id }: Actor, at: string): InvestigationQuery {
  return {
    question: "Had the actor just activated a role of their own, and with MFA?",
    kql: `${at}
let actor = ${kqlText(id)};
AuditLogs
| where TimeGenerated between (changedAt - 48h .. changedAt)
| where OperationName =~ "Add member to role completed (PIM activation)"
| where tostring(${column}) =~ actor
| mv-expand Detail = AdditionalDetails
| summarize Details = make_bag(bag_pack(tostring(Detail.key), Detail.value)) by TimeGenerated, CorrelationId, ResultReason, Role = tostring(TargetResources[0].displayName)
| order by TimeGenerated desc`,
  };
}

function addressQuery(address: string, at: string): InvestigationQuery {
  return {
    question: "Who else signed in from this address, and is it new for the actor?",
    kql: `${at}
let address = ${kqlText(address)};
SigninLogs
| where TimeGenerated between (changedAt - 30d .. changedAt + 1d)
| where IPAddress == address
| summarize First = min(TimeGenerated), Last = max(TimeGenerated), SignIns = count(), Apps = make_set(AppDisplayName, 20) by UserPrincipalName, ResultType
| order by Last desc`,
  };
}

function roleQueries(row: IncidentRow, at: string): InvestigationQuery[] {
  const role = [row["RoleName"], row["RoleId"], row["RoleTemplateId"], row["TargetResourceId"]]
    .map(valueText)
    .filter(Boolean);
  if (role.length === 0) return [];
  return [
    {
      question: "Who was assigned or activated the role since, and was an alert of PIM switched off?",
      kql: `${at}
let role = dynamic([${[...new Set(role)].map(kqlText).join(", ")}]);
AuditLogs
| where TimeGenerated between (changedAt .. changedAt + 14d)
| where OperationName has_any (dynamic([${FOLLOWING_ACTIVITIES.map(kqlText).join(", ")}]))
| where OperationName has "PIM alert" or tostring(TargetResources) has_any (role)
| project TimeGenerated, OperationName, Result, By = coalesce(tostring(InitiatedBy.user.userPrincipalName), tostring(InitiatedBy.app.displayName)), TargetResources, ResultReason
| order by TimeGenerated asc`,
    },
    {
      question: "Which other settings of this role were changed lately?",
      kql: `let role = ${kqlText(valueText(row["RoleName"]))};
PimwatchIncidents()
| where ActivityDateTime > ago(30d)
| where RoleName =~ role
| project ActivityDateTime, Priority, Effect, Assessment, InitiatedBy, ClientIpAddress, Status
| order by ActivityDateTime desc`,
    },
  ];
}

function targetQueries(row: IncidentRow, at: string): InvestigationQuery[] {
  const target = valueText(row["TargetResourceId"]) || valueText(row["TargetResourceName"]);
  return [
    ...(target.trim() === ""
      ? []
      : [
          {
            question: "What else happened to the target, from a week before to a week after?",
            kql: `${at}
let target = ${kqlText(target)};
AuditLogs
| where TimeGenerated between (changedAt - 7d .. changedAt + 7d)
| where tostring(TargetResources) contains target
| project TimeGenerated, OperationName, Result, ResultReason, By = coalesce(tostring(InitiatedBy.user.userPrincipalName), tostring(InitiatedBy.app.displayName)), TargetResources
| order by TimeGenerated asc`,
          },
        ]),
    {
      question: "What else did this rule find lately?",
      kql: `let rule = ${kqlText(valueText(row["RuleId"]))};
PimwatchIncidents()
| where ActivityDateTime > ago(30d)
| where RuleId =~ rule
| project ActivityDateTime, Priority, IncidentTitle, TargetResourceName, InitiatedBy, ClientIpAddress, Status, Classification
| order by ActivityDateTime desc`,
    },
  ];
}

function linksOf(
  row: IncidentRow,
  { portals, isOfPim }: { readonly portals: Portals; readonly isOfPim: boolean },
): Investigation["links"] {
  const user = valueText(row["InitiatedByUserId"]);
  const template = valueText(row["RoleTemplateId"]);
  return [
    ...(GUID.test(user)
      ? [
          {
            label: "The actor in Entra",
            href: `${portals.entra}/#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/${user}`,
          },
        ]
      : []),
    ...(isOfPim && isOfDirectory(row)
      ? [
          {
            label: "Roles in Privileged Identity Management",
            href: `${portals.entra}/#view/Microsoft_Azure_PIMCommon/ResourceMenuBlade/~/roles/resourceId//resourceType/tenant/provider/aadroles`,
          },
        ]
      : []),
    { label: "Incidents in Microsoft Sentinel", href: portals.incidents },
    ...(isOfPim && GUID.test(template)
      ? [
          {
            label: "What the role may do",
            href: "https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference",
          },
        ]
      : []),
  ];
}

/** A KQL string literal of any text. Whatever is not plain is written as an escape. */
export function kqlText(value: string): string {
  const escaped = value
    .toWellFormed()
    .replaceAll(/["\\]/g, (character) => `\\${character}`)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapedUnits);
  return `"${escaped}"`;
}

function escapedUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}

function kqlTime(time: string): string {
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? "now()" : `datetime(${new Date(milliseconds).toISOString()})`;
}
