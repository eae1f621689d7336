param displayName string
param location string
param tags object
param workspaceId string
@description('The workbook as JSON: infra/workbook/workbook.json.')
param serializedData string
@description('sentinel lists it with Sentinel\'s workbooks, workbook with Azure Monitor\'s.')
param category 'sentinel' | 'workbook'

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'pimwatch')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: displayName
    category: category
    sourceId: workspaceId
    serializedData: serializedData
    version: 'Notebook/1.0'
  }
}
