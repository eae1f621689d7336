// pimwatch in one subscription: docs/deploy.md explains each parameter, who may deploy it and what it costs.

targetScope = 'subscription'

// --- Place and name --------------------------------------------------------------------------------------------

@description('Name of the environment: part of the resource group\'s name and of the tag that azd looks for.')
@minLength(1)
@maxLength(24)
param environmentName string

@description('Region of all new resources.')
@minLength(1)
param location string

@description('Resource group to create.')
param resourceGroupName string = 'rg-pimwatch-${environmentName}'

@description('Tags for every resource.')
param tags object = {}

@description('The cloud that is deployed to: AzureCloud, AzureUSGovernment or AzureChinaCloud.')
param azureCloud string = environment().name

// --- The audit events -----------------------------------------------------------------------------------------

@description('Tenants whose audit records may become incidents: ids, or ID=NAME. A matching record of another tenant becomes a dead letter.')
@minLength(1)
param allowedTenantIds string[] = [tenant().tenantId]

@description('Resource id of an event hub that already receives the audit logs. Empty: create a namespace and a hub.')
param existingEventHubId string = ''

@description('Name of the new hub.')
@minLength(1)
@maxLength(50)
param eventHubName string = 'insights-logs-auditlogs'

@description('Partitions of the new hub. Cannot be changed later.')
@minValue(1)
@maxValue(32)
param partitionCount int = 4

@description('Hours that the new hub keeps events: the longest that pimwatch may be down without loss.')
@minValue(24)
@maxValue(168)
param hubRetentionHours int = 168

@description('Throughput units up to which the namespace scales itself. It does not scale down.')
@minValue(1)
@maxValue(40)
param maximumThroughputUnits int = 4

@description('Disable the new namespace\'s keys. false only if the Entra setting demands a key.')
param disableEventHubLocalAuth bool = true

@description('Also create the tenant\'s diagnostic setting. For a person with the rights listed in docs/deploy.md; off in CI.')
param deployEntraDiagnostics bool = false

@description('Entra log categories that the diagnostic setting exports.')
@minLength(1)
param entraLogCategories string[] = ['AuditLogs']

@description('Log categories whose silence raises an alert. By default those exported categories that any tenant has every day.')
param expectedLogCategories string[] = intersection(
  ['AuditLogs', 'SignInLogs', 'NonInteractiveUserSignInLogs', 'ServicePrincipalSignInLogs'],
  entraLogCategories
)

// --- The app --------------------------------------------------------------------------------------------------

@description('Node.js version of the app.')
@allowed(['22', '24'])
param nodeVersion string = '22'

@description('Memory of an instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Maximum number of instances. Each partition has one reader, so instances beyond the partitions stay idle.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that are always ready. 0 is cheaper, but then the first events after a pause wait for minutes.')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int = 1

@description('Spread the instances over availability zones. Azure then keeps at least two always-ready instances of each function.')
param zoneRedundant bool = false

@description('When the sweep retries incidents that could not be forwarded (NCRONTAB).')
param outboxTimerSchedule string = '0 * * * * *'

@description('Seconds that an incident waits in the outbox before a sweep takes it. Its invocation may still forward a younger one.')
@minValue(0)
@maxValue(86400)
param outboxMinimumAgeSeconds int = 60

@description('When the ledger looks for gaps: events that the platform skipped (NCRONTAB).')
param ledgerTimerSchedule string = '30 * * * * *'

@description('Seconds after which an unfinished event counts as a gap, if later ones are finished.')
@minValue(0)
@maxValue(86400)
param ledgerGraceSeconds int = 120

@description('Seconds without a finished event after which the last events count as abandoned. Must exceed the function timeout.')
@minValue(600)
@maxValue(86400)
param ledgerStallSeconds int = 900

@description('When the incidents are compared with the rows that Log Analytics acknowledged (NCRONTAB).')
param reconciliationTimerSchedule string = '0 7 * * * *'

@description('When rules that need several events are evaluated at the instants that have come since (NCRONTAB).')
param windowTimerSchedule string = '15 * * * * *'

