import fc from "fast-check";
import { expect, test } from "vitest";
import { CSV_COLUMNS, csvCell, incidentCsv } from "../../../src/core/triage/incident-csv.ts";
import { storedIncident } from "../../stored-incident.ts";

test("a line for each incident, after the names of the columns", () => {
  const text = incidentCsv([storedIncident().row]);
  const [head, line, end] = text.split("\r\n");
  expect(head).toBe(`\uFEFF${CSV_COLUMNS.map((name) => `"${name}"`).join(",")}`);
  expect(line).toContain('"alex.rivera@fabrikam.example"');
  expect(line?.split('","')).toHaveLength(CSV_COLUMNS.length);
  expect(end).toBe("");
});

test.each([
  ["=1+1", `"'=1+1"`],
  ["+49", `"'+49"`],
  ["-1", `"'-1"`],
  ["@SUM(A1)", `"'@SUM(A1)"`],
  ["\t=1", `"'\t=1"`],
  ["\r=1", `"'\r=1"`],
  ["  =cmd|' /C calc'!A0", `"'  =cmd|' /C calc'!A0"`],
  ["＝1", `"'＝1"`],
  ['a"b', '"a""b"'],
  ["a,b;c\nd", '"a,b;c\nd"'],
  ["plain", '"plain"'],
])("%j becomes %s", (value, cell) => {
  expect(csvCell(value)).toBe(cell);
});

test("no text begins a formula or ends its cell", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const content = csvCell(text).slice(1, -1);
      expect(content).not.toMatch(/^\s*[=+\-@]/);
      expect(content.replaceAll('""', "")).not.toContain('"');
    }),
  );
});
