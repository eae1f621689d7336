import { ROW_FUNCTIONS } from "./row-functions.ts";

const UNKNOWN_COMBINATION =
  "Kusto's page does not say how it combines hashes, and any other value than Sentinel's would mislead; hash one text: hash(strcat(…))";
const CHANCE = "its value differs from run to run, so live runs, replay and backtest would disagree";

/** Functions that are refused, and why. */
export const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = {
  rand: CHANCE,
  new_guid: CHANCE,
  _GetWatchlist:
    "watchlists live in a Sentinel workspace; list the values in overlay.yaml under variables, by the name of the let",
  hash_combine: UNKNOWN_COMBINATION,
  hash_many: UNKNOWN_COMBINATION,
  parse_user_agent: "it needs a list of browsers and devices, which pimwatch does not have",
  assert: "nobody would see that it failed",
  map: "write mv-apply",
};

const CLUSTER = "it describes the cluster that runs the query, and pimwatch has no cluster";
const SKETCH = "pimwatch does not implement sketches";

/** Families of refused functions: the prefix of their names, and why. */
const REFUSED_FAMILIES: Readonly<Record<string, string>> = {
  series_: "pimwatch does not implement time series",
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
};

export function unsupportedFunction(name: string): string {
  return `${name} is not supported: ${reasonFor(name)}`;
}

/** Why a function of Kusto is refused. */
function reasonFor(name: string): string {
  if (Object.hasOwn(ROW_FUNCTIONS, name)) return "its value depends on other events";
  if (Object.hasOwn(REFUSED_FUNCTIONS, name)) return REFUSED_FUNCTIONS[name] ?? "";
  const family = Object.keys(REFUSED_FAMILIES).find((prefix) => name.startsWith(prefix));
  return (family && REFUSED_FAMILIES[family]) ?? "pimwatch does not implement it";
}

/** All refused functions for the support table, families as `prefix*`. */
export function refusedFunctions(): Readonly<Record<string, string>> {
  const families = Object.entries(REFUSED_FAMILIES).map(([prefix, reason]) => [`${prefix}*`, reason]);
  return { ...REFUSED_FUNCTIONS, ...Object.fromEntries(families) };
}

/** Why operators that compare events with one another are refused. */
export const WINDOW = "it compares events with one another, and pimwatch does not implement it";
const FETCHED = "rules fetch nothing while they run";

/** Plugins of `evaluate` that are refused, and why. */
const REFUSED_PLUGINS: Readonly<Record<string, string>> = {
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

/** Why a plugin is refused. Most of Kusto's plugins compare events with one another. */
export function refusedPlugin(name: string): string {
  return REFUSED_PLUGINS[name] ?? WINDOW;
}

/** Operators that are refused, and why. Kusto does not know any other operator, or not in queries. */
export function refusedOperators(source: string): Readonly<Record<string, string>> {
  return {
    lookup: WINDOW,
    sample: WINDOW,
    "sample-distinct": WINDOW,
    "top-hitters": WINDOW,
    "top-nested": WINDOW,
    "make-series": WINDOW,
    reduce: WINDOW,
    scan: WINDOW,
    partition: WINDOW,
    "make-graph": WINDOW,
    fork: "it has several results",
    facet: "it has several results",
    evaluate: "pimwatch implements only its plugins bag_unpack, pivot and sequence_detect",
    range: "its rows would be found again with every event; for a list of constants write the function range()",
    "graph-match": WINDOW,
    "macro-expand": `write the query once for ${source}`,
    getschema: "it describes columns, not events",
    search: `write where, over ${source}`,
    find: `write where, over ${source}`,
    render: "a rule draws no chart",
    consume: "it returns nothing",
    invoke: "call the function with the table as its argument",
  };
}