@description('When the backup of the incident table goes on, or begins if a day has passed (NCRONTAB).')
param backupTimerSchedule string = '0 37 * * * *'

@description('Scan events for the rules\' literals before parsing. false parses every record.')
param scanEvents bool = true

@description('Client id of the app registration that signs analysts in to the page. Empty: no page and no API.')
param dashboardClientId string = ''

@description('https URL that new incidents are posted to. A secret: give it here or as a Key Vault reference. Empty: no webhook.')
@secure()
param webhookUrl string = ''

@description('Format of the webhook\'s messages: json, or a card for a workflow in Teams.')
@allowed(['json', 'teams-card'])
param webhookFormat string = 'json'

// --- Retention ------------------------------------------------------------------------------------------------

@description('Replication of both storage accounts. ZRS needs a region with availability zones.')
@allowed(['Standard_ZRS', 'Standard_LRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSkuName string = 'Standard_ZRS'

@description('Days in which a deleted blob (package, checkpoint, dead letter, backup) can be restored.')
@minValue(1)
@maxValue(365)
param storageSoftDeleteDays int = 14

@description('Key in a Key Vault that encrypts both storage accounts: https://VAULT/keys/NAME, or with a version. Only at the first deployment.')
param storageKeyUri string = ''

@description('Resource id of the user-assigned identity that may use this key.')
param storageKeyIdentityId string = ''

@description('Refuse to delete the storage account of incidents, even with the resource group. The deployer needs the right to make locks.')
param locks bool = false

@description('Audit trail of hub, storage and app in the workspace: none, changes (deletions, refusals, sign-ins) or all.')
@allowed(['none', 'changes', 'all'])
param auditTrail string = 'changes'

@description('Days that daily backups of the incident table are kept.')
@minValue(3)
@maxValue(3650)
param backupRetentionDays int = 35

@description('The workspace keeps the queries of alerts in a storage account of its own, as policies on customer-managed keys demand.')
param alertsInLinkedStorage bool = false

@description('Resource id of an existing Log Analytics workspace, such as Sentinel\'s. Empty: create one.')
param existingWorkspaceId string = ''

@description('Region of the workspace.')
param workspaceLocation string = location

@description('Days that the new workspace keeps telemetry.')
@minValue(30)
@maxValue(730)
param workspaceRetentionDays int = 30

@description('Days that Log Analytics keeps incidents.')
@minValue(4)
@maxValue(730)
param logRetentionDays int = 365

@description('Daily cap of the new workspace in GB; -1: no cap. A cap stops incidents too.')
@minValue(-1)
param dailyQuotaGb int = -1

// --- A closed network: docs/closed-network.md -------------------------------------------------------------------

@description('Close public endpoints and reach every service at a private address in a virtual network.')
param privateNetworking bool = false

@description('Address space of the new network, /25 or larger. It must not overlap networks that it is peered with.')
param networkAddressPrefix string = '10.210.0.0/24'

@description('Resource id of an existing subnet for the app, delegated to Microsoft.App/environments. Empty: create a network.')
param appSubnetId string = ''

@description('Resource id of an existing subnet for private endpoints. Empty: create a network.')
param endpointSubnetId string = ''

@description('Names of the private endpoints: create (zones of our own), policy (a policy writes them), or the id of the resource group with the zones.')
param privateDnsZones string = 'create'

@description('Resource id of the Azure Monitor private link scope that the network has already. Empty: create one.')
param existingPrivateLinkScopeId string = ''

@description('Create a private endpoint for the namespace. false if the network reaches an existing namespace already.')
param eventHubPrivateEndpoint bool = true

@description('Close the app\'s own address too: page, API, health and publishing then need the network.')
param privateInbound bool = true

@description('Let people outside the network query the workspace, with their Entra sign-in. The portal needs it unless it runs in the network.')
param publicQueries bool = false

// --- Alerts and access ----------------------------------------------------------------------------------------

@description('E-mail addresses that alerts are sent to.')
param alertEmails string[] = []

@description('https URL that alerts are posted to, in the common alert schema.')
@secure()
param alertWebhookUrl string = ''

@description('Resource ids of action groups that alerts go to. Azure allows five for each alert, one of which is ours.')
@maxLength(4)
param alertActionGroupIds string[] = []

@description('true: alerts show in the portal only, and nobody is told.')
param alertsWithoutReceiver bool = false

@description('How long no audit event may arrive before an alert fires. Choose a short time in a large tenant.')
@allowed(['PT1H', 'PT6H', 'PT12H', 'P1D'])
param silentAfter string = 'PT6H'

@description('Alert if Sentinel\'s own query over AuditLogs finds records that pimwatch missed. Needs AuditLogs in the workspace.')
param missedCheck bool = false

@description('Bring incidents into Sentinel with an analytics rule. Needs Sentinel on the workspace.')
param sentinelRule bool = false

@description('NRT: each incident two to three minutes after its row. Scheduled: five to ten, for a workspace that has used up its NRT rules.')
@allowed(['NRT', 'Scheduled'])
param sentinelRuleKind string = 'NRT'

@description('A person or group that may read incidents and dead letters and send test events. Empty: nobody.')
param operatorPrincipalId string = ''

@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorPrincipalType string = 'Group'

@description('https address of the runbook that alerts link to: docs/runbook.md in your repository, or your own copy. Empty: no link.')
param runbookUrl string = ''

@description('When this deployment began. Alerts that need a running app wait for an hour. Leave it out.')
param deployedAt string = utcNow('u')

// --- Names, built here so that what-if and snapshots can resolve them ------------------------------------------

var token = uniqueString(subscription().id, environmentName, location)
var allTags = union(tags, { 'azd-env-name': environmentName })
var namePrefix = 'pimwatch-${token}'

var identityName = '${namePrefix}-identity'
var hostStorageName = 'pimhost${token}'
var incidentStorageName = 'pimdata${token}'
var functionAppName = namePrefix
var planName = '${namePrefix}-plan'
var appInsightsName = '${namePrefix}-insights'
// A rule cannot change between an endpoint of its own and a private one, so each has a name.
var dataCollectionRuleName = '${namePrefix}-incidents${privateNetworking ? '-private' : ''}'
var dataCollectionEndpointName = privateNetworking ? '${namePrefix}-ingestion' : ''
var packageContainerName = 'app-package'

// As src/storage-names.ts and src/core/incident/incident-columns.ts name them.
var incidentTableName = 'incidents'
var ledgerTableName = 'ledger'
var keptTableName = 'kept'
var deadLetterContainerName = 'dead-letters'
var backupContainerName = 'backups'
var incidentColumns = loadJsonContent('incident-columns.json')

var hubIsNew = empty(existingEventHubId)
var hubIdParts = hubIsNew || length(split(existingEventHubId, '/')) == 11
  ? split(existingEventHubId, '/')
  : fail('existingEventHubId must be the id of a hub: /subscriptions/…/resourceGroups/…/providers/Microsoft.EventHub/namespaces/…/eventhubs/…')
var hub = {
  subscriptionId: hubIsNew ? subscription().subscriptionId : hubIdParts[2]
  resourceGroupName: hubIsNew ? resourceGroupName : hubIdParts[4]
  namespaceName: hubIsNew ? '${namePrefix}-events' : hubIdParts[8]
  name: hubIsNew ? eventHubName : hubIdParts[10]
}
var hubNamespaceId = resourceId(
  hub.subscriptionId,
  hub.resourceGroupName,
  'Microsoft.EventHub/namespaces',
  hub.namespaceName
)
var hubHost = '${hub.namespaceName}.${replace(environment().suffixes.storage, 'core.', 'servicebus.')}'
var appInsightsId = resourceId(
  subscription().subscriptionId,
  resourceGroupName,
  'Microsoft.Insights/components',
  appInsightsName
)
var dataCollectionEndpointId = resourceId(
  subscription().subscriptionId,
  resourceGroupName,
  'Microsoft.Insights/dataCollectionEndpoints',
  dataCollectionEndpointName
)
var functionAppId = resourceId(subscription().subscriptionId, resourceGroupName, 'Microsoft.Web/sites', functionAppName)
var sendRuleName = 'entra-audit-logs'
var sendRuleId = resourceId(
  hub.subscriptionId,
  hub.resourceGroupName,
  'Microsoft.EventHub/namespaces/authorizationRules',
  hub.namespaceName,
  sendRuleName
)
var consumerGroupName = 'pimwatch'
var healerConsumerGroupName = 'pimwatch-healer'

var workspaceIsNew = empty(existingWorkspaceId)
var workspaceIdParts = workspaceIsNew || length(split(existingWorkspaceId, '/')) == 9
  ? split(existingWorkspaceId, '/')
  : fail('existingWorkspaceId must be the id of a workspace: /subscriptions/…/resourceGroups/…/providers/Microsoft.OperationalInsights/workspaces/…')
var workspace = {
  subscriptionId: workspaceIsNew ? subscription().subscriptionId : workspaceIdParts[2]
  resourceGroupName: workspaceIsNew ? resourceGroupName : workspaceIdParts[4]
  name: workspaceIsNew ? '${namePrefix}-logs' : workspaceIdParts[8]
}
var workspaceId = resourceId(
  workspace.subscriptionId,
  workspace.resourceGroupName,
  'Microsoft.OperationalInsights/workspaces',
  workspace.name
)

var someoneReceivesAlerts = !empty(alertEmails) || !empty(alertWebhookUrl) || !empty(alertActionGroupIds)
var alertEmailsChecked = someoneReceivesAlerts || alertsWithoutReceiver
  ? alertEmails
  : fail('Nobody would receive an alert. Run one of: "azd env set PIMWATCH_ALERT_EMAILS soc@contoso.example", "azd env set PIMWATCH_ALERT_ACTION_GROUP_IDS ID", "azd env set PIMWATCH_ALERT_WEBHOOK_URL URL". To have alerts in the portal only: "azd env set PIMWATCH_ALERTS_WITHOUT_RECEIVER true".')
var absoluteRunbookUrl = empty(runbookUrl) || startsWith(runbookUrl, 'https://')
  ? runbookUrl
  : fail('runbookUrl must begin with https://: readers of an alert follow it from their mail.')

var storageKeyParts = split(storageKeyUri, '/')
var storageKey = empty(storageKeyUri) && empty(storageKeyIdentityId)
  ? null
  : length(storageKeyParts) >= 5 && storageKeyParts[3] == 'keys' && !empty(storageKeyIdentityId)
      ? {
          vaultUri: 'https://${storageKeyParts[2]}'
          name: storageKeyParts[4]
          version: storageKeyParts[?5] ?? '' // without a version, storage follows the key's rotation
          identityId: storageKeyIdentityId
        }
      : fail('storageKeyUri must be https://VAULT/keys/NAME, and storageKeyIdentityId the id of an identity that may use that key: both or neither.')

// What private zones need and environment() does not have.
var privateCloudDomains = {
  AzureCloud: { monitor: 'azure.com', automation: 'azure-automation.net', sites: 'azurewebsites.net' }
  AzureUSGovernment: { monitor: 'azure.us', automation: 'azure-automation.us', sites: 'azurewebsites.us' }
}
// As src/core/azure-clouds.ts knows them.
var cloud = !contains(['AzureCloud', 'AzureUSGovernment', 'AzureChinaCloud'], azureCloud)
  ? fail('azureCloud must be AzureCloud, AzureUSGovernment or AzureChinaCloud: pimwatch does not know the addresses of ${azureCloud}.')
  : privateNetworking && !contains(privateCloudDomains, azureCloud)
      ? fail('privateNetworking is not available in ${azureCloud}: Azure Monitor\'s private zones are not known there.')
      : azureCloud
var networkName = '${namePrefix}-network'
var networkIsNew = empty(appSubnetId) && empty(endpointSubnetId)
var network = networkIsNew
  ? {
      newName: networkName
      id: resourceId(subscription().subscriptionId, resourceGroupName, 'Microsoft.Network/virtualNetworks', networkName)
      appSubnetId: resourceId(
        subscription().subscriptionId,
        resourceGroupName,
        'Microsoft.Network/virtualNetworks/subnets',
        networkName,
        'app'
      )
      endpointSubnetId: resourceId(
        subscription().subscriptionId,
        resourceGroupName,
        'Microsoft.Network/virtualNetworks/subnets',
        networkName,
        'endpoints'
      )
    }
  : length(split(appSubnetId, '/')) == 11 && length(split(endpointSubnetId, '/')) == 11 && toLower(appSubnetId) != toLower(endpointSubnetId)
      ? {
          newName: ''
          id: split(endpointSubnetId, '/subnets/')[0]
          appSubnetId: appSubnetId
          endpointSubnetId: endpointSubnetId
        }
      : fail('appSubnetId and endpointSubnetId must be the ids of two subnets, /subscriptions/…/virtualNetworks/…/subnets/…: both or neither.')
var zonesByName = contains(['create', 'policy'], privateDnsZones)
var zoneGroupParts = zonesByName || length(split(privateDnsZones, '/')) == 5
  ? split(privateDnsZones, '/')
  : fail('privateDnsZones must be create, policy, or the id of a resource group: /subscriptions/…/resourceGroups/…')
var zones = {
  areNew: privateDnsZones == 'create'
  byPolicy: privateDnsZones == 'policy'
  subscriptionId: zonesByName ? subscription().subscriptionId : zoneGroupParts[2]
  resourceGroupName: zonesByName ? resourceGroupName : zoneGroupParts[4]
}
var linkScopeIsNew = empty(existingPrivateLinkScopeId)
var linkScopeParts = linkScopeIsNew || length(split(existingPrivateLinkScopeId, '/')) == 9
  ? split(existingPrivateLinkScopeId, '/')
  : fail('existingPrivateLinkScopeId must be the id of a scope: /subscriptions/…/resourceGroups/…/providers/microsoft.insights/privateLinkScopes/…')
var linkScope = {
  isNew: linkScopeIsNew
  subscriptionId: linkScopeIsNew ? subscription().subscriptionId : linkScopeParts[2]
  resourceGroupName: linkScopeIsNew ? resourceGroupName : linkScopeParts[4]
  name: linkScopeIsNew ? '${namePrefix}-monitor' : linkScopeParts[8]
}

// --- Resources ------------------------------------------------------------------------------------------------

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: resourceGroupName
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: identityName, location: location, tags: allTags }
}

