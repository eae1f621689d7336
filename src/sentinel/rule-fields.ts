/** What pimwatch does with a field of Sentinel's rule schema. */
export interface RuleField {
  /**
   * `honoured`: changes what pimwatch does; `shown`: kept and shown; `ignored`: controls how Sentinel runs the rule, which
   * pimwatch does in its own way; `refused`: a rule with some values does not run.
   */
  readonly treatment: "honoured" | "shown" | "ignored" | "refused";
  readonly note: string;
}

const nested = "part of metadata; some official files have it at the top level, which lint reports";

/** Every field of a rule file, and how pimwatch treats it. Any other field is a warning. */
export const RULE_FIELDS: Readonly<Record<string, RuleField>> = {
  id: { treatment: "honoured", note: "part of every incident's identity" },
  name: { treatment: "honoured", note: "the incident's title, unless a title is set elsewhere" },
  description: { treatment: "shown", note: "with the incident" },
  severity: { treatment: "honoured", note: "the incident's severity, unless overlay.yaml sets another" },
  kind: {
    treatment: "honoured",
    note: "Scheduled and NRT both run on each event; an NRT rule that needs several events is refused, since it has no period, and so are other kinds",
  },
  version: { treatment: "shown", note: "kept with each incident" },
  query: {
    treatment: "honoured",
    note: "compiled at build time; a query that cannot run is refused, with the position",
  },
  tactics: { treatment: "shown", note: "with the incident and in `pimwatch coverage`; lint checks Sentinel's names" },
  relevantTechniques: { treatment: "shown", note: "the same; lint checks ATT&CK's techniques and their tactics" },
  tags: { treatment: "shown", note: "" },
  entityMappings: {
    treatment: "honoured",
    note: "an identifier whose column the query does not return is left out, with a warning",
  },
  customDetails: { treatment: "honoured", note: "as entityMappings" },
  alertDetailsOverride: {
    treatment: "honoured",
    note: "if a column is empty, the rule's own value stays, as in Sentinel",
  },
  triggerOperator: { treatment: "refused", note: "only gt (or GreaterThan) runs" },
  triggerThreshold: {
    treatment: "honoured",
    note: "counts the rows of one tenant at an instant; a rule with more than 0 needs several events",
  },
  queryFrequency: {
    treatment: "honoured",
    note: "a rule that needs several events runs at multiples of it; any other evaluates each event as it arrives",
  },
  queryPeriod: {
    treatment: "honoured",
    note: "the length of the window of a rule that needs several events; in any other, now() and ago() are relative to the event's own time",
  },
  eventGroupingSettings: {
    treatment: "ignored",
    note: "AlertPerResult: one incident for each event and result row, or for each finding over several events",
  },
  suppressionEnabled: { treatment: "ignored", note: "no event is suppressed; use exclusions in overlay.yaml" },
  suppressionDuration: { treatment: "ignored", note: "the same" },
  incidentConfiguration: { treatment: "ignored", note: "every result is its own incident; results are not grouped" },
  requiredDataConnectors: { treatment: "shown", note: "kept in the file; the stream has the audit logs" },
  status: { treatment: "shown", note: "kept in the file" },
  metadata: { treatment: "shown", note: "kept in the file" },
  enabled: { treatment: "ignored", note: "overlay.yaml switches rules on and off" },
  alertRuleTemplateName: { treatment: "shown", note: "kept in the file" },
  templateVersion: { treatment: "shown", note: "kept in the file" },
  sentinelEntitiesMappings: { treatment: "ignored", note: "describes Sentinel's own entities column" },
  source: { treatment: "shown", note: nested },
  author: { treatment: "shown", note: nested },
  support: { treatment: "shown", note: nested },
  categories: { treatment: "shown", note: nested },
  threatAnalysisTactics: { treatment: "shown", note: nested },
  threatAnalysisTechniques: { treatment: "shown", note: nested },
};

/** Nested fields that are treated differently from their parent. */
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
    note: "a column with tactics, as a list or comma-separated",
  },
  "alertDetailsOverride.alertDynamicProperties": {
    treatment: "ignored",
    note: "incidents have no separate alert that could carry them",
  },
  "eventGroupingSettings.aggregationKind": { treatment: "ignored", note: "SingleAlert would need all events of a run" },
  "incidentConfiguration.createIncident": { treatment: "ignored", note: "pimwatch always creates incidents" },
  "incidentConfiguration.groupingConfiguration": { treatment: "ignored", note: "results are not grouped" },
};
