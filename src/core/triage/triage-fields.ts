/*
 * What an analyst sets on an incident, for the API that checks it and the page that offers it. The page must stay small, so
 * nothing here loads the library that checks requests.
 */

/** The columns that a change may change. */
export const TRIAGE_FIELDS = ["Status", "Owner", "Classification"] as const;
export type TriageField = (typeof TRIAGE_FIELDS)[number];

/** Sentinel's words for what a closed incident was. */
export const CLASSIFICATIONS = ["TruePositive", "BenignPositive", "FalsePositive", "Undetermined"] as const;

export const MAX_OWNER = 200;
export const MAX_COMMENT = 2_000;
