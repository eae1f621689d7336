/** What pimwatch does with a field of Sentinel's rule schema. */
export interface RuleField {
  /**
   * `honoured`: it decides something here; `shown`: kept and shown; `ignored`: it says how Sentinel runs the rule, which
   * pimwatch runs on each event; `refused`: some values need many events, and a rule with one of them does not run.
   */
  readonly treatment: "honoured" | "shown" | "ignored" | "refused";
  readonly note: string;
}

const nested = "part of metadata; some official files have it at the top level, which lint says";

/** Every field of a rule file, and what becomes of it. A field that is not listed is a warning. */
export const RULE_FIELDS: Readonly<Record<string, RuleField>> = {
  id: { treatment: "honoured", note: "part of every incident's identity" },
  name: { treatment: "honoured", note: "the incident's title, where nothing else gives it one" },
  description: { treatment: "shown", note: "with the incident" },
  severity: { treatment: "honoured", note: "the incident's severity; overlay.yaml may say another" },
  kind: { treatment: "honoured", note: "Scheduled and NRT run alike: on each event; other kinds are refused" },
  version: { treatment: "shown", note: "kept with each incident" },
  query: { treatment: "honoured", note: "compiled at build time; what cannot run is refused with its position" },
  tactics: { treatment: "shown", note: "with the incident and in `pimwatch coverage`; lint knows Sentinel's names" },
  relevantTechniques: { treatment: "shown", note: "the same; lint knows ATT&CK's techniques and their tactics" },
  tags: { treatment: "shown", note: "" },
  entityMappings: {
    treatment: "honoured",
    note: "an identifier whose column the query does not yield is left out, with a warning",
  },
  customDetails: { treatment: "honoured", note: "as entityMappings" },
  alertDetailsOverride: {
    treatment: "honoured",
    note: "a column that is empty leaves what the rule says, as in Sentinel",
  },
  triggerOperator: { treatment: "refused", note: "only gt (or GreaterThan) runs" },
  triggerThreshold: { treatment: "refused", note: "only 0 runs; anything else needs a count over a window" },
  queryFrequency: { treatment: "ignored", note: "checked; each event is evaluated as it arrives" },
  queryPeriod: { treatment: "ignored", note: "checked; now() and ago() are relative to the event's own time" },
  eventGroupingSettings: { treatment: "ignored", note: "one incident for each event and result row: AlertPerResult" },
  suppressionEnabled: { treatment: "ignored", note: "no event is suppressed; exclusions in overlay.yaml are explicit" },
  suppressionDuration: { treatment: "ignored", note: "the same" },
  incidentConfiguration: { treatment: "ignored", note: "every result is an incident of its own, none is grouped" },
  requiredDataConnectors: { treatment: "shown", note: "kept in the file; the stream has the audit logs" },
  status: { treatment: "shown", note: "kept in the file" },
  metadata: { treatment: "shown", note: "kept in the file" },
  enabled: { treatment: "ignored", note: "overlay.yaml switches rules on and off" },
  alertRuleTemplateName: { treatment: "shown", note: "kept in the file" },
  templateVersion: { treatment: "shown", note: "kept in the file" },
  sentinelEntitiesMappings: { treatment: "ignored", note: "it is about Sentinel's own entities column" },
  source: { treatment: "shown", note: nested },
  author: { treatment: "shown", note: nested },
  support: { treatment: "shown", note: nested },
  categories: { treatment: "shown", note: nested },
  threatAnalysisTactics: { treatment: "shown", note: nested },
  threatAnalysisTechniques: { treatment: "shown", note: nested },
};

/** Fields within fields that are treated otherwise than what holds them. */
export const NESTED_RULE_FIELDS: Readonly<Record<string, RuleField>> = {
  "alertDetailsOverride.alertDisplayNameFormat": { treatment: "honoured", note: "the title, at most 256 characters" },
  "alertDetailsOverride.alertDescriptionFormat": {
    treatment: "honoured",
    note: "the description, at most 5,000 characters",
  },
  "alertDetailsOverride.alertSeverityColumnName": {
    treatment: "honoured",
    note: "a column with one of Sentinel's four severities",
  },
  "alertDetailsOverride.alertTacticsColumnName": {
    treatment: "honoured",
    note: "a column with tactics, as a list or by commas",
  },
  "alertDetailsOverride.alertDynamicProperties": {
    treatment: "ignored",
    note: "there is no alert beside the incident to give them to",
  },
  "eventGroupingSettings.aggregationKind": { treatment: "ignored", note: "SingleAlert would need all events of a run" },
  "incidentConfiguration.createIncident": { treatment: "ignored", note: "incidents are what pimwatch makes" },
  "incidentConfiguration.groupingConfiguration": { treatment: "ignored", note: "results are not grouped" },
};
