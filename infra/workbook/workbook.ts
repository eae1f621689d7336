import { readFileSync } from "node:fs";

/*
 * The source of workbook.json (`npm run generate`). Every query is a file in infra/queries/, where a test parses and
 * binds it.
 */

/** Generated together with the workbook, so it is passed in instead of read. */
const MISSED = "alerts/detection/missed";

type Visualization = "table" | "timechart" | "barchart" | "piechart" | "tiles";

interface Tile {
  readonly title: string;
  /** A file in infra/queries/, without its extension. */
  readonly query: string;
  readonly as: Visualization;
  /** Percent of the page's width. */
  readonly width?: number;
  readonly whenEmpty?: string;
  /** Shows rows of any age, not only those of the time chosen for the page. */
  readonly ofAnyAge?: boolean;
}

interface Tab {
  readonly name: string;
  readonly intro: string;
  readonly tiles: readonly Tile[];
}

const TABS: readonly Tab[] = [
  {
    name: "Changes",
    intro:
      "Who changed which setting of which privileged role, from where. Every incident appears once, in its latest state.",
    tiles: [
      { title: "At a glance", query: "workbook/figures", as: "tiles" },
      { title: "Changes over time", query: "workbook/found", as: "timechart" },
      {
        title: "Weakening changes first",
        query: "workbook/latest",
        as: "table",
        whenEmpty: "No incident in this time.",
      },
      { title: "By role", query: "workbook/by-role", as: "table", width: 50 },
      { title: "By setting", query: "workbook/by-setting", as: "table", width: 50 },
      { title: "By actor", query: "workbook/by-actor", as: "table", width: 50 },
      { title: "By address", query: "workbook/by-address", as: "table", width: 50 },
    ],
  },
  {
    name: "Triage",
    intro:
      "Incidents that nobody has closed yet, no matter how old they are, and how long incidents wait for triage in the time chosen above.",
    tiles: [
      {
        title: "Open incidents",
        query: "workbook/open",
        as: "table",
        whenEmpty: "No incident is open.",
        ofAnyAge: true,
      },
      {
        title: "Mean time to triage, by week (hours)",
        query: "workbook/time-to-triage",
        as: "barchart",
        whenEmpty: "No incident was triaged in this time.",
      },
    ],
  },
  {
    name: "Pipeline",
    intro:
      "Whether events arrive, are read and reach Log Analytics. Each stretch is timed separately: Entra ID to the hub, hub to incident (pimwatch), incident to Log Analytics.",
    tiles: [
      { title: "Now, and in this time", query: "workbook/pipeline", as: "tiles" },
      { title: "Seconds on each stretch, 95th percentile", query: "workbook/latency", as: "timechart" },
      {
        title: "Ledger: events that wait, are in gaps, were read again, were lost",
        query: "workbook/ledger",
        as: "timechart",
      },
      { title: "Longest wait, in minutes", query: "workbook/waiting", as: "timechart" },
      {
        title: "Events that were lost",
        query: "workbook/lost",
        as: "table",
        whenEmpty: "None: every event that reached the hub was stored.",
      },
      {
        title: "Operations on roles that no rule matched",
        query: "workbook/unmatched-operations",
        as: "table",
        whenEmpty: "None was seen.",
      },
      { title: "Events by seconds from the hub to the table", query: "workbook/event-latency", as: "barchart" },
      { title: "Events and records", query: "workbook/events", as: "timechart" },
      { title: "Forwarding", query: "workbook/forwarding", as: "table", width: 50 },
      { title: "Functions", query: "workbook/runs", as: "table", width: 50 },
      { title: "Exceptions", query: "workbook/exceptions", as: "table", width: 50, whenEmpty: "None." },
      {
        title: "Accepted rows that were not stored",
        query: "workbook/ingestion-errors",
        as: "table",
        width: 50,
        whenEmpty: "None.",
      },
    ],
  },
  {
    name: "Judged by Sentinel",
    intro:
      "The official queries over AuditLogs, minus pimwatch's incidents. Each record listed here was missed, by pimwatch or before the hub. Needs AuditLogs in this workspace; without that table the query fails. Always looks back one day, whatever time is chosen above.",
    tiles: [{ title: "Missed", query: MISSED, as: "table", whenEmpty: "Nothing was missed." }],
  },
];

