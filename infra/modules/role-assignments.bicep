// All rights of the app's identity except reading the hub (event-hub-reader.bicep). docs/deploy.md lists them too.

param identityName string
param principalId string
param hostStorageName string
param incidentStorageName string
param incidentTableName string
param ledgerTableName string
param keptTableName string
param deadLetterContainerName string
param backupContainerName string
param dataCollectionRuleName string
param appInsightsName string
@description('A person or group that may read incidents and dead letters; empty: nobody.')
param operatorPrincipalId string
param operatorPrincipalType string

var roles = {
  blobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner
  blobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
  blobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1' // Storage Blob Data Reader
  tableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor
  tableDataReader: '76199698-9eea-4c19-bc75-cec21354c6b6' // Storage Table Data Reader
  metricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb' // Monitoring Metrics Publisher
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: hostStorageName
}

resource incidentStorage 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: incidentStorageName

  resource tables 'tableServices' existing = {
    name: 'default'

    resource incidents 'tables' existing = {
      name: incidentTableName
    }

    resource ledger 'tables' existing = {
      name: ledgerTableName
    }

    resource kept 'tables' existing = {
      name: keptTableName
    }
  }

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource deadLetters 'containers' existing = {
      name: deadLetterContainerName
    }

    resource backups 'containers' existing = {
      name: backupContainerName
    }
  }
}

resource dataCollectionRule 'Microsoft.Insights/dataCollectionRules@2024-03-11' existing = {
  name: dataCollectionRuleName
}

resource appInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: appInsightsName
}

// The host keeps its package, leases, keys and checkpoints in blobs, and its diagnostic events in a table.
resource hostBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hostStorage
  name: guid(hostStorage.id, identityName, roles.blobDataOwner)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataOwner)
    description: 'The Functions host: package, leases, checkpoints'
  }
}

resource hostTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hostStorage
  name: guid(hostStorage.id, identityName, roles.tableDataContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataContributor)
    description: 'The Functions host: its diagnostic events'
  }
}

resource incidents 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: incidentStorage::tables::incidents
  name: guid(incidentStorage::tables::incidents.id, identityName, roles.tableDataContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataContributor)
    description: 'Incidents and their outbox'
  }
}

resource ledger 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: incidentStorage::tables::ledger
  name: guid(incidentStorage::tables::ledger.id, identityName, roles.tableDataContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataContributor)
    description: 'Which events are finished'
  }
}

resource kept 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: incidentStorage::tables::kept
  name: guid(incidentStorage::tables::kept.id, identityName, roles.tableDataContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataContributor)
    description: 'Records that rules over several events keep'
  }
}

resource deadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: incidentStorage::blobs::deadLetters
  name: guid(incidentStorage::blobs::deadLetters.id, identityName, roles.blobDataContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
    description: 'Dead letters'
  }
}

resource backups 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: incidentStorage::blobs::backups
  name: guid(incidentStorage::blobs::backups.id, identityName, roles.blobDataContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
    description: 'Exports of the incident table'
  }
}

resource rows 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: dataCollectionRule
  name: guid(dataCollectionRule.id, identityName, roles.metricsPublisher)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.metricsPublisher)
    description: 'Rows of incidents to Log Analytics'
  }
}

resource telemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: appInsights
  name: guid(appInsights.id, identityName, roles.metricsPublisher)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.metricsPublisher)
    description: 'Telemetry: keys are off'
  }
}

resource readIncidents 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  scope: incidentStorage::tables::incidents
  name: guid(incidentStorage::tables::incidents.id, operatorPrincipalId, roles.tableDataReader)
  properties: {
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataReader)
    description: 'An operator of pimwatch reads incidents'
  }
}

resource readLedger 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  scope: incidentStorage::tables::ledger
  name: guid(incidentStorage::tables::ledger.id, operatorPrincipalId, roles.tableDataReader)
  properties: {
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataReader)
    description: 'An operator of pimwatch reads what the app found in the hub'
  }
}

resource readKept 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  scope: incidentStorage::tables::kept
  name: guid(incidentStorage::tables::kept.id, operatorPrincipalId, roles.tableDataReader)
  properties: {
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataReader)
    description: 'An operator of pimwatch sees how far rules over several events are evaluated'
  }
}

resource readDeadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  scope: incidentStorage::blobs::deadLetters
  name: guid(incidentStorage::blobs::deadLetters.id, operatorPrincipalId, roles.blobDataReader)
  properties: {
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataReader)
    description: 'An operator of pimwatch reads dead letters'
  }
}

resource readBackups 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  scope: incidentStorage::blobs::backups
  name: guid(incidentStorage::blobs::backups.id, operatorPrincipalId, roles.blobDataReader)
  properties: {
    principalId: operatorPrincipalId
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataReader)
    description: 'An operator of pimwatch reads exports of the incident table'
  }
}
