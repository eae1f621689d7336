// Alert rules and their recipients. docs/runbook.md has a section for each rule, under its name.

param namePrefix string
@description('The workspace\'s region, where log alerts are evaluated.')
param workspaceLocation string
param tags object
param workspaceId string
param functionAppName string
param eventHubNamespaceId string
param eventHubName string
param dataCollectionRuleId string
param emails string[]
@description('How long no audit event may reach the hub before hub-silent fires.')
param silentAfter 'PT1H' | 'PT6H' | 'PT12H' | 'P1D'
param missedCheck bool
param missedQuery string
param hasDailyCap bool
param runbookUrl string

type LogAlert = {
  name: string
  title: string
  description: string
  query: string
  @description('0 critical, 1 error, 2 warning, 3 informational, 4 verbose')
  severity: int
  frequency: string
  window: string
  @description('How far back the query may look, if further than the window.')
  timeRange: string?
  @description('Columns to split by: each value makes its own alert.')
  splitBy: string[]?
  @description('The column to measure; without one, a single row fires the alert.')
  measure: string?
}

var kqlTimeSpans = { PT1H: '0.01:00:00', PT6H: '0.06:00:00', PT12H: '0.12:00:00', P1D: '1.00:00:00' }

var logAlerts LogAlert[] = [
  {
    name: 'new-incident'
    title: 'New incident of high severity'
    description: 'A setting that guards privileged roles was changed.'
    query: loadTextContent('../queries/alerts/detection/new-incident.kql')
    severity: 1
    frequency: 'PT1M'
    window: 'PT5M'
    timeRange: 'P2D'
    splitBy: ['IncidentId', 'IncidentTitle', 'Priority', 'RoleScope', 'InitiatedBy', 'Result']
  }
  {
    name: 'detector-failing'
    title: 'The detector fails'
    description: 'Batches, sweeps or ledger checks fail and are retried; partitions wait.'
    query: loadTextContent('../queries/alerts/detection/detector-failing.kql')
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    splitBy: ['Name']
  }
  {
    name: 'app-silent'
    title: 'The app does not run'
    description: 'No function has run for half an hour, though a timer runs every minute.'
    query: loadTextContent('../queries/alerts/detection/app-silent.kql')
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
    measure: 'Runs'
  }
  {
    name: 'ledger-silent'
    title: 'The ledger is not checked'
    description: 'The ledger was not checked for half an hour: gaps, losses and a silent hub would go unnoticed.'
    query: loadTextContent('../queries/alerts/events/ledger-silent.kql')
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
    measure: 'Checks'
  }
  {
    name: 'timer-late'
    title: 'A timer does not run'
    description: 'The outbox sweep or the comparison with Log Analytics has missed three scheduled runs.'
    query: loadTextContent('../queries/alerts/detection/timer-late.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    splitBy: ['Timer']
  }
  {
    name: 'hub-silent'
    title: 'No audit event arrives'
    description: 'No event has reached the hub for ${silentAfter}.'
    query: replace(
      loadTextContent('../queries/alerts/events/hub-silent.kql'),
      '{silentAfter}',
      kqlTimeSpans[silentAfter]
    )
    severity: 1
    frequency: 'PT30M'
    window: 'PT1H'
    timeRange: 'P2D'
  }
  {
    name: 'hub-lag'
    title: 'Events wait in the hub'
    description: 'An event has waited in the hub for more than 15 minutes.'
    query: loadTextContent('../queries/alerts/events/hub-lag.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'hub-headroom'
    title: 'Half of the retention is used up'
    description: 'The oldest unfinished event has used up half of the hub\'s retention. At the end of it, the event is lost.'
    query: loadTextContent('../queries/alerts/events/hub-headroom.kql')
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'gaps-open'
    title: 'Gaps are not healed'
    description: 'Every ledger check in half an hour left a gap open.'
    query: loadTextContent('../queries/alerts/events/gaps-open.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'gaps-healed'
    title: 'Gaps were healed'
    description: 'The platform skipped events after a time-out or a crash; pimwatch read them again. Nothing is lost.'
    query: loadTextContent('../queries/alerts/events/gaps-healed.kql')
    severity: 3
    frequency: 'PT30M'
    window: 'PT1H'
  }
  {
    name: 'operation-unmatched'
    title: 'An operation on roles that no rule knows'
    description: 'pimwatch saw an operation on roles or of PIM that no rule matched. Microsoft may have renamed one.'
    query: loadTextContent('../queries/alerts/detection/operation-unmatched.kql')
    severity: 3
    frequency: 'PT30M'
    window: 'PT1H'
    splitBy: ['Operation']
  }
  {
    name: 'events-stuck'
    title: 'Events cannot be stored'
    description: 'The healer tried an event several times and could not store it, although it could store others.'
    query: loadTextContent('../queries/alerts/events/events-stuck.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT6H'
    splitBy: ['PartitionId', 'Number']
  }
  {
    name: 'events-lost'
    title: 'Events are lost'
    description: 'Events left the hub before they were finished.'
    query: loadTextContent('../queries/alerts/events/events-lost.kql')
    severity: 1
    frequency: 'PT15M'
    window: 'PT1H'
    splitBy: ['PartitionId', 'First', 'Last']
  }
  {
    name: 'slow-detection'
    title: 'Incidents are found late'
    description: 'An incident was found more than 15 minutes after its event reached the hub.'
    query: loadTextContent('../queries/alerts/detection/slow-detection.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT1H'
    splitBy: ['IncidentId']
  }
  {
    name: 'outbox-stopped'
    title: 'Incidents do not reach Log Analytics'
    description: 'Every sweep of the outbox in 20 minutes stopped early. Incidents are safe in the table.'
    query: loadTextContent('../queries/alerts/forwarding/outbox-stopped.kql')
    severity: 2
    frequency: 'PT10M'
    window: 'PT30M'
  }
  {
    name: 'outbox-age'
    title: 'Incidents wait to be forwarded'
    description: 'An incident has waited for more than an hour to reach Log Analytics. It is safe in the table.'
    query: loadTextContent('../queries/alerts/forwarding/outbox-age.kql')
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'rows-refused'
    title: 'Log Analytics refuses rows'
    description: 'Rows of incidents do not fit the stream, or failed alone for a day. They stay in the outbox, marked as refused.'
    query: loadTextContent('../queries/alerts/forwarding/rows-refused.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'sink-failing'
    title: 'A sink such as the webhook does not get incidents'
    description: 'A sink beside Log Analytics, such as the webhook, refused incidents, failed for one of them for a day, or was unreachable for half an hour.'
    query: loadTextContent('../queries/alerts/forwarding/sink-failing.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    splitBy: ['Sink']
  }
  {
    name: 'requeued'
    title: 'Rows of the incident table were missing'
    description: 'Incidents had left the outbox without an acknowledgement, or were missing in lists. pimwatch queued or listed them again. Incidents that are listed but not stored need a person.'
    query: loadTextContent('../queries/alerts/forwarding/requeued.kql')
    severity: 2
    frequency: 'PT30M'
    window: 'PT1H'
  }
  {
    name: 'dead-letters'
    title: 'Events could not be read'
    description: 'Events or records became dead letters.'
    query: loadTextContent('../queries/alerts/events/dead-letters.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'ingestion-errors'
    title: 'Accepted rows were not stored'
    description: 'The data collection rule logged errors for rows it had accepted.'
    query: loadTextContent('../queries/alerts/forwarding/ingestion-errors.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
  }
]

var dailyCapAlert LogAlert = {
  name: 'daily-cap'
  title: 'The workspace has reached its daily cap'
  description: 'No incident reaches Log Analytics until the cap is reset.'
  query: loadTextContent('../queries/alerts/forwarding/daily-cap.kql')
  severity: 2
  frequency: 'PT15M'
  window: 'PT1H'
}

var missedAlert LogAlert = {
  name: 'missed'
  title: 'pimwatch missed a match of Sentinel\'s query'
  description: 'A record in AuditLogs matches a rule but is not an incident half an hour later.'
  query: missedQuery
  severity: 1
  frequency: 'PT30M'
  window: 'P1D'
  timeRange: 'P2D'
  splitBy: ['AuditLogId']
}

var allLogAlerts = concat(logAlerts, hasDailyCap ? [dailyCapAlert] : [], missedCheck ? [missedAlert] : [])

type MetricCriterion = {
  metric: string
  @description('Restrict to our hub; the namespace may have others.')
  ofHub: bool
  aggregation: 'Total' | 'Count'
  operator: 'GreaterThan' | 'LessThanOrEqual'
}

type MetricAlert = {
  name: string
  title: string
  description: string
  target: 'eventHub' | 'dataCollectionRule'
  severity: int
  frequency: string
  window: string
  @description('All must be met; each compares with 0.')
  criteria: MetricCriterion[]
}

var metricAlerts MetricAlert[] = [
  {
    name: 'hub-not-read'
    title: 'Nobody reads the hub'
    description: 'Events reached the hub in the last hour, but none was read.'
    target: 'eventHub'
    severity: 1
    frequency: 'PT15M'
    window: 'PT1H'
    criteria: [
      { metric: 'IncomingMessages', ofHub: true, aggregation: 'Total', operator: 'GreaterThan' }
      { metric: 'OutgoingMessages', ofHub: true, aggregation: 'Total', operator: 'LessThanOrEqual' }
    ]
  }
  {
    name: 'hub-throttled'
    title: 'The hub throttles requests'
    description: 'The namespace has reached its throughput limit: audit events may be delayed or dropped before they reach it.'
    target: 'eventHub'
    severity: 2
    frequency: 'PT5M'
    window: 'PT15M'
    criteria: [{ metric: 'ThrottledRequests', ofHub: false, aggregation: 'Total', operator: 'GreaterThan' }]
  }
  {
    name: 'rows-dropped'
    title: 'The data collection rule drops rows'
    description: 'Rows were dropped between acceptance and the table.'
    target: 'dataCollectionRule'
    severity: 2
    frequency: 'PT5M'
    window: 'PT15M'
    criteria: [{ metric: 'RowsDropped_Count', ofHub: false, aggregation: 'Total', operator: 'GreaterThan' }]
  }
  {
    name: 'transformation-errors'
    title: 'The data collection rule cannot transform rows'
    description: 'Its transformation failed for rows it had accepted.'
    target: 'dataCollectionRule'
    severity: 2
    frequency: 'PT5M'
    window: 'PT15M'
    criteria: [{ metric: 'TransformationErrors_Count', ofHub: false, aggregation: 'Count', operator: 'GreaterThan' }]
  }
]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${namePrefix}-alerts'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'pimwatch'
    emailReceivers: [
      for email in emails: {
        name: email
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource logAlertRules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in allLogAlerts: {
    name: '${namePrefix}-${alert.name}'
    location: workspaceLocation
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'pimwatch: ${alert.title}'
      description: '${alert.description} What to do: ${runbookUrl}#${alert.name}'
      enabled: true
      severity: alert.severity
      scopes: [workspaceId]
      evaluationFrequency: alert.frequency
      windowSize: alert.window
      overrideQueryTimeRange: alert.?timeRange
      autoMitigate: true // fires once for each value it is split by, until that is resolved
      skipQueryValidation: true // the validation does not know a table created a minute ago
      criteria: {
        allOf: [
          {
            query: replace(alert.query, '{functionApp}', functionAppName)
            timeAggregation: contains(alert, 'measure') ? 'Total' : 'Count'
            metricMeasureColumn: alert.?measure
            operator: contains(alert, 'measure') ? 'LessThan' : 'GreaterThan'
            threshold: contains(alert, 'measure') ? 1 : 0
            dimensions: map(alert.?splitBy ?? [], column => { name: column, operator: 'Include', values: ['*'] })
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [actionGroup.id] }
    }
  }
]

resource metricAlertRules 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for alert in metricAlerts: {
    name: '${namePrefix}-${alert.name}'
    location: 'global'
    tags: tags
    properties: {
      description: '${alert.title}: ${alert.description} What to do: ${runbookUrl}#${alert.name}'
      enabled: true
      severity: alert.severity
      scopes: [alert.target == 'eventHub' ? eventHubNamespaceId : dataCollectionRuleId]
      evaluationFrequency: alert.frequency
      windowSize: alert.window
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          for criterion in alert.criteria: {
            criterionType: 'StaticThresholdCriterion'
            name: criterion.metric
            metricNamespace: alert.target == 'eventHub'
              ? 'Microsoft.EventHub/namespaces'
              : 'Microsoft.Insights/dataCollectionRules'
            metricName: criterion.metric
            timeAggregation: criterion.aggregation
            operator: criterion.operator
            threshold: 0
            skipMetricValidation: true
            dimensions: criterion.ofHub ? [{ name: 'EntityName', operator: 'Include', values: [eventHubName] }] : []
          }
        ]
      }
      actions: [{ actionGroupId: actionGroup.id }]
    }
  }
]
