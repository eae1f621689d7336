using 'main.bicep'

// Values come from the azd environment (`azd env set NAME VALUE`); other parameters keep their defaults in main.bicep.
// docs/deploy.md explains them.

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')

param deployEntraDiagnostics = bool(readEnvironmentVariable('PIMWATCH_DEPLOY_ENTRA_DIAGNOSTICS', 'false'))
param existingEventHubId = readEnvironmentVariable('PIMWATCH_EXISTING_EVENT_HUB_ID', '')
param eventHubName = readEnvironmentVariable('PIMWATCH_EVENT_HUB_NAME', 'insights-logs-auditlogs')
param partitionCount = int(readEnvironmentVariable('PIMWATCH_PARTITION_COUNT', '4'))
param disableEventHubLocalAuth = bool(readEnvironmentVariable('PIMWATCH_DISABLE_EVENT_HUB_LOCAL_AUTH', 'true'))

param nodeVersion = readEnvironmentVariable('PIMWATCH_NODE_VERSION', '22')
param alwaysReadyInstances = int(readEnvironmentVariable('PIMWATCH_ALWAYS_READY_INSTANCES', '1'))
param dashboardClientId = readEnvironmentVariable('PIMWATCH_DASHBOARD_CLIENT_ID', '')

param webhookUrl = readEnvironmentVariable('PIMWATCH_WEBHOOK_URL', '')
param webhookFormat = readEnvironmentVariable('PIMWATCH_WEBHOOK_FORMAT', 'json')

param storageSkuName = readEnvironmentVariable('PIMWATCH_STORAGE_SKU', 'Standard_ZRS')
param zoneRedundant = bool(readEnvironmentVariable('PIMWATCH_ZONE_REDUNDANT', 'false'))
param storageKeyUri = readEnvironmentVariable('PIMWATCH_STORAGE_KEY_URI', '')
param storageKeyIdentityId = readEnvironmentVariable('PIMWATCH_STORAGE_KEY_IDENTITY_ID', '')
param locks = bool(readEnvironmentVariable('PIMWATCH_LOCKS', 'false'))
param auditTrail = readEnvironmentVariable('PIMWATCH_AUDIT_TRAIL', 'changes')
param existingWorkspaceId = readEnvironmentVariable('PIMWATCH_EXISTING_WORKSPACE_ID', '')
param workspaceLocation = readEnvironmentVariable(
  'PIMWATCH_WORKSPACE_LOCATION',
  readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
)

param privateNetworking = bool(readEnvironmentVariable('PIMWATCH_PRIVATE_NETWORKING', 'false'))
param networkAddressPrefix = readEnvironmentVariable('PIMWATCH_NETWORK_ADDRESS_PREFIX', '10.210.0.0/24')
param appSubnetId = readEnvironmentVariable('PIMWATCH_APP_SUBNET_ID', '')
param endpointSubnetId = readEnvironmentVariable('PIMWATCH_ENDPOINT_SUBNET_ID', '')
param privateDnsZones = readEnvironmentVariable('PIMWATCH_PRIVATE_DNS_ZONES', 'create')
param existingPrivateLinkScopeId = readEnvironmentVariable('PIMWATCH_EXISTING_PRIVATE_LINK_SCOPE_ID', '')
param eventHubPrivateEndpoint = bool(readEnvironmentVariable('PIMWATCH_EVENT_HUB_PRIVATE_ENDPOINT', 'true'))
param privateInbound = bool(readEnvironmentVariable('PIMWATCH_PRIVATE_INBOUND', 'true'))
param publicQueries = bool(readEnvironmentVariable('PIMWATCH_PUBLIC_QUERIES', 'false'))

param alertEmails = filter(split(readEnvironmentVariable('PIMWATCH_ALERT_EMAILS', ''), ','), email => !empty(email))
param alertWebhookUrl = readEnvironmentVariable('PIMWATCH_ALERT_WEBHOOK_URL', '')
param alertActionGroupIds = filter(
  split(readEnvironmentVariable('PIMWATCH_ALERT_ACTION_GROUP_IDS', ''), ','),
  id => !empty(id)
)
param alertsWithoutReceiver = bool(readEnvironmentVariable('PIMWATCH_ALERTS_WITHOUT_RECEIVER', 'false'))
param runbookUrl = readEnvironmentVariable('PIMWATCH_RUNBOOK_URL', '')
param silentAfter = readEnvironmentVariable('PIMWATCH_SILENT_AFTER', 'PT6H')
param missedCheck = bool(readEnvironmentVariable('PIMWATCH_MISSED_CHECK', 'false'))
param sentinelRule = bool(readEnvironmentVariable('PIMWATCH_SENTINEL_RULE', 'false'))
param sentinelRuleKind = readEnvironmentVariable('PIMWATCH_SENTINEL_RULE_KIND', 'NRT')

param operatorPrincipalId = readEnvironmentVariable('PIMWATCH_OPERATOR_PRINCIPAL_ID', '')
param operatorPrincipalType = readEnvironmentVariable('PIMWATCH_OPERATOR_PRINCIPAL_TYPE', 'Group')
