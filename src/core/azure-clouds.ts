/** What differs between Azure's clouds for the app. Bicep names the cloud as `environment().name` does. */
export const AZURE_CLOUDS = {
  AzureCloud: {
    /** The audience of tokens for Azure Monitor. */
    monitorAudience: "https://monitor.azure.com",
    portals: { entra: "https://entra.microsoft.com", incidents: "https://security.microsoft.com/incidents" },
  },
  AzureUSGovernment: {
    monitorAudience: "https://monitor.azure.us",
    portals: { entra: "https://entra.microsoft.us", incidents: "https://security.microsoft.us/incidents" },
  },
  AzureChinaCloud: {
    monitorAudience: "https://monitor.azure.cn",
    portals: {
      entra: "https://portal.azure.cn",
      incidents: "https://portal.azure.cn/#browse/microsoft.securityinsightsarg%2Fsentinel",
    },
  },
} as const satisfies Readonly<Record<string, AzureCloud>>;

interface AzureCloud {
  readonly monitorAudience: string;
  readonly portals: Portals;
}

/** Where an analyst looks further. */
export interface Portals {
  readonly entra: string;
  readonly incidents: string;
}

export type AzureCloudName = keyof typeof AZURE_CLOUDS;

export const AZURE_CLOUD_NAMES = [
  "AzureCloud",
  "AzureUSGovernment",
  "AzureChinaCloud",
] as const satisfies readonly AzureCloudName[];
