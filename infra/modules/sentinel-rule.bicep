// Turns pimwatch's incidents into Sentinel's, in a workspace with Sentinel.

param workspaceName string
param tableName string
param query string

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: workspaceName
}

resource rule 'Microsoft.SecurityInsights/alertRules@2025-09-01' = {
  scope: workspace
  name: guid(workspace.id, tableName, 'pimwatch')
  kind: 'Scheduled'
  properties: {
    displayName: 'pimwatch: incident'
    description: 'Brings each pimwatch incident into Sentinel, once, with its entities.'
    enabled: true
    severity: 'High'
    query: query
    queryFrequency: 'PT5M'
    queryPeriod: 'P1D' // looks back further than its frequency, and takes rows that arrived since the last run
    triggerOperator: 'GreaterThan'
    triggerThreshold: 0
    suppressionEnabled: false
    suppressionDuration: 'PT5H'
    tactics: ['PrivilegeEscalation']
    techniques: ['T1078']
    eventGroupingSettings: { aggregationKind: 'AlertPerResult' }
    alertDetailsOverride: {
      alertDisplayNameFormat: '{{IncidentTitle}}'
      alertDescriptionFormat: '{{Summary}}'
      alertSeverityColumnName: 'Severity'
    }
    customDetails: {
      IncidentId: 'IncidentId'
      Priority: 'Priority'
      Effect: 'Effect'
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
}