// Two accounts, because the host's storage and the incidents need different rights.
module hostStorage 'modules/storage-account.bicep' = {
  scope: group
  params: {
    name: hostStorageName
    location: location
    tags: allTags
    skuName: storageSkuName
    containers: [packageContainerName]
    tables: []
    softDeleteDays: storageSoftDeleteDays
    keepsVersions: false
    isLocked: false
    isPrivate: privateNetworking
    encryptionKey: storageKey
  }
}

module incidentStorage 'modules/storage-account.bicep' = {
  scope: group
  params: {
    name: incidentStorageName
    location: location
    tags: allTags
    skuName: storageSkuName
    containers: [deadLetterContainerName, backupContainerName]
    tables: [incidentTableName, ledgerTableName, keptTableName]
    softDeleteDays: storageSoftDeleteDays
    keepsVersions: true
    isLocked: locks
    expiring: [{ container: backupContainerName, days: backupRetentionDays }]
    isPrivate: privateNetworking
    encryptionKey: storageKey
  }
}

module eventHub 'modules/event-hub.bicep' = if (hubIsNew) {
  scope: group
  params: {
    namespaceName: hub.namespaceName
    hubName: hub.name
    sendRuleName: sendRuleName
    location: location
    tags: allTags
    partitionCount: partitionCount
    retentionHours: hubRetentionHours
    maximumThroughputUnits: maximumThroughputUnits
    disableLocalAuth: disableEventHubLocalAuth
    isPrivate: privateNetworking
  }
}

