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
