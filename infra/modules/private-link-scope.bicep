// Azure Monitor's private link: one scope for all networks that share their DNS, so an existing one is used where there
// is one. What is in the scope is reachable from its networks.

param name string
param tags object
param isNew bool
@description('Whether networks of the scope may also reach monitoring resources outside of it.')
param isOpen bool
@description('The resources to add, by the name of each link.')
param resources { name: string, id: string }[]

resource newScope 'Microsoft.Insights/privateLinkScopes@2021-09-01' = if (isNew) {
  name: name
  location: 'global'
  tags: tags
  properties: {
    accessModeSettings: {
      ingestionAccessMode: isOpen ? 'Open' : 'PrivateOnly'
      queryAccessMode: isOpen ? 'Open' : 'PrivateOnly'
    }
  }
}

resource scope 'Microsoft.Insights/privateLinkScopes@2021-09-01' existing = {
  name: name
}

@batchSize(1) // simultaneous changes of one scope conflict
resource members 'Microsoft.Insights/privateLinkScopes/scopedResources@2021-09-01' = [
  for resource in resources: {
    parent: scope
    name: resource.name
    #disable-next-line use-resource-id-functions // an element of a parameter
    properties: { linkedResourceId: resource.id }
    dependsOn: [newScope]
  }
]