module eventHubReader 'modules/event-hub-reader.bicep' = {
  scope: resourceGroup(hub.subscriptionId, hub.resourceGroupName)
  params: {
    namespaceName: hub.namespaceName
    hubName: hub.name
    consumerGroups: [consumerGroupName, healerConsumerGroupName]
    identityName: identityName
    principalId: identity.outputs.principalId
    senderPrincipalId: operatorPrincipalId
    senderPrincipalType: operatorPrincipalType
  }
  dependsOn: [eventHub]
}

// The tenant's diagnostic setting: Entra ID audit logs to the hub. A resource, not a module: a module would be a nested
// deployment at the root, which a Security Administrator may not create. docs/deploy.md lists the rights.
resource entraDiagnostics 'microsoft.aadiam/diagnosticSettings@2017-04-01' = if (deployEntraDiagnostics && hubIsNew) {
  scope: tenant()
  name: namePrefix
  properties: {
    eventHubAuthorizationRuleId: sendRuleId
    eventHubName: hub.name
    logs: [
      for category in entraLogCategories: {
        category: category
        enabled: true
      }
    ]
  }
  dependsOn: [eventHub, functionApp] // events flow as soon as it exists
}

module newWorkspace 'modules/workspace.bicep' = if (workspaceIsNew) {
  scope: group
  params: {
    name: workspace.name
    location: workspaceLocation
    tags: allTags
    retentionDays: workspaceRetentionDays
    dailyQuotaGb: dailyQuotaGb
    publicIngestion: !privateNetworking
    publicQueries: !privateNetworking || publicQueries
  }
}

