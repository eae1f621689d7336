/** As Bicep's `environment().name` has them. */
export const AZURE_CLOUD_NAMES = ["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"] as const;

/** What differs between Azure's clouds for the app. */
export const AZURE_CLOUDS: Readonly<Record<(typeof AZURE_CLOUD_NAMES)[number], AzureCloud>> = {
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
};

interface AzureCloud {
  readonly monitorAudience: string;
  readonly portals: Portals;
}

/** Where an analyst looks further. */
export interface Portals {
  readonly entra: string;
  readonly incidents: string;
}
