// What makes the services private: a network, unless there is one; zones for the endpoints' names; Azure Monitor's
// private link; the endpoints. docs/closed-network.md explains the choices.

param location string
param tags object
@description('Domains of the cloud that environment() does not have.')
param domain { monitor: string, automation: string, sites: string }
param network {
  @description('Empty if the network exists already.')
  newName: string
  id: string
  endpointSubnetId: string
}
param addressPrefix string
@description('Where the zones are, or who writes the names.')
param zones { subscriptionId: string, resourceGroupName: string, areNew: bool, byPolicy: bool }
param linkScope { subscriptionId: string, resourceGroupName: string, name: string, isNew: bool }
@description('Resources to add to the link scope.')
param monitored { name: string, id: string }[]
param hostStorageName string
param incidentStorageName string
@description('Empty if the network reaches the namespace already.')
param eventHubNamespaceId string
@description('Whether the app gets an endpoint, which is made after the app.')
param hasSiteEndpoint bool

var storage = environment().suffixes.storage
var blobZone = 'privatelink.blob.${storage}'
var tableZone = 'privatelink.table.${storage}'
var namespaceZone = 'privatelink.${replace(storage, 'core.', 'servicebus.')}'
var monitorZones = [
  'privatelink.monitor.${domain.monitor}'
  'privatelink.oms.opinsights.${domain.monitor}'
  'privatelink.ods.opinsights.${domain.monitor}'
  'privatelink.agentsvc.${domain.automation}'
]

// A network that has a scope already has the scope's endpoint.
var needsMonitorEndpoint = linkScope.isNew || !empty(network.newName)
var storageEndpoints = flatten(map([hostStorageName, incidentStorageName], account => [
  {
    name: '${account}-blob'
    targetId: resourceId('Microsoft.Storage/storageAccounts', account)
    groupId: 'blob'
    zones: [blobZone]
  }
  {
    name: '${account}-table'
    targetId: resourceId('Microsoft.Storage/storageAccounts', account)
    groupId: 'table'
    zones: [tableZone]
  }
]))
var namespaceEndpoints = empty(eventHubNamespaceId)
  ? []
  : [
      {
        name: '${last(split(eventHubNamespaceId, '/'))}-namespace'
        targetId: eventHubNamespaceId
        groupId: 'namespace'
        zones: [namespaceZone]
      }
    ]
var monitorEndpoints = needsMonitorEndpoint
  ? [
      {
        name: '${linkScope.name}-azuremonitor'
        targetId: resourceId(
          linkScope.subscriptionId,
          linkScope.resourceGroupName,
          'Microsoft.Insights/privateLinkScopes',
          linkScope.name
        )
        groupId: 'azuremonitor'
        zones: [...monitorZones, blobZone] // Azure Monitor keeps solution packs in a storage account
      }
    ]
  : []
// Listed again, because what-if cannot count the zones of the endpoints.
var zoneNames = [
  blobZone
  tableZone
  ...(empty(eventHubNamespaceId) ? [] : [namespaceZone])
  ...(needsMonitorEndpoint ? monitorZones : [])
  ...(hasSiteEndpoint ? ['privatelink.${domain.sites}'] : [])
]

module virtualNetwork 'virtual-network.bicep' = if (!empty(network.newName)) {
  params: { name: network.newName, location: location, tags: tags, addressPrefix: addressPrefix }
}

module dns 'private-dns.bicep' = if (zones.areNew) {
  params: {
    zoneNames: zoneNames
    networkId: network.id
    tags: tags
  }
  dependsOn: [virtualNetwork]
}

module scope 'private-link-scope.bicep' = {
  scope: resourceGroup(linkScope.subscriptionId, linkScope.resourceGroupName)
  params: {
    name: linkScope.name
    tags: tags
    isNew: linkScope.isNew
    isOpen: empty(network.newName)
    resources: monitored
  }
}

module privateEndpoints 'private-endpoints.bicep' = {
  params: {
    location: location
    tags: tags
    subnetId: network.endpointSubnetId
    endpoints: concat(storageEndpoints, namespaceEndpoints, monitorEndpoints)
    zones: zones
  }
  dependsOn: [virtualNetwork, dns, scope]
}