module incidentLog 'modules/incident-log.bicep' = {
  scope: resourceGroup(workspace.subscriptionId, workspace.resourceGroupName)
  params: {
    workspaceName: workspace.name
    tableName: incidentColumns.table
    columns: incidentColumns.columns
    retentionDays: logRetentionDays
    functions: [
      {
        alias: 'PimwatchIncidents'
        description: 'pimwatch: latest state of each incident'
        query: loadTextContent('queries/functions/PimwatchIncidents.kql')
      }
      {
        alias: 'PimwatchNewIncidents'
        description: 'pimwatch: each incident as it was found'
        query: loadTextContent('queries/functions/PimwatchNewIncidents.kql')
      }
      {
        alias: 'PimwatchLog'
        description: 'pimwatch: log lines of the detector'
        query: replace(loadTextContent('queries/functions/PimwatchLog.kql'), '{functionApp}', functionAppName)
      }
    ]
  }
  dependsOn: [newWorkspace]
}

module dataCollectionRule 'modules/data-collection-rule.bicep' = {
  scope: group
  params: {
    name: dataCollectionRuleName
    location: workspaceLocation
    tags: allTags
    workspaceId: workspaceId
    endpointName: dataCollectionEndpointName
    streamName: incidentColumns.stream
    tableName: incidentColumns.table
    columns: incidentColumns.columns
  }
  dependsOn: [incidentLog]
}

