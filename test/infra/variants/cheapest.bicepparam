using '../../../infra/main.bicep'

// The lowest standing cost: nothing waits for events, one copy of the data, a daily cap.
param environmentName = 'cheapest'
param location = 'swedencentral'
param alwaysReadyInstances = 0
param instanceMemoryMB = 512
param maximumThroughputUnits = 1
param partitionCount = 1
param storageSkuName = 'Standard_LRS'
param auditTrail = 'none'
param dailyQuotaGb = 1
param silentAfter = 'P1D'
param alertsWithoutReceiver = true
