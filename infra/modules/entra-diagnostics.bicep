// The tenant's diagnostic setting: Entra ID audit logs to the hub. Deployed by a person with the rights, not by CI:
// docs/deploy.md.

targetScope = 'tenant'

param name string
@description('A rule of the namespace (not of the hub) with the right to send.')
param authorizationRuleId string
param hubName string
param categories string[]

resource diagnostics 'microsoft.aadiam/diagnosticSettings@2017-04-01' = {
  name: name
  properties: {
    eventHubAuthorizationRuleId: authorizationRuleId
    eventHubName: hubName
    logs: [
      for category in categories: {
        category: category
        enabled: true
      }
    ]
  }
}
