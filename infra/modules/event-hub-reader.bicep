// pimwatch's consumer groups, and the right to receive on this hub alone. A separate module, because an existing hub
// is in another resource group.

param namespaceName string
param hubName string
param consumerGroups string[]
param identityName string
param principalId string
@description('A person or group that may send test events; empty: nobody.')
param senderPrincipalId string
param senderPrincipalType string

var dataReceiver = 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde' // Azure Event Hubs Data Receiver
var dataSender = '2b629674-e913-4c01-ae53-ef4638d8f975' // Azure Event Hubs Data Sender

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' existing = {
  name: namespaceName

  resource hub 'eventhubs' existing = {
    name: hubName
  }
}

@batchSize(1) // simultaneous changes of one hub conflict
resource groups 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2026-01-01' = [
  for group in consumerGroups: {
    parent: namespace::hub
    name: group
    properties: { userMetadata: 'Only for pimwatch: another reader would take its partitions away.' }
  }
]

resource receive 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: namespace::hub
  name: guid(namespace::hub.id, identityName, dataReceiver)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataReceiver)
    description: 'pimwatch reads the audit events'
  }
}

resource send 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(senderPrincipalId)) {
  scope: namespace::hub
  name: guid(namespace::hub.id, senderPrincipalId, dataSender)
  properties: {
    principalId: senderPrincipalId
    principalType: senderPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataSender)
    description: 'An operator of pimwatch sends test events'
  }
}

@description('The hub\'s own retention, if it states hours or days. For an existing hub it overrides the parameter.')
output retentionHours int? = namespace::hub.properties.?retentionDescription.?retentionTimeInHours ?? (namespace::hub.properties.?messageRetentionInDays == null
  ? null
  : namespace::hub.properties.messageRetentionInDays * 24)
