using '../../../infra/main.bicep'

// Into what a SOC has already: its hub, its workspace with Sentinel on it, in other groups and regions.
param environmentName = 'existing'
param location = 'swedencentral'
param existingEventHubId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-streams/providers/Microsoft.EventHub/namespaces/soc-streams/eventhubs/entra-audit'
param existingWorkspaceId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-sentinel/providers/Microsoft.OperationalInsights/workspaces/soc-sentinel'
param workspaceLocation = 'westeurope'
param missedCheck = true
param sentinelRule = true
param sentinelRuleKind = 'Scheduled'
param alertActionGroupIds = [
  '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-soc/providers/Microsoft.Insights/actionGroups/on-call'
]
