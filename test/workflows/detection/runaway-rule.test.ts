import { describe, expect, test } from "vitest";
import { readyRule } from "../../../src/core/incident/ready-rule.ts";
import { detectBatch } from "../../../src/workflows/detection/detect-batch.ts";
import { planOf } from "../../kql/query.ts";
import { eventBody, POSITION, settingsChange } from "../../samples.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../../shipped-rule.ts";
import { memoryStores } from "../memory-stores.ts";

const OTHER_ID = "11111111-2222-4333-8444-555555555555";

/** Each would take minutes on a record of 684 KB. */
describe("a rule that would run for minutes on a record is stopped, and holds up nothing", () => {
  test.each([
    `AuditLogs | mv-expand a = AdditionalDetails | mv-expand b = AdditionalDetails
      | where tostring(TargetResources) has strcat(tostring(a), tostring(b))`,
    "AuditLogs | mv-expand a = AdditionalDetails | mv-expand b = AdditionalDetails | mv-expand c = AdditionalDetails | where tostring(c) == 'none'",
  ])("%s", async (query) => {
    const runaway = readyRule({ ...CHANGES_TO_PIM_SETTINGS, id: OTHER_ID, name: "Runaway", plan: planOf(query) });
    const { deps, letters, stored } = memoryStores();
    const large = settingsChange(
      { other: "x".repeat(500_000) },
      {
        additionalDetails: Array.from({ length: 300 }, (_, index) => index),
        targetResources: [{ type: "Role", displayName: "x".repeat(184_000) }],
      },
    );

    const body = eventBody(large, settingsChange({}, { id: "PIM_2" }));
    const { figures } = await detectBatch([{ body, position: POSITION }], {
      ...deps,
      rules: [runaway, readyRule(CHANGES_TO_PIM_SETTINGS)],
    });

    // the findings of the other rule in this record are stored, and so are later records
    expect(figures).toMatchObject({ received: 2, deadLettered: 1, matched: 1, stored: 2 });
    expect(stored().map(({ row }) => row["RuleId"])).toEqual([CHANGES_TO_PIM_SETTINGS.id, CHANGES_TO_PIM_SETTINGS.id]);
    expect(letters.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(
        /^rule 11111111-2222-4333-8444-555555555555 \("Runaway"\): stopped at the limit of \d+ (units of work|rows) for one record$/,
      ),
    ]);
  });
});
