/** Options of the commands on dead letters. */
export const STORAGE_OPTIONS = {
  storage: {
    type: "string",
    value: "STRING",
    help: "connection string of the storage account (default: INCIDENTS_STORAGE)",
  },
  "container-url": {
    type: "string",
    value: "URL",
    help: "https://ACCOUNT.blob.core.windows.net/dead-letters, with your own sign-in (az login)",
  },
  "table-endpoint": {
    type: "string",
    value: "URL",
    help: "https://ACCOUNT.table.core.windows.net, with your own sign-in",
  },
} as const;
