param namespaceName string
param hubName string
param sendRuleName string
param location string
param tags object
param partitionCount int
param retentionHours int
param maximumThroughputUnits int
param disableLocalAuth bool
@description('Only private endpoints and Azure Monitor reach the namespace.')
param isPrivate bool

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' = {
  name: namespaceName
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard', capacity: 1 }
  properties: {
    disableLocalAuth: disableLocalAuth
    isAutoInflateEnabled: maximumThroughputUnits > 1
    maximumThroughputUnits: maximumThroughputUnits > 1 ? maximumThroughputUnits : 0
    minimumTlsVersion: '1.2'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }

  resource network 'networkRuleSets' = {
    name: 'default'
    properties: {
      defaultAction: isPrivate ? 'Deny' : 'Allow'
      publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled' // overrides the namespace's own property
      trustedServiceAccessEnabled: true // Azure Monitor, which delivers the audit logs, is a trusted service
    }
  }

  // The Entra diagnostic setting must name a rule of the namespace. This one may only send.
  resource send 'authorizationRules' = {
    name: sendRuleName
    properties: { rights: ['Send'] }
  }

  resource hub 'eventhubs' = {
    name: hubName
    properties: {
      partitionCount: partitionCount
      retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: retentionHours }
    }
  }
}
