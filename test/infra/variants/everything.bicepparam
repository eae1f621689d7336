using '../../../infra/main.bicep'

// Every switch on; the closed network is one that exists already, with its zones and its scope of Azure Monitor.
param environmentName = 'everything'
param location = 'swedencentral'
param resourceGroupName = 'rg-soc-detections'
param tags = { owner: 'soc' }
param allowedTenantIds = ['44444444-4444-4444-4444-444444444444', '55555555-5555-5555-5555-555555555555']
param deployEntraDiagnostics = true
param entraLogCategories = ['AuditLogs', 'SignInLogs']
param disableEventHubLocalAuth = false
param eventHubName = 'entra'
param partitionCount = 32
param hubRetentionHours = 24
param nodeVersion = '24'
param instanceMemoryMB = 4096
param alwaysReadyInstances = 4
param outboxTimerSchedule = '*/30 * * * * *'
param outboxMinimumAgeSeconds = 30
param storageSkuName = 'Standard_GZRS'
param auditTrail = 'all'
param locks = true
param alertEmails = ['soc@contoso.example', 'oncall@contoso.example']
param missedCheck = true
param sentinelRule = true
param dailyQuotaGb = 10
param operatorPrincipalId = '66666666-6666-6666-6666-666666666666'
param operatorPrincipalType = 'User'
param runbookUrl = 'https://wiki.contoso.example/pimwatch'
param dashboardClientId = '44444444-4444-4444-8444-444444444444'
param alertWebhookUrl = 'https://hooks.contoso.example/alerts'
param alertActionGroupIds = [
  '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-soc/providers/Microsoft.Insights/actionGroups/on-call'
]
param azureCloud = 'AzureCloud'
param privateNetworking = true
param appSubnetId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/spoke/subnets/pimwatch-app'
param endpointSubnetId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/spoke/subnets/endpoints'
param privateDnsZones = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-dns'
param existingPrivateLinkScopeId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-monitor/providers/microsoft.insights/privateLinkScopes/company'
param publicQueries = true
param zoneRedundant = true
param storageKeyUri = 'https://keys.example/keys/pimwatch'
param storageKeyIdentityId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-keys/providers/Microsoft.ManagedIdentity/userAssignedIdentities/storage-keys'
param alertsInLinkedStorage = true
