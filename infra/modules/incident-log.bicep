// The incidents in Log Analytics: the table and the functions that analysts and dashboards read. A separate module,
// because an existing workspace is in another resource group.

param workspaceName string
param tableName string
@description('The app\'s columns, from infra/incident-columns.json.')
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
      description: 'Incidents of pimwatch: one row for each state of each incident'
      columns: [
        for column in columns: {
          name: column.name
          type: column.type == 'datetime' ? 'dateTime' : column.type // the Tables API spells this type differently
          description: column.description
        }
      ]
    }
  }
}

@batchSize(1) // simultaneous writes of saved searches in one workspace conflict
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
