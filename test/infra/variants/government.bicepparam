using '../../../infra/main.bicep'

// In a government cloud: existing hub and workspace, a network whose names a policy writes; the page stays public.
param environmentName = 'government'
param location = 'usgovvirginia'
param azureCloud = 'AzureUSGovernment'
param existingEventHubId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-streams/providers/Microsoft.EventHub/namespaces/soc-streams/eventhubs/entra-audit'
param existingWorkspaceId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-sentinel/providers/Microsoft.OperationalInsights/workspaces/soc-sentinel'
param privateNetworking = true
param privateDnsZones = 'policy'
param privateInbound = false
param alertEmails = ['soc@contoso.example']
