// Alert rules and their recipients. docs/runbook.md has a section for each rule, under its name: the text of the alert.

param namePrefix string
@description('The workspace\'s region, where log alerts are evaluated.')
param workspaceLocation string
param tags object
param workspaceId string
param functionAppName string
param eventHubNamespaceId string
param dataCollectionRuleId string
@description('Who gets the alerts: e-mail addresses, a webhook (empty: none) and action groups by id.')
param emails string[]
@secure()
param webhookUrl string
param actionGroupIds string[]
@description('When this deployment began. An hour later the app must run.')
param deployedAt string
@description('How long no audit event may reach the hub before hub-silent fires.')
param silentAfter 'PT1H' | 'PT6H' | 'PT12H' | 'P1D'
param missedCheck bool
param missedQuery string
@description('Whether the workspace has a daily cap, or may have one.')
param mayHaveDailyCap bool
@description('Whether the workspace must keep the queries of alerts in a linked storage account.')
param inLinkedStorage bool
@description('Where the whole runbook is. Empty: nowhere.')
param runbookUrl string
@description('The page for analysts. Empty: there is none.')
param pageUrl string

type LogAlert = {
  name: string
  title: string
  query: string
  @description('0 critical, 1 error, 2 warning, 3 informational, 4 verbose')
  severity: int
  frequency: string
  window: string
  @description('How far back the query may look, if further than the window.')
  timeRange: string?
  @description('Columns to split by: each value makes its own alert.')
  splitBy: string[]?
  @description('The column whose value the alert states; without one, it states the number of rows.')
  measure: string?
}

// What happened and what to do, by the name of the alert: the sections of the runbook.
var runbookSections = toObject(
  skip(split(loadTextContent('../../docs/runbook.md'), '\n## '), 1),
  section => first(split(section, '\n')),
  section => trim(join(skip(split(section, '\n'), 1), '\n'))
)

@description('The text of an alert: its section, and where to read on.')
func textOf(name string, section string, pageUrl string, runbookUrl string) string =>
  '${section}${empty(pageUrl) ? '' : '\n\nThe page: ${pageUrl}'}${empty(runbookUrl) ? '' : '\n\nThe runbook: ${runbookUrl}#${name}'}'

var kqlTimeSpans = { PT1H: '0.01:00:00', PT6H: '0.06:00:00', PT12H: '0.12:00:00', P1D: '1.00:00:00' }