module appInsights 'modules/app-insights.bicep' = {
  scope: group
  params: {
    name: appInsightsName
    location: location
    tags: allTags
    workspaceId: workspaceId
    publicIngestion: !privateNetworking
    publicQueries: !privateNetworking || publicQueries
  }
  dependsOn: [newWorkspace]
}

module roleAssignments 'modules/role-assignments.bicep' = {
  scope: group
  params: {
    identityName: identityName
    principalId: identity.outputs.principalId
    hostStorageName: hostStorageName
    incidentStorageName: incidentStorageName
    incidentTableName: incidentTableName
    ledgerTableName: ledgerTableName
    keptTableName: keptTableName
    deadLetterContainerName: deadLetterContainerName
    backupContainerName: backupContainerName
    dataCollectionRuleName: dataCollectionRuleName
    appInsightsName: appInsightsName
    operatorPrincipalId: operatorPrincipalId
    operatorPrincipalType: operatorPrincipalType
  }
  dependsOn: [hostStorage, incidentStorage, dataCollectionRule, appInsights]
}

module privateNetwork 'modules/private-network.bicep' = if (privateNetworking) {
  scope: group
  params: {
    location: location
    tags: allTags
    domain: privateCloudDomains[cloud]
    network: { newName: network.newName, id: network.id, endpointSubnetId: network.endpointSubnetId }
    addressPrefix: networkAddressPrefix
    zones: zones
    linkScope: linkScope
    // Where both workspace and scope exist, their owner has linked them.
    monitored: [
      { name: appInsightsName, id: appInsightsId }
      { name: dataCollectionEndpointName, id: dataCollectionEndpointId }
      ...(workspaceIsNew || linkScope.isNew ? [{ name: workspace.name, id: workspaceId }] : [])
    ]
    hostStorageName: hostStorageName
    incidentStorageName: incidentStorageName
    eventHubNamespaceId: hubIsNew || eventHubPrivateEndpoint ? hubNamespaceId : ''
    hasSiteEndpoint: privateInbound
  }
  dependsOn: [hostStorage, incidentStorage, eventHub, newWorkspace, appInsights, dataCollectionRule]
}

