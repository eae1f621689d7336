param name string
@description('The workspace\'s region: a rule has to be in it.')
param location string
param tags object
param workspaceId string
param streamName string
param tableName string
param columns { name: string, type: string, description: string }[]

resource rule 'Microsoft.Insights/dataCollectionRules@2024-03-11' = {
  name: name
  location: location
  tags: tags
  kind: 'Direct' // brings its own ingestion endpoint; a rule without one has to be made anew to get it
  properties: {
    description: 'Rows of pimwatch incidents'
    streamDeclarations: {
      '${streamName}': {
        columns: [
          for column in columns: {
            name: column.name
            type: column.type
          }
        ]
      }
    }
    destinations: {
      logAnalytics: [{ name: 'workspace', workspaceResourceId: workspaceId }]
    }
    dataFlows: [
      {
        streams: [streamName]
        destinations: ['workspace']
        transformKql: 'source' // the app sends the table's columns: nothing to change on the way
        outputStream: 'Custom-${tableName}'
      }
    ]
  }
}

// Rows that were accepted and could not be stored: the only place that says so (table DCRLogErrors).
resource errors 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: rule
  name: 'errors'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}
