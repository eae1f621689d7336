/**
 * How many of Microsoft's rules run, as counted by `npx pimwatch support --rules DIR` over a folder of them. The rules
 * themselves are not part of this repository.
 */
export const PUBLIC_RULES = {
  counted: "2026-12-01",
  /** Rules over AuditLogs from Azure/Azure-Sentinel, unmodified, each in one of its published versions. */
  tried: 30,
  run: 28,
  /** Those that one event alone decides. */
  decidedByOneEvent: 17,
  /** Queries of other rules and hunting queries of that repository, some of them shortened. */
  queriesTried: 46,
  queriesRun: 35,
} as const;