/**
 * The content of infra/workbook/workbook.json.
 *
 * @param missedQuery the content of infra/queries/alerts/detection/missed.kql
 */
export function workbookFile(missedQuery: string): string {
  const workbook = {
    version: "Notebook/1.0",
    items: [
      text("## pimwatch\nChanges to the settings that guard privileged roles."),
      timeRange(),
      tabBar(TABS.map(({ name }) => name)),
      ...TABS.map((tab) => group(tab, missedQuery)),
    ],
    fallbackResourceIds: [],
    $schema: "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
  };
  return `${JSON.stringify(workbook, null, 2)}\n`;
}

function group({ name, intro, tiles }: Tab, missedQuery: string) {
  return {
    type: 12,
    content: {
      version: "NotebookGroup/1.0",
      groupType: "editable",
      items: [text(intro), ...tiles.map((tile) => item(tile, missedQuery))],
    },
    conditionalVisibility: { parameterName: "Tab", comparison: "isEqualTo", value: name },
    name: `group: ${name}`,
  };
}

/** Log Analytics keeps incidents no longer than this (`logRetentionDays`). */
const ANY_AGE = { timeContext: { durationMs: 730 * 86_400_000 } };

function item({ title, query, as, width, whenEmpty, ofAnyAge = false }: Tile, missedQuery: string) {
  const kql =
    query === MISSED ? missedQuery : readFileSync(new URL(`../queries/${query}.kql`, import.meta.url), "utf8");
  const content = {
    version: "KqlItem/1.0",
    query: kql.trim(),
    size: 0,
    title,
    ...(whenEmpty !== undefined && { noDataMessage: whenEmpty }),
    ...(ofAnyAge ? ANY_AGE : { timeContextFromParameter: "Time" }),
    queryType: 0,
    resourceType: "microsoft.operationalinsights/workspaces",
    visualization: as,
    ...(as === "table" && { gridSettings: { filter: true, rowLimit: 1_000 } }),
    ...(as === "tiles" && { tileSettings: FIGURES }),
  };
  return { type: 3, content, ...(width !== undefined && { customWidth: String(width) }), name: title };
}

/** One tile for each row: its name above, its value large. */
const FIGURES = {
  titleContent: { columnMatch: "Name", formatter: 1 },
  leftContent: { columnMatch: "Value", formatter: 12, formatOptions: { palette: "none" } },
  showBorder: true,
};

function text(markdown: string) {
  return { type: 1, content: { json: markdown }, name: `text: ${markdown.slice(0, 30)}` };
}

function timeRange() {
  const hours = [1, 24, 7 * 24, 30 * 24, 90 * 24];
  const parameter = {
    id: "6a8a1c5e-3f0b-4b73-9c52-0d4d1b7a2f10",
    version: "KqlParameterItem/1.0",
    name: "Time",
    type: 4,
    isRequired: true,
    value: { durationMs: 7 * 24 * 3_600_000 },
    typeSettings: { selectableValues: hours.map((hour) => ({ durationMs: hour * 3_600_000 })), allowCustom: true },
  };
  return {
    type: 9,
    content: {
      version: "KqlParameterItem/1.0",
      parameters: [parameter],
      style: "pills",
      queryType: 0,
      resourceType: "microsoft.operationalinsights/workspaces",
    },
    name: "time",
  };
}

function tabBar(names: readonly string[]) {
  const links = names.map((name, index) => ({
    id: `6a8a1c5e-3f0b-4b73-9c52-0d4d1b7a2f2${index}`,
    cellValue: "Tab",
    linkTarget: "parameter",
    linkLabel: name,
    subTarget: name,
    style: "link",
  }));
  return { type: 11, content: { version: "LinkItem/1.0", style: "tabs", links }, name: "tabs" };
}
