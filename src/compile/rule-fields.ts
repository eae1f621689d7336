/** What pimwatch does with a field of Sentinel's rule schema. */
export interface RuleField {
  /**
   * `honoured`: it decides something here; `shown`: kept and shown; `ignored`: it says how Sentinel runs the rule, which
   * pimwatch runs on each event.
   */
  readonly treatment: "honoured" | "shown" | "ignored";
  readonly note: string;
}

const nested = "part of metadata; some official files have it at the top level";

/** Every field of a rule file, and what becomes of it. A field that is not listed is a warning. */
export const RULE_FIELDS: Readonly<Record<string, RuleField>> = {
  id: { treatment: "honoured", note: "part of every incident's identity" },
  name: { treatment: "honoured", note: "the incident's title" },
  description: { treatment: "shown", note: "" },
  severity: { treatment: "honoured", note: "the incident's severity" },
  kind: { treatment: "honoured", note: "Scheduled and NRT run alike: on each event" },
  version: { treatment: "shown", note: "kept with each incident" },
  query: { treatment: "honoured", note: "compiled at build time" },
  tactics: { treatment: "shown", note: "" },
  relevantTechniques: { treatment: "shown", note: "" },
  tags: { treatment: "shown", note: "" },
  entityMappings: {
    treatment: "honoured",
    note: "an identifier whose column the query does not yield is left out, with a warning",
  },
  customDetails: { treatment: "honoured", note: "as entityMappings" },
  alertDetailsOverride: { treatment: "honoured", note: "title, description, severity and tactics from columns" },
  triggerOperator: { treatment: "honoured", note: "only gt (or GreaterThan); anything else is refused" },
  triggerThreshold: { treatment: "honoured", note: "only 0; anything else needs a count over a window and is refused" },
  queryFrequency: { treatment: "ignored", note: "checked; each event is evaluated as it arrives" },
  queryPeriod: { treatment: "ignored", note: "checked; now() and ago() are relative to the event's own time" },
  eventGroupingSettings: { treatment: "ignored", note: "one incident per event and result row" },
  suppressionEnabled: { treatment: "ignored", note: "" },
  suppressionDuration: { treatment: "ignored", note: "" },
  incidentConfiguration: { treatment: "ignored", note: "every result is an incident of its own" },
  requiredDataConnectors: { treatment: "shown", note: "" },
  status: { treatment: "shown", note: "" },
  metadata: { treatment: "shown", note: "" },
  enabled: { treatment: "ignored", note: "overlay.yaml switches rules on and off" },
  alertRuleTemplateName: { treatment: "shown", note: "" },
  templateVersion: { treatment: "shown", note: "" },
  sentinelEntitiesMappings: { treatment: "ignored", note: "" },
  source: { treatment: "shown", note: nested },
  author: { treatment: "shown", note: nested },
  support: { treatment: "shown", note: nested },
  categories: { treatment: "shown", note: nested },
  threatAnalysisTactics: { treatment: "shown", note: nested },
  threatAnalysisTechniques: { treatment: "shown", note: nested },
};
