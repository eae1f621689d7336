// Private addresses of the services, and their names in the private zones.

param location string
param tags object
param subnetId string
param endpoints {
  name: string
  targetId: string
  @description('Which part of the service: blob, table, namespace, azuremonitor, sites.')
  groupId: string
  @description('Zones that have its names.')
  zones: string[]
}[]
@description('Where the zones are, or that a policy writes the names.')
param zones { subscriptionId: string, resourceGroupName: string, areNew: bool, byPolicy: bool }

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for endpoint in endpoints: {
    name: endpoint.name
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: endpoint.groupId
          properties: {
            #disable-next-line use-resource-id-functions // an element of a parameter
            privateLinkServiceId: endpoint.targetId
            groupIds: [endpoint.groupId]
          }
        }
      ]
    }
  }
]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (endpoint, index) in endpoints: if (!zones.byPolicy) {
    parent: privateEndpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        for (zone, zoneIndex) in endpoint.zones: {
          name: 'zone-${zoneIndex}'
          properties: {
            privateDnsZoneId: resourceId(
              zones.subscriptionId,
              zones.resourceGroupName,
              'Microsoft.Network/privateDnsZones',
              zone
            )
          }
        }
      ]
    }
  }
]
