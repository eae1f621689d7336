/** For `--help` of each command that reads files of events. It stands alone so that the help loads no reader. */
export const EVENT_FILES_HELP = `FILE may be lines of JSON (event bodies or bare records), a JSON array, or a folder such as an Azure Storage archive
(…/y=2026/m=03/d=04/h=09/m=00/PT1H.json), each also as gzip. Audit logs may also be in the form of Microsoft Graph
(auditLogs/directoryAudits), of the portal's download (JSON or CSV), or of Log Analytics (rows of AuditLogs as JSON or
CSV, or the response to a query): they are turned into the form of a diagnostic export. These forms leave things out:
Graph and the portal name no tenant, and the portal's CSV has no record id, at most three targets and six details.`;
