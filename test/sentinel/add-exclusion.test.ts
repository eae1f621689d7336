import { expect, test } from "vitest";
import { exclusionYaml, withExclusion } from "../../src/sentinel/overlay/add-exclusion.ts";

const exclusion = { condition: 'Actor == "a: #1"', because: '2 incidents: "all" benign' };
const ENTRY = `  - when: 'Actor == "a: #1"'\n    because: '2 incidents: "all" benign'\n`;

test("without an overlay it makes one, with the schema for editors", () => {
  expect(exclusionYaml(exclusion)).toBe(`exclude:\n${ENTRY}`);
  expect(withExclusion(undefined, exclusion)).toBe(
    `# yaml-language-server: $schema=../overlay.schema.json\nexclude:\n${ENTRY}`,
  );
});

test.each([
  {
    what: "no exclusions yet",
    text: "# why\nseverity: Low # ours\n",
    edited: `# why\nseverity: Low # ours\nexclude:\n${ENTRY}`,
  },
  { what: "no line feed at the end", text: "severity: Low", edited: `severity: Low\nexclude:\n${ENTRY}` },
  { what: "comments alone", text: "# nothing yet\n", edited: `# nothing yet\nexclude:\n${ENTRY}` },
  {
    what: "comments and keys around the list",
    text: "exclude:\n  # first\n  - A == 1 # one\n  # last\n\n# then\ntitle: T\n",
    edited: `exclude:\n  # first\n  - A == 1 # one\n${ENTRY}  # last\n\n# then\ntitle: T\n`,
  },
  {
    what: "entries with reasons, not indented",
    text: "exclude:\n- when: A == 1\n  because: |\n    two\n    lines\ntitle: T\n",
    edited: `exclude:\n- when: A == 1\n  because: |\n    two\n    lines\n${ENTRY.replaceAll(/^ {2}/gm, "")}title: T\n`,
  },
  { what: "the last line without a line feed", text: "exclude:\n  - A == 1", edited: `exclude:\n  - A == 1\n${ENTRY}` },
  {
    what: "values in the flow style",
    text: "variables: { Allowed: [a,  b] } # replaced\nexclude:\n  - A == 1\n",
    edited: `variables: { Allowed: [a,  b] } # replaced\nexclude:\n  - A == 1\n${ENTRY}`,
  },
])("$what: everything else stays as it was written", ({ text, edited }) => {
  expect(withExclusion({ name: "overlay.yaml", text }, exclusion)).toBe(edited);
});

test.each([
  {
    what: "the same condition, with another reason",
    text: `exclude:\n  - when: 'Actor == "a: #1"'\n    because: mine\n`,
  },
  { what: "a list on one line", text: "exclude: [A == 1]\n" },
  { what: "an overlay on one line", text: "{ severity: Low }\n" },
  { what: "a list that is empty", text: "exclude:\n" },
  { what: "an overlay with an error", text: "severity: Loud\n" },
])("$what: a person must decide", ({ text }) => {
  expect(withExclusion({ name: "overlay.yaml", text }, exclusion)).toBeUndefined();
});