module functionApp 'modules/function-app.bicep' = {
  scope: group
  params: {
    name: functionAppName
    planName: planName
    location: location
    tags: allTags
    azdServiceName: 'detector'
    identityName: identityName
    hostStorageName: hostStorageName
    packageContainerName: packageContainerName
    appInsightsName: appInsightsName
    dataCollectionRuleName: dataCollectionRuleName
    dataCollectionEndpointName: dataCollectionEndpointName
    subnetId: privateNetworking ? network.appSubnetId : ''
    publicInbound: !(privateNetworking && privateInbound)
    azureCloud: cloud
    zoneRedundant: zoneRedundant
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: zoneRedundant ? max(alwaysReadyInstances, 2) : alwaysReadyInstances
    eventHubFullyQualifiedNamespace: hubHost
    eventHubName: hub.name
    consumerGroupName: consumerGroupName
    healerConsumerGroupName: healerConsumerGroupName
    incidentsTableEndpoint: 'https://${incidentStorageName}.table.${environment().suffixes.storage}'
    deadLettersContainerUrl: 'https://${incidentStorageName}.blob.${environment().suffixes.storage}/${deadLetterContainerName}'
    backupsContainerUrl: 'https://${incidentStorageName}.blob.${environment().suffixes.storage}/${backupContainerName}'
    logsIngestionStream: incidentColumns.stream
    allowedTenantIds: allowedTenantIds
    expectedLogCategories: expectedLogCategories
    // For the healer and the headroom alert. An existing hub knows its own retention.
    hubRetentionHours: hubIsNew ? hubRetentionHours : (eventHubReader.outputs.?retentionHours ?? hubRetentionHours)
    outboxTimerSchedule: outboxTimerSchedule
    outboxMinimumAgeSeconds: outboxMinimumAgeSeconds
    ledgerTimerSchedule: ledgerTimerSchedule
    ledgerGraceSeconds: ledgerGraceSeconds
    ledgerStallSeconds: ledgerStallSeconds
    reconciliationTimerSchedule: reconciliationTimerSchedule
    windowTimerSchedule: windowTimerSchedule
    backupTimerSchedule: backupTimerSchedule
    scanEvents: scanEvents
    dashboardClientId: dashboardClientId
    webhookUrl: webhookUrl
    webhookFormat: webhookFormat
  }
  dependsOn: [roleAssignments, privateNetwork] // the host needs these rights, and those on the hub, to start
}

module siteEndpoint 'modules/private-endpoints.bicep' = if (privateNetworking && privateInbound) {
  scope: group
  params: {
    location: location
    tags: allTags
    subnetId: network.endpointSubnetId
    endpoints: [
      {
        name: '${functionAppName}-sites'
        targetId: functionAppId
        groupId: 'sites'
        zones: ['privatelink.${privateCloudDomains[cloud].sites}']
      }
    ]
    zones: zones
  }
  dependsOn: [functionApp]
}

