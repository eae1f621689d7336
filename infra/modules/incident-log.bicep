// The incidents in Log Analytics: the table and the functions that analysts and dashboards read. A module of its own,
// since a workspace that exists already lies in another resource group.

param workspaceName string
param tableName string
@description('Columns as the app names them: infra/incident-columns.json.')
param columns { name: string, type: string, description: string }[]
param retentionDays int
@description('Saved functions: alias and KQL.')
param functions { alias: string, description: string, query: string }[]

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' existing = {
  name: workspaceName
}

resource table 'Microsoft.OperationalInsights/workspaces/tables@2026-03-01' = {
  parent: workspace
  name: tableName
  properties: {
    plan: 'Analytics'
    retentionInDays: retentionDays
    totalRetentionInDays: retentionDays
    schema: {
      name: tableName
      description: 'Incidents of pimwatch: a row for each state of each incident'
      columns: [
        for column in columns: {
          name: column.name
          type: column.type == 'datetime' ? 'dateTime' : column.type // the Tables API spells this one its own way
          description: column.description
        }
      ]
    }
  }
}

@batchSize(1) // saved searches of one workspace conflict when they are written at once
resource savedFunctions 'Microsoft.OperationalInsights/workspaces/savedSearches@2026-03-01' = [
  for function in functions: {
    parent: workspace
    name: toLower(function.alias)
    properties: {
      category: 'pimwatch'
      displayName: function.description
      functionAlias: function.alias
      query: function.query
      version: 2
    }
    dependsOn: [table]
  }
]
