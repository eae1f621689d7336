using '../../../infra/main.bicep'

// A provider that watches three tenants, two of them with a name, through a hub that they all export to.
param environmentName = 'tenants'
param location = 'swedencentral'
param allowedTenantIds = [
  '44444444-4444-4444-8444-444444444444=Contoso'
  '55555555-5555-4555-8555-555555555555=Fabrikam EU'
  '66666666-6666-4666-8666-666666666666'
]
param existingEventHubId = '/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-customers/providers/Microsoft.EventHub/namespaces/provider-streams/eventhubs/entra-audit'
param dashboardClientId = '44444444-4444-4444-8444-444444444444'
param alertEmails = ['soc@provider.example']