var logAlerts LogAlert[] = [
  {
    name: 'incident-p1'
    title: 'Incidents of priority P1'
    query: replace(loadTextContent('../queries/alerts/detection/incidents.kql'), '{priority}', 'P1')
    severity: 0
    frequency: 'PT1M'
    window: 'PT5M'
    timeRange: 'P2D'
    splitBy: ['Burst', 'RuleName', 'InitiatedBy', 'Tenant']
    measure: 'Incidents'
  }
  {
    name: 'incident-p2'
    title: 'Incidents of priority P2'
    query: replace(loadTextContent('../queries/alerts/detection/incidents.kql'), '{priority}', 'P2')
    severity: 2
    frequency: 'PT5M'
    window: 'PT5M'
    timeRange: 'P2D'
    splitBy: ['Burst', 'RuleName', 'InitiatedBy', 'Tenant']
    measure: 'Incidents'
  }
  {
    name: 'detector-failing'
    title: 'The detector fails'
    query: loadTextContent('../queries/alerts/detection/detector-failing.kql')
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    splitBy: ['Name']
  }
  {
    name: 'app-silent'
    title: 'The app does not run'
    query: replace(loadTextContent('../queries/alerts/detection/app-silent.kql'), '{deployedAt}', deployedAt)
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'ledger-silent'
    title: 'The ledger is not checked'
    query: replace(loadTextContent('../queries/alerts/events/ledger-silent.kql'), '{deployedAt}', deployedAt)
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'timer-late'
    title: 'A timer does not run'
    query: loadTextContent('../queries/alerts/detection/timer-late.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    splitBy: ['Timer']
  }
  {
    name: 'window-failed'
    title: 'A rule over several events cannot be evaluated'
    query: loadTextContent('../queries/alerts/detection/window-failed.kql')
    severity: 1
    frequency: 'PT15M'
    window: 'PT6H'
    splitBy: ['RuleId', 'Tenant']
  }
  {
    name: 'hub-silent'
    title: 'No audit event arrives'
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
    name: 'hub-not-read'
    title: 'Nobody reads the hub'
    query: replace(loadTextContent('../queries/alerts/events/hub-not-read.kql'), '{deployedAt}', deployedAt)
    severity: 1
    frequency: 'PT15M'
    window: 'PT1H'
  }
  {
    name: 'category-silent'
    title: 'A log category does not arrive'
    query: loadTextContent('../queries/alerts/events/category-silent.kql')
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
    splitBy: ['Category', 'EntraTenantId']
  }
  {
    name: 'hub-lag'
    title: 'Events wait in the hub'
    query: loadTextContent('../queries/alerts/events/hub-lag.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'hub-headroom'
    title: 'Half of the retention is used up'
    query: loadTextContent('../queries/alerts/events/hub-headroom.kql')
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'gaps-open'
    title: 'Gaps are not healed'
    query: loadTextContent('../queries/alerts/events/gaps-open.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'gaps-healed'
    title: 'Gaps were healed'
    query: loadTextContent('../queries/alerts/events/gaps-healed.kql')
    severity: 3
    frequency: 'PT30M'
    window: 'PT1H'
  }
  {
    name: 'operation-unmatched'
    title: 'An operation on roles that no rule knows'
    query: loadTextContent('../queries/alerts/detection/operation-unmatched.kql')
    severity: 3
    frequency: 'PT30M'
    window: 'PT1H'
    splitBy: ['Operation']
  }
  {
    name: 'events-stuck'
    title: 'Events cannot be stored'
    query: loadTextContent('../queries/alerts/events/events-stuck.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT6H'
    splitBy: ['PartitionId', 'Number']
  }
  {
    name: 'events-lost'
    title: 'Events are lost'
    query: loadTextContent('../queries/alerts/events/events-lost.kql')
    severity: 1
    frequency: 'PT15M'
    window: 'PT1H'
    splitBy: ['PartitionId', 'First', 'Last']
  }
  {
    name: 'slow-detection'
    title: 'Incidents are found late'
    query: loadTextContent('../queries/alerts/detection/slow-detection.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT1H'
    splitBy: ['IncidentId']
  }
  {
    name: 'outbox-stopped'
    title: 'Incidents do not reach Log Analytics'
    query: replace(loadTextContent('../queries/alerts/forwarding/outbox-stopped.kql'), '{deployedAt}', deployedAt)
    severity: 2
    frequency: 'PT10M'
    window: 'PT30M'
  }
  {
    name: 'outbox-age'
    title: 'Incidents wait to be forwarded'
    query: loadTextContent('../queries/alerts/forwarding/outbox-age.kql')
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'rows-refused'
    title: 'Log Analytics refuses rows'
    query: loadTextContent('../queries/alerts/forwarding/rows-refused.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'sink-failing'
    title: 'A sink such as the webhook does not get incidents'
    query: loadTextContent('../queries/alerts/forwarding/sink-failing.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    splitBy: ['Sink']
  }
  {
    name: 'requeued'
    title: 'Rows of the incident table were missing'
    query: loadTextContent('../queries/alerts/forwarding/requeued.kql')
    severity: 2
    frequency: 'PT30M'
    window: 'PT1H'
  }
  {
    name: 'dead-letters'
    title: 'Events could not be read'
    query: loadTextContent('../queries/alerts/events/dead-letters.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
  }
  {
    name: 'ingestion-errors'
    title: 'Accepted rows were not stored'
    query: loadTextContent('../queries/alerts/forwarding/ingestion-errors.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
  }
]

var dailyCapAlert LogAlert = {
  name: 'daily-cap'
  title: 'The workspace has reached its daily cap'
  query: loadTextContent('../queries/alerts/forwarding/daily-cap.kql')
  severity: 2
  frequency: 'PT15M'
  window: 'PT1H'
}

var missedAlert LogAlert = {
  name: 'missed'
  title: 'pimwatch missed a match of Sentinel\'s query'
  query: missedQuery
  severity: 1
  frequency: 'PT30M'
  window: 'P1D'
  timeRange: 'P2D'
  splitBy: ['AuditLogId']
}

var allLogAlerts = concat(logAlerts, mayHaveDailyCap ? [dailyCapAlert] : [], missedCheck ? [missedAlert] : [])

type MetricAlert = {
  name: string
  target: 'eventHub' | 'dataCollectionRule'
  severity: int
  frequency: string
  window: string
  @description('Fires if this metric is above 0.')
  metric: string
  aggregation: 'Total' | 'Count'
}

var metricAlerts MetricAlert[] = [
  {
    name: 'hub-throttled'
    target: 'eventHub'
    severity: 2
    frequency: 'PT5M'
    window: 'PT15M'
    metric: 'ThrottledRequests'
    aggregation: 'Total'
  }
  {
    name: 'rows-dropped'
    target: 'dataCollectionRule'
    severity: 2
    frequency: 'PT5M'
    window: 'PT15M'
    metric: 'RowsDropped_Count'
    aggregation: 'Total'
  }
  {
    name: 'transformation-errors'
    target: 'dataCollectionRule'
    severity: 2
    frequency: 'PT5M'
    window: 'PT15M'
    metric: 'TransformationErrors_Count'
    aggregation: 'Count'
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
    webhookReceivers: empty(webhookUrl) ? [] : [{ name: 'webhook', serviceUri: webhookUrl, useCommonAlertSchema: true }]
  }
}

var receivers = concat([actionGroup.id], actionGroupIds)

resource logAlertRules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in allLogAlerts: {
    name: '${namePrefix}-${alert.name}'
    location: workspaceLocation
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'pimwatch: ${alert.title}'
      description: textOf(alert.name, runbookSections[alert.name], pageUrl, runbookUrl)
      enabled: true
      severity: alert.severity
      scopes: [workspaceId]
      evaluationFrequency: alert.frequency
      windowSize: alert.window
      overrideQueryTimeRange: alert.?timeRange
      autoMitigate: true // fires once for each value it is split by, until that is resolved
      checkWorkspaceAlertsStorageConfigured: inLinkedStorage
      skipQueryValidation: true // the validation does not know a table created a minute ago
      criteria: {
        allOf: [
          {
            query: replace(alert.query, '{functionApp}', functionAppName)
            timeAggregation: contains(alert, 'measure') ? 'Total' : 'Count'
            metricMeasureColumn: alert.?measure
            operator: 'GreaterThan'
            threshold: 0
            dimensions: map(alert.?splitBy ?? [], column => { name: column, operator: 'Include', values: ['*'] })
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: receivers }
    }
  }
]

resource metricAlertRules 'Microsoft.Insights/metricAlerts@2026-01-01' = [
  for alert in metricAlerts: {
    name: '${namePrefix}-${alert.name}'
    location: 'global'
    tags: tags
    properties: {
      description: textOf(alert.name, runbookSections[alert.name], pageUrl, runbookUrl)
      enabled: true
      severity: alert.severity
      scopes: [alert.target == 'eventHub' ? eventHubNamespaceId : dataCollectionRuleId]
      evaluationFrequency: alert.frequency
      windowSize: alert.window
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: alert.metric
            metricNamespace: alert.target == 'eventHub'
              ? 'Microsoft.EventHub/namespaces'
              : 'Microsoft.Insights/dataCollectionRules'
            metricName: alert.metric
            timeAggregation: alert.aggregation
            operator: 'GreaterThan'
            threshold: 0
            skipMetricValidation: true
          }
        ]
      }
      #disable-next-line use-resource-id-functions // the linter does not see that these are a symbol's id and parameters
      actions: [for id in receivers: { actionGroupId: id }]
    }
  }
]
