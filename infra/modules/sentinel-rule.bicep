// Turns pimwatch's incidents into Sentinel's, in a workspace with Sentinel. One of the two rules is on. Sentinel cannot
// change the kind of a rule, and a rule that is left out of a deployment stays on, so both are deployed.

param workspaceName string
param tableName string
@description('Sentinel runs it over the rows of one minute.')
param nearRealTimeQuery string
@description('Runs every five minutes over a day.')
param scheduledQuery string
@description('NRT: once a minute, two minutes behind. Scheduled: every five minutes, five minutes behind.')
param kind 'NRT' | 'Scheduled'

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: workspaceName
}

var rule = {
  description: 'Brings each pimwatch incident into Sentinel, once, with its entities.'
  severity: 'High'
  suppressionEnabled: false
  suppressionDuration: 'PT5H'
  tactics: ['PrivilegeEscalation']
  techniques: ['T1078']
  eventGroupingSettings: { aggregationKind: 'AlertPerResult' }
  alertDetailsOverride: {
    alertDisplayNameFormat: '{{IncidentTitle}}'
    alertDescriptionFormat: '{{Summary}}'
    alertSeverityColumnName: 'Severity'
    alertDynamicProperties: [{ alertProperty: 'AlertLink', value: 'Page' }]
  }
  customDetails: {
    IncidentId: 'IncidentId'
    Page: 'Page'
    Burst: 'BurstId'
    Priority: 'Priority'
    Effect: 'Effect'
    Tenant: 'Tenant'
    RoleScope: 'RoleScope'
    Setting: 'Setting'
    Result: 'Result'
    AuditLogId: 'AuditLogId'
    RuleName: 'RuleName'
  }
  entityMappings: [
    {
      entityType: 'Account'
      fieldMappings: [
        { identifier: 'FullName', columnName: 'InitiatedByUserPrincipalName' }
        { identifier: 'AadUserId', columnName: 'InitiatedByUserId' }
      ]
    }
    {
      // Anybody can name an application. Its client id tells two of one name apart; AppId takes only numbers.
      entityType: 'CloudApplication'
      fieldMappings: [
        { identifier: 'Name', columnName: 'InitiatedByAppName' }
        { identifier: 'InstanceName', columnName: 'InitiatedByAppId' }
      ]
    }
    {
      entityType: 'IP'
      fieldMappings: [{ identifier: 'Address', columnName: 'ClientIpAddress' }]
    }
  ]
  incidentConfiguration: {
    createIncident: true
    groupingConfiguration: {
      enabled: true
      reopenClosedIncident: false
      lookbackDuration: 'P1D'
      matchingMethod: 'Selected'
      groupByCustomDetails: ['IncidentId']
    }
  }
}

// Only preview versions of the API have this kind.
resource nearRealTimeRule 'Microsoft.SecurityInsights/alertRules@2025-10-01-preview' = {
  scope: workspace
  name: guid(workspace.id, tableName, 'pimwatch', 'NRT')
  kind: 'NRT'
  properties: {
    ...rule
    displayName: 'pimwatch: incident (near real time)'
    enabled: kind == 'NRT'
    query: nearRealTimeQuery
  }
}

resource scheduledRule 'Microsoft.SecurityInsights/alertRules@2025-09-01' = {
  scope: workspace
  name: guid(workspace.id, tableName, 'pimwatch') // as it was before there was a choice
  kind: 'Scheduled'
  properties: {
    ...rule
    displayName: 'pimwatch: incident'
    enabled: kind == 'Scheduled'
    query: scheduledQuery
    queryFrequency: 'PT5M'
    queryPeriod: 'P1D' // looks back further than its frequency, and takes rows that arrived since the last run
    triggerOperator: 'GreaterThan'
    triggerThreshold: 0
  }
}
