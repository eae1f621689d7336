param name string
@description('The workspace\'s region, which the rule must share.')
param location string
param tags object
param workspaceId string
@description('Empty: the rule has a public endpoint of its own. Otherwise a data collection endpoint that only a private link reaches.')
param endpointName string
param streamName string
param tableName string
param columns { name: string, type: string, description: string }[]

resource endpoint 'Microsoft.Insights/dataCollectionEndpoints@2024-03-11' = if (!empty(endpointName)) {
  name: endpointName
  location: location
  tags: tags
  properties: { networkAcls: { publicNetworkAccess: 'Disabled' } }
}

resource rule 'Microsoft.Insights/dataCollectionRules@2024-03-11' = {
  name: name
  location: location
  tags: tags
  kind: empty(endpointName) ? 'Direct' : null // a rule keeps its kind for ever
  properties: {
    dataCollectionEndpointId: empty(endpointName) ? null : endpoint.id
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
        transformKql: 'source' // the app sends the table's columns, so there is nothing to transform
        outputStream: 'Custom-${tableName}'
      }
    ]
  }
}

// Only the table DCRLogErrors shows rows that were accepted but could not be stored.
resource errors 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: rule
  name: 'errors'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}