var pageUrl = empty(dashboardClientId) ? '' : 'https://${functionApp.outputs.hostName}/api/dashboard'

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    namePrefix: namePrefix
    workspaceLocation: workspaceLocation
    tags: allTags
    workspaceId: workspaceId
    functionAppName: functionAppName
    eventHubNamespaceId: hubNamespaceId
    dataCollectionRuleId: resourceId(
      subscription().subscriptionId,
      resourceGroupName,
      'Microsoft.Insights/dataCollectionRules',
      dataCollectionRuleName
    )
    emails: alertEmailsChecked
    webhookUrl: alertWebhookUrl
    actionGroupIds: alertActionGroupIds
    deployedAt: deployedAt
    silentAfter: silentAfter
    missedCheck: missedCheck
    missedQuery: loadTextContent('queries/alerts/detection/missed.kql')
    mayHaveDailyCap: dailyQuotaGb >= 0 || !workspaceIsNew // an existing workspace may have a cap that we do not know
    runbookUrl: absoluteRunbookUrl
    pageUrl: pageUrl
    inLinkedStorage: alertsInLinkedStorage
  }
  dependsOn: [incidentLog, dataCollectionRule, eventHub, appInsights]
}

module diagnostics 'modules/diagnostics.bicep' = if (auditTrail != 'none') {
  scope: group
  params: {
    detail: auditTrail == 'all' ? 'all' : 'changes'
    workspaceId: workspaceId
    eventHubNamespaceName: hubIsNew ? hub.namespaceName : ''
    hostStorageName: hostStorageName
    incidentStorageName: incidentStorageName
    functionAppName: functionAppName
  }
  dependsOn: [eventHub, hostStorage, incidentStorage, functionApp, newWorkspace]
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: {
    displayName: 'pimwatch'
    location: location
    tags: allTags
    workspaceId: workspaceId
    serializedData: replace(string(loadJsonContent('workbook/workbook.json')), '{functionApp}', functionAppName)
    category: sentinelRule ? 'sentinel' : 'workbook'
  }
  dependsOn: [incidentLog]
}

module sentinel 'modules/sentinel-rule.bicep' = if (sentinelRule) {
  scope: resourceGroup(workspace.subscriptionId, workspace.resourceGroupName)
  params: {
    workspaceName: workspace.name
    tableName: incidentColumns.table
    nearRealTimeQuery: replace(loadTextContent('queries/sentinel/near-real-time.kql'), '{page}', pageUrl)
    scheduledQuery: replace(loadTextContent('queries/sentinel/scheduled.kql'), '{page}', pageUrl)
    kind: sentinelRuleKind
  }
  dependsOn: [incidentLog] // Sentinel refuses a query over a table or a column that does not exist
}

// --- Outputs for the azd environment: addresses, no secrets ---------------------------------------------------

output AZURE_RESOURCE_GROUP string = resourceGroupName
output AZURE_FUNCTION_APP_NAME string = functionAppName
output HEALTH_URL string = 'https://${functionApp.outputs.hostName}/api/health'
output DASHBOARD_URL string = pageUrl
output EVENT_HUB_NAMESPACE string = hub.namespaceName
output EVENT_HUB_NAME string = hub.name
output EVENT_HUB_HOST string = hubHost
output ENTRA_AUTHORIZATION_RULE_ID string = hubIsNew ? sendRuleId : ''
output INCIDENTS_TABLE_ENDPOINT string = 'https://${incidentStorageName}.table.${environment().suffixes.storage}'
output DEAD_LETTERS_CONTAINER_URL string = 'https://${incidentStorageName}.blob.${environment().suffixes.storage}/${deadLetterContainerName}'
output BACKUPS_CONTAINER_URL string = 'https://${incidentStorageName}.blob.${environment().suffixes.storage}/${backupContainerName}'
output WORKSPACE_NAME string = workspace.name
