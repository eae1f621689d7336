/**
 * How many of Microsoft's rules run, as counted by `npx pimwatch support --rules DIR` over a folder of them. The rules
 * themselves are not part of this repository.
 */
export const PUBLIC_RULES = {
  counted: "2026-11-23",
  /** Rules over AuditLogs from Azure/Azure-Sentinel, unmodified, each in one of its published versions. */
  tried: 30,
  run: 17,
  /** Number of tried rules that one event alone decides. */
  decidedByOneEvent: 17,
  /** Of the others, those that `npx pimwatch backtest` runs, counted on that day: one of them reads a list with externaldata. */
  severalCounted: "2026-12-01",
  runInBacktest: 11,
  /** Queries of other rules and hunting queries of that repository, some of them shortened. */
  queriesTried: 46,
  queriesRun: 35,
} as const;
