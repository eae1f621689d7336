using '../../../infra/main.bicep'

// A closed network of its own: no service has a public address.
param environmentName = 'private'
param location = 'swedencentral'
param azureCloud = 'AzureCloud'
param privateNetworking = true
param networkAddressPrefix = '10.210.7.0/24'
param dashboardClientId = '44444444-4444-4444-8444-444444444444'
param alertEmails = ['soc@contoso.example']
