param name string
param location string
param tags object
param skuName string
@description('Blob containers, private.')
param containers string[]
param tables string[]
@description('How long a deleted or overwritten blob can be restored.')
param softDeleteDays int
@description('Also keep each overwritten blob as a version. Not for the host: it would make a version of each checkpoint.')
param keepsVersions bool
@description('Refuse to delete the account, and with it everything in it.')
param isLocked bool
@description('Containers whose blobs are deleted this many days after they were made.')
param expiring { container: string, days: int }[] = []
@description('Only private endpoints reach the account.')
param isPrivate bool
@description('A key in a Key Vault that encrypts the account, and the identity that may use it; null: Microsoft\'s keys.')
param encryptionKey { vaultUri: string, name: string, version: string, identityId: string }?

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: skuName }
  identity: encryptionKey == null
    ? null
    : { type: 'UserAssigned', userAssignedIdentities: { '${encryptionKey!.identityId}': {} } }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false // Entra ID only, no keys
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    supportsHttpsTrafficOnly: true
    networkAcls: isPrivate
      ? { bypass: 'None', defaultAction: 'Deny' }
      : { bypass: 'AzureServices', defaultAction: 'Allow' }
    encryption: encryptionKey == null
      ? null
      : {
          keySource: 'Microsoft.Keyvault'
          identity: { userAssignedIdentity: encryptionKey!.identityId }
          keyvaultproperties: {
            keyvaulturi: encryptionKey!.vaultUri
            keyname: encryptionKey!.name
            keyversion: encryptionKey!.version
          }
          services: {
            blob: { enabled: true, keyType: 'Account' }
            table: { enabled: true, keyType: 'Account' } // can be chosen only when the account is created
          }
        }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: keepsVersions
    deleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
  }

  resource container 'containers' = [
    for container in containers: {
      name: container
      properties: { publicAccess: 'None' }
    }
  ]
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2026-04-01' = if (!empty(tables)) {
  parent: account
  name: 'default'

  resource table 'tables' = [
    for table in tables: {
      name: table
    }
  ]
}

// Versions and exports would otherwise stay for ever. A blob or version that a rule deletes is soft-deleted.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2026-04-01' = if (keepsVersions) {
  parent: account
  name: 'default'
  dependsOn: [blobs]
  properties: {
    policy: {
      rules: concat(
        [
          {
            name: 'old-versions'
            type: 'Lifecycle'
            definition: {
              filters: { blobTypes: ['blockBlob'] }
              actions: { version: { delete: { daysAfterCreationGreaterThan: softDeleteDays } } }
            }
          }
        ],
        map(expiring, each => {
          name: 'expired-${each.container}'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${each.container}/'] }
            actions: { baseBlob: { delete: { daysAfterCreationGreaterThan: each.days } } }
          }
        })
      )
    }
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {
  scope: account
  name: 'keep-incidents'
  properties: {
    level: 'CanNotDelete'
    notes: 'Incidents of pimwatch. Remove this lock before azd down: docs/deploy.md#removing-it'
  }
}
