const OTHER_EVENTS = "its value depends on other events; it needs a window over many events";
const CHANCE = "its value differs from run to run, so that live, replay and backtest would disagree";

/** Functions that cannot run on one event alone, and what they would need. */
export const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = {
  rand: CHANCE,
  new_guid: CHANCE,
  row_number: OTHER_EVENTS,
  row_cumsum: OTHER_EVENTS,
  row_rank_dense: OTHER_EVENTS,
  row_rank_min: OTHER_EVENTS,
  row_window_session: OTHER_EVENTS,
  prev: OTHER_EVENTS,
  next: OTHER_EVENTS,
  _GetWatchlist:
    "watchlists live in a Sentinel workspace; give its values as a list in overlay.yaml: variables, by the name of the let",
  ingestion_time: "the stream has no ingestion time",
  toscalar: OTHER_EVENTS,
  assert: "a rule has nobody to tell that it failed",
  map: "write mv-apply",
};

const CLUSTER = "it tells of the cluster that runs a query, and here there is none";
const SKETCH = "sketches hold what many events have in common; it needs a window over many events";

/** Families of functions that are refused alike: the beginning of their names, and why. */
const REFUSED_FAMILIES: Readonly<Record<string, string>> = {
  series_: "time series are made of many events; it needs a window over many events",
  geo_: "it needs maps or geographic data, which pimwatch does not have",
  hll: SKETCH,
  tdigest: SKETCH,
  merge_tdigest: SKETCH,
  percentile_tdigest: SKETCH,
  percentiles_array_tdigest: SKETCH,
  percentrank_tdigest: SKETCH,
  rank_tdigest: SKETCH,
  dcount_hll: SKETCH,
  current_: CLUSTER,
  cursor_: CLUSTER,
  extent_: CLUSTER,
  row_: OTHER_EVENTS,
};

/** Why a function of Kusto is refused. */
export function refusedFunction(name: string): string {
  if (Object.hasOwn(REFUSED_FUNCTIONS, name)) return REFUSED_FUNCTIONS[name] ?? "";
  const family = Object.keys(REFUSED_FAMILIES).find((prefix) => name.startsWith(prefix));
  return (family && REFUSED_FAMILIES[family]) ?? "pimwatch does not have it";
}

/** The same as `name*` for the families, for the support table. */
export function refusedFunctions(): Readonly<Record<string, string>> {
  const families = Object.entries(REFUSED_FAMILIES).map(([prefix, reason]) => [`${prefix}*`, reason]);
  return { ...REFUSED_FUNCTIONS, ...Object.fromEntries(families) };
}

/** The reason of operators that look at many events. */
export const WINDOW = "it needs a window over many events";
const FIXED = "the columns of its result depend on the data, and a rule's columns must be known at build time";
const FETCHED = "nothing is fetched while rules run";

/** Plugins of `evaluate` that are refused, and why. */
const REFUSED_PLUGINS: Readonly<Record<string, string>> = {
  bag_unpack: `${FIXED}; declare them: evaluate bag_unpack(column) : (*, name: type, …)`,
  pivot: FIXED,
  narrow: WINDOW,
  preview: "it has several results",
  python: "it runs code of another language",
  r: "it runs code of another language",
  csharp: "it runs code of another language",
  http_request: FETCHED,
  http_request_post: FETCHED,
  sql_request: FETCHED,
  mysql_request: FETCHED,
  postgresql_request: FETCHED,
  cosmosdb_sql_request: FETCHED,
  azure_digital_twins_query_request: FETCHED,
  ipv4_lookup: WINDOW,
  ipv6_lookup: WINDOW,
  geo_polygon_lookup: WINDOW,
  geo_line_lookup: WINDOW,
};

/** Why a plugin is refused: most of Kusto's compare events with one another. */
export function refusedPlugin(name: string): string {
  return REFUSED_PLUGINS[name] ?? WINDOW;
}

/** Operators that are refused, and why. Those without an entry are unknown to Kusto too, or not for queries. */
export const REFUSED_OPERATORS: Readonly<Record<string, string>> = {
  join: WINDOW,
  lookup: WINDOW,
  sample: WINDOW,
  "sample-distinct": WINDOW,
  "top-hitters": WINDOW,
  "top-nested": WINDOW,
  "make-series": WINDOW,
  reduce: WINDOW,
  scan: WINDOW,
  partition: WINDOW,
  serialize: WINDOW,
  "make-graph": WINDOW,
  fork: "it has several results",
  facet: "it has several results",
  evaluate: "of its plugins only bag_unpack with declared columns is decided by one event",
  range: "its rows would come again with every event; as a list of constants write the function range()",
  "parse-kv": "write parse or extract",
  "graph-match": WINDOW,
  "macro-expand": "write the query once for AuditLogs",
  getschema: "its result is about the columns, not about events",
  search: "write where, over AuditLogs",
  find: "write where, over AuditLogs",
  externaldata: "nothing is fetched while rules run; put the values into the rule as a dynamic list",
  render: "a rule has no picture",
  consume: "it yields nothing",
  invoke: "call the function with the table as its argument",
};
