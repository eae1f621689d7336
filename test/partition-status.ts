import type { PartitionEvaluation, PartitionStatus } from "../src/core/ledger/partition-ledger.ts";

/** What the ledger timer writes of a partition in which every event is finished. No event came unless `more` says so. */
export function partitionStatus(more: Partial<PartitionStatus> & Pick<PartitionStatus, "checkedAt">): PartitionStatus {
  return {
    partitionId: "0",
    lag: 0,
    gapEvents: 0,
    stuckEvents: 0,
    stuck: [],
    lostEvents: 0,
    failure: undefined,
    oldestUnfinishedAt: undefined,
    lastEnqueuedAt: undefined,
    evaluation: undefined,
    ...more,
  };
}

/** Every event from one time to another is evaluated, unless `more` says otherwise. */
export function evaluationOf(
  since: string,
  through: string,
  more: Partial<PartitionEvaluation> = {},
): PartitionEvaluation {
  return { since, through, openEvents: 0, open: [], lost: [], ...more };
}
