// Audit trail: who signed in, deleted or changed something, in the workspace. The Activity Log has what is done to the
// resources themselves; docs/deploy.md says what each choice costs.

@description('changes: deletions, changes to dead letters, refused connections, sign-ins. all: every category of every resource.')
param detail 'changes' | 'all'
param workspaceId string
@description('Empty for a namespace that existed before: it is not ours to log.')
param eventHubNamespaceName string
param hostStorageName string
param incidentStorageName string
param functionAppName string

var everything = [{ categoryGroup: 'allLogs', enabled: true }]
var deletions = [{ category: 'StorageDelete', enabled: true }]

resource namespace 'Microsoft.EventHub/namespaces@2026-01-01' existing = if (!empty(eventHubNamespaceName)) {
  name: eventHubNamespaceName
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: hostStorageName

  resource blobs 'blobServices' existing = { name: 'default' }
  resource tables 'tableServices' existing = { name: 'default' }
}

resource incidentStorage 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: incidentStorageName

  resource blobs 'blobServices' existing = { name: 'default' }
  resource tables 'tableServices' existing = { name: 'default' }
}

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
}

resource namespaceLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(eventHubNamespaceName)) {
  scope: namespace
  name: 'audit'
  properties: {
    workspaceId: workspaceId
    logs: detail == 'all'
      ? everything
      : [
          { category: 'OperationalLogs', enabled: true }
          { category: 'EventHubVNetConnectionEvent', enabled: true }
        ]
  }
}

// Only deletions: the host renews leases and writes checkpoints all the time.
resource hostBlobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: hostStorage::blobs
  name: 'audit'
  properties: { workspaceId: workspaceId, logs: detail == 'all' ? everything : deletions }
}

resource hostTableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: hostStorage::tables
  name: 'audit'
  properties: { workspaceId: workspaceId, logs: detail == 'all' ? everything : deletions }
}

resource incidentBlobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: incidentStorage::blobs
  name: 'audit'
  properties: {
    workspaceId: workspaceId
    logs: detail == 'all' ? everything : [...deletions, { category: 'StorageWrite', enabled: true }]
  }
}

// Only deletions: each batch writes to the ledger.
resource incidentTableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: incidentStorage::tables
  name: 'audit'
  properties: { workspaceId: workspaceId, logs: detail == 'all' ? everything : deletions }
}

// Without FunctionAppLogs, which Application Insights has already.
resource appLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'audit'
  properties: {
    workspaceId: workspaceId
    logs: detail == 'all' ? everything : [{ category: 'AppServiceAuthenticationLogs', enabled: true }]
  }
}
