import { describe, expect, test } from "vitest";
import { chance } from "../../../local/samples/chance.ts";
import { withFieldsAsText } from "../../../local/samples/written-event.ts";
import { isRecord } from "../../../src/core/event/event-body.ts";
import { shapedRecord } from "../../../src/core/event/record-shape.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { settingsChange } from "../../samples.ts";

const record = settingsChange();
const { properties } = record;
if (!isRecord(properties)) throw new Error("the sample has properties");

test("a record as exports have it is not copied", () => {
  expect(shapedRecord(record).record).toBe(record);
});

test("whichever fields are JSON text, and in text again, the record is the same", () => {
  let changed = 0;
  for (let seed = 0; seed < 200; seed += 1) {
    const written = withFieldsAsText(record, chance(`shape ${seed}`));
    if (!isRecord(written)) throw new Error("still a record");
    changed += written["properties"] === properties ? 0 : 1;
    expect(shapedRecord(written)).toEqual({ record });
  }
  expect(changed).toBeGreaterThan(100);
});

test("whole numbers in JSON text keep their digits", () => {
  const written = settingsChange({}, { additionalDetails: '[{"key":"n","value":9007199254740993}]' });
  expect(shapedRecord(written).record["properties"]).toMatchObject({
    additionalDetails: [{ key: "n", value: 9_007_199_254_740_993n }],
  });
});

describe("what cannot be read is named, and stays as it is", () => {
  const text = JSON.stringify(properties);
  test.each<{ what: string; given: Json; reason: string; isCut: boolean }>([
    {
      what: "cut text",
      given: text.slice(0, -20),
      reason: '"properties" is JSON text that is cut off or damaged',
      isCut: true,
    },
    { what: "an array", given: [properties], reason: '"properties" is an array', isCut: false },
    {
      what: "the text of an array",
      given: `[${text}]`,
      reason: '"properties" is text that is not a JSON object',
      isCut: false,
    },
    { what: "other text", given: "gone", reason: '"properties" is text that is not a JSON object', isCut: false },
    { what: "null", given: null, reason: '"properties" is null', isCut: false },
    { what: "a number", given: 5, reason: '"properties" is a number', isCut: false },
  ])("properties: $what", ({ given, reason, isCut }) => {
    const odd = settingsChange({ properties: given });
    expect(shapedRecord(odd)).toEqual({ record: odd, problem: { reason, isCut } });
  });

  test("no properties", () => {
    const { properties: _, ...rest } = record;
    expect(shapedRecord(rest)).toEqual({ record: rest, problem: { reason: '"properties" is missing', isCut: false } });
  });

  test.each(["initiatedBy", "targetResources", "additionalDetails"])(
    "cut text in %s; the fields beside it are read",
    (name) => {
      const other = name === "initiatedBy" ? "targetResources" : "initiatedBy";
      const odd = settingsChange({}, { [name]: '{"user":{"id"', [other]: JSON.stringify(properties[other]) });
      expect(shapedRecord(odd)).toEqual({
        record: settingsChange({}, { [name]: '{"user":{"id"' }),
        problem: { reason: `"${name}" is JSON text that is cut off or damaged`, isCut: true },
      });
    },
  );

  test("cut text in the modified properties of a target", () => {
    const odd = settingsChange({}, { targetResources: [{ id: "t", modifiedProperties: "[{" }] });
    expect(shapedRecord(odd)).toEqual({
      record: odd,
      problem: { reason: '"modifiedProperties" is JSON text that is cut off or damaged', isCut: true },
    });
  });
});

test("text that does not begin as JSON does is a value like any other", () => {
  const odd = settingsChange({}, { initiatedBy: "Alex Rivera" });
  expect(shapedRecord(odd)).toEqual({ record: odd });
});
