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
  _GetWatchlist: "watchlists live in a Sentinel workspace; put the values into the rule as a dynamic list",
  ingestion_time: "the stream has no ingestion time",
  toscalar: OTHER_EVENTS,
};

/** The reason of operators that look at many events. */
export const WINDOW = "it needs a window over many events";
const FIXED = "the columns of its result depend on the data, and a rule's columns must be known at build time";

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
  evaluate: FIXED,
  getschema: "its result is about the columns, not about events",
  search: "write where, over AuditLogs",
  find: "write where, over AuditLogs",
  externaldata: "nothing is fetched while rules run; put the values into the rule as a dynamic list",
  render: "a rule has no picture",
  consume: "it yields nothing",
  invoke: "call the function with the table as its argument",
};
