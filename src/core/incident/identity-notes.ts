import { type Actor, agentTargetsOf } from "../event/audit-activity.ts";
import { type AgentTarget, agentWords, isAgent } from "../event/agents.ts";
import type { DiagnosticRecord } from "../event/event-body.ts";
import { identityKey, isOneOf } from "../identity-key.ts";
import { valueText } from "../value-text.ts";

/** What an analyst must know about the identities in a record, beyond their names. */
export interface IdentityNotes {
  /** The actor is a person by principal name and a Microsoft service by display name. */
  readonly nameMismatch: boolean;
  readonly agentTargets: readonly AgentTarget[];
  /** In plain words, one sentence for each. */
  readonly notes: readonly string[];
}

export function identityNotesOf(record: DiagnosticRecord, actor: Actor): IdentityNotes {
  const service = impersonatingService(record, actor);
  const agentTargets = agentTargetsOf(record);
  const notes = [
    ...(service === "" ? [] : [impersonation(actor, service)]),
    ...(isAgent(actor.agent) ? [`The actor is ${agentWords(actor.agent)}.`] : []),
    ...agentTargets.map((target) => `The target ${target.name || target.id} is ${agentWords(target)}.`),
  ];
  return { nameMismatch: service !== "", agentTargets, notes };
}

function impersonation({ userPrincipalName }: Actor, service: string): string {
  return (
    `The principal name of the actor is ${userPrincipalName}, but the display name is that of the Microsoft service ${service}. ` +
    "A service acted as this person, as with the actor tokens of CVE-2025-55241. Ask the person."
  );
}

/**
 * The Microsoft service that the record gives as display name of a person, or "". This is the trace that an actor token
 * leaves: Entra writes the principal name of the person and the display name of the service.
 *
 * Only whole names of known services count, and no account that is named after a service, such as dataverse@…: a person
 * may choose any display name. Some services legitimately change groups and directory features on behalf of people.
 *
 * @see https://dirkjanm.io/obtaining-global-admin-in-every-entra-id-tenant-with-actor-tokens/ for trace and exceptions
 */
function impersonatingService(record: DiagnosticRecord, { userPrincipalName, userDisplayName }: Actor): string {
  const [account = "", domain] = userPrincipalName.split("@");
  if (domain === undefined || LEGITIMATE.test(valueText(record["operationName"]))) return "";
  const names = [userDisplayName, valueText(record["identity"])];
  const service = names.find((name) => isService(name))?.trim() ?? "";
  return lettersOf(account).includes(lettersOf(service)) ? "" : service;
}

const LEGITIMATE = /group|^\s*set directory feature on tenant\s*$/i;

/**
 * Display names of Microsoft's services. The first five are those that the finder of CVE-2025-55241 looks for; the others
 * are the services, not the clients, of Microsoft's list of first-party applications as of 2024-03-08. Names of one common
 * word are left out.
 *
 * @see https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in
 */
const isService = isOneOf([
  "Office 365 Exchange Online",
  "Office 365 SharePoint Online",
  "Skype for Business Online",
  "Dataverse",
  "Microsoft Dynamics ERP",
  "Azure Advanced Threat Protection",
  "Azure Portal",
  "CPIM Service",
  "Exchange Admin Center",
  "Exchange Online",
  "IAM Supportability",
  "Microsoft 365 Security and Compliance Center",
  "Microsoft 365 Support Service",
  "Microsoft App Access Panel",
  "Microsoft Approval Management",
  "Microsoft Defender for Cloud Apps",
  "Microsoft Defender for Identity",
  "Microsoft Exchange ForwardSync",
  "Microsoft Exchange Message Tracking Service",
  "Microsoft Exchange Online Protection",
  "Microsoft Exchange ProtectedServiceHost",
  "Microsoft Exchange REST API Based Powershell",
  "Microsoft Exchange Web Services",
  "Microsoft Forms",
  "Microsoft Graph",
  "Microsoft Office 365 Portal",
  "Microsoft Office Web Apps Service",
  "Microsoft Online Syndication Partner Portal",
  "Microsoft password reset service",
  "Microsoft Power BI",
  "Microsoft Substrate Management",
  "Microsoft Teams",
  "Microsoft Teams Services",
  "Office 365 Management",
  "Office 365 Search Service",
  "Partner Customer Delegated Admin Offline Processor",
  "Password Breach Authenticator",
  "Power BI Service",
  "SharePoint Online",
  "SharePoint Online Web Client Extensibility",
  "Substrate Context Service",
  "Substrate Search Settings Management Service",
  "SubstrateDirectoryEventProcessor",
  "Windows Azure Active Directory",
  "Windows Azure Security Resource Provider",
  "Windows Azure Service Management API",
  "WindowsDefenderATP Portal",
]);

function lettersOf(name: string): string {
  return identityKey(name).replaceAll(/[^\p{L}\p{N}]/gu, "");
}
