param name string
param location string
param tags object
param retentionDays int
@description('GB a day, -1 for no cap.')
param dailyQuotaGb int
param publicIngestion bool
param publicQueries bool

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
    publicNetworkAccessForIngestion: publicIngestion ? 'Enabled' : 'Disabled'
    publicNetworkAccessForQuery: publicQueries ? 'Enabled' : 'Disabled'
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
  }
}
