param name string
param planName string
param location string
param tags object
@description('The service\'s key in azure.yaml, by which azd finds the app.')
param azdServiceName string
param identityName string
param hostStorageName string
param packageContainerName string
param appInsightsName string
param dataCollectionRuleName string
@description('Empty if the rule has an endpoint of its own.')
param dataCollectionEndpointName string
@description('The subnet that all of the app\'s outbound traffic goes through; empty: none.')
param subnetId string
@description('Whether anyone may reach page, API, health and publishing, or only private endpoints.')
param publicInbound bool
param azureCloud string
param zoneRedundant bool
param nodeVersion string
param instanceMemoryMB int
param maximumInstanceCount int
@description('Instances that the audit function always has; at 0 it starts when the platform notices events.')
param alwaysReadyInstances int
param eventHubFullyQualifiedNamespace string
param eventHubName string
param consumerGroupName string
param healerConsumerGroupName string
param incidentsTableEndpoint string
param deadLettersContainerUrl string
param backupsContainerUrl string
param logsIngestionStream string
param allowedTenantIds string[]
param expectedLogCategories string[]
param hubRetentionHours int
param outboxTimerSchedule string
param outboxMinimumAgeSeconds int
param ledgerTimerSchedule string
param ledgerGraceSeconds int
param ledgerStallSeconds int
param reconciliationTimerSchedule string
param windowTimerSchedule string
param backupTimerSchedule string
param scanEvents bool
param dashboardClientId string
@secure()
param webhookUrl string
param webhookFormat string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource appInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: appInsightsName
}

resource dataCollectionRule 'Microsoft.Insights/dataCollectionRules@2024-03-11' existing = {
  name: dataCollectionRuleName
}

resource dataCollectionEndpoint 'Microsoft.Insights/dataCollectionEndpoints@2024-03-11' existing = if (!empty(dataCollectionEndpointName)) {
  name: dataCollectionEndpointName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { tier: 'FlexConsumption', name: 'FC1' }
  properties: { reserved: true, zoneRedundant: zoneRedundant }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': azdServiceName })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    publicNetworkAccess: publicInbound ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    functionAppConfig: {
      runtime: { name: 'node', version: nodeVersion }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: 'https://${hostStorageName}.blob.${environment().suffixes.storage}/${packageContainerName}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyInstances == 0
          ? []
          : [{ name: 'function:audit-events', instanceCount: alwaysReadyInstances }]
      }
    }
  }

  // All settings of the code (src/config.ts) and of the host. The next deployment removes settings made by hand in the
  // portal. None is a secret, except a webhook URL given directly instead of as a Key Vault reference: with local auth
  // off, App Insights' connection string opens nothing.
  resource appSettings 'config' = {
    name: 'appsettings'
    properties: {
      ALLOWED_TENANT_IDS: join(allowedTenantIds, ',')
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
      APPLICATIONINSIGHTS_CONNECTION_STRING: appInsights.properties.ConnectionString
      AUDIT_EVENTS__clientId: identity.properties.clientId
      AUDIT_EVENTS__credential: 'managedidentity'
      AUDIT_EVENTS__fullyQualifiedNamespace: eventHubFullyQualifiedNamespace
      AUDIT_EVENTS_CONSUMER_GROUP: consumerGroupName
      AUDIT_EVENTS_HEALER_CONSUMER_GROUP: healerConsumerGroupName
      AUDIT_EVENTS_HUB: eventHubName
      AUDIT_EVENTS_RETENTION_HOURS: string(hubRetentionHours)
      AZURE_CLIENT_ID: identity.properties.clientId
      AZURE_CLOUD: azureCloud
      BACKUP_TIMER_SCHEDULE: backupTimerSchedule
      BACKUPS_CONTAINER_URL: backupsContainerUrl
      AzureWebJobsStorage__blobServiceUri: 'https://${hostStorageName}.blob.${environment().suffixes.storage}'
      AzureWebJobsStorage__clientId: identity.properties.clientId
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__tableServiceUri: 'https://${hostStorageName}.table.${environment().suffixes.storage}'
      DASHBOARD_CLIENT_ID: dashboardClientId
      DEAD_LETTERS_CONTAINER_URL: deadLettersContainerUrl
      EXPECTED_LOG_CATEGORIES: join(expectedLogCategories, ',')
      FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '1048576' // the host reads a whole body before it calls the app; its default is 100 MB
      INCIDENTS_TABLE_ENDPOINT: incidentsTableEndpoint
      LEDGER_GRACE_SECONDS: string(ledgerGraceSeconds)
      LEDGER_STALL_SECONDS: string(ledgerStallSeconds)
      LEDGER_TIMER_SCHEDULE: ledgerTimerSchedule
      LOGS_INGESTION_ENDPOINT: empty(dataCollectionEndpointName)
        ? dataCollectionRule.properties.endpoints.logsIngestion
        : dataCollectionEndpoint!.properties.logsIngestion.endpoint
      LOGS_INGESTION_RULE_ID: dataCollectionRule.properties.immutableId
      LOGS_INGESTION_STREAM: logsIngestionStream
      OUTBOX_MINIMUM_AGE_SECONDS: string(outboxMinimumAgeSeconds)
      OUTBOX_TIMER_SCHEDULE: outboxTimerSchedule
      RECONCILIATION_TIMER_SCHEDULE: reconciliationTimerSchedule
      SCAN_EVENTS: scanEvents ? 'true' : 'false'
      WEBHOOK_FORMAT: webhookFormat
      WEBHOOK_URL: webhookUrl
      WINDOW_TIMER_SCHEDULE: windowTimerSchedule
    }
  }

  // The platform signs callers in before the page and its API see a request. It needs no client secret, since it only
  // uses the id token. Health returns one word and stays open. Exclude no other path: the platform does not promise to
  // remove forged headers from requests to excluded paths.
  resource authentication 'config' = if (!empty(dashboardClientId)) {
    name: 'authsettingsV2'
    properties: {
      platform: { enabled: true }
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'RedirectToLoginPage'
        redirectToProvider: 'azureactivedirectory'
        excludedPaths: ['/api/health']
      }
      httpSettings: { requireHttps: true }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: dashboardClientId
            openIdIssuer: uri(environment().authentication.loginEndpoint, '${tenant().tenantId}/v2.0')
          }
          validation: { allowedAudiences: [dashboardClientId, 'api://${dashboardClientId}'] }
        }
      }
      login: { tokenStore: { enabled: false } }
    }
  }

  // Publishing uses Entra ID, not a user name and password.
  resource publishingBySite 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource publishingByFtp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }
}

output hostName string = app.properties.defaultHostName
