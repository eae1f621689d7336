import fc from "fast-check";
import { expect, test } from "vitest";
import { targetChanges } from "../../../src/core/triage/target-changes.ts";

/** The changes of one property with these values. */
function changesOf(oldValue: unknown, newValue: unknown) {
  const modifiedProperties = [{ displayName: "P", oldValue, newValue }];
  const [target] = targetChanges({}, recordOf([{ type: "Policy", displayName: "x", id: "1", modifiedProperties }]));
  return target;
}

function recordOf(targetResources: unknown): string {
  return JSON.stringify({ properties: { targetResources } });
}

const change = (name: string, before: string[], after: string[], kept = 0) => ({ name, before, after, kept });

test.each([
  { why: "a quoted text", from: '"a"', to: '"b"', shown: [change("P", ["a"], ["b"])] },
  { why: "a text that only looks like JSON", from: "[cut", to: '{"cut', shown: [change("P", ["[cut"], ['{"cut'])] },
  { why: "a text that is no JSON", from: "True", to: "False", shown: [change("P", ["True"], ["False"])] },
  { why: "JSON within JSON", from: null, to: '"[\\"a\\"]"', shown: [change("P", [], ["a"])] },
  { why: "nothing to an empty text", from: null, to: '""', shown: [change("P", [], [""])] },
  { why: "a list", from: '["a","b","b"]', to: '["b","c"]', shown: [change("P", ["a", "b"], ["c"], 1)] },
  { why: "a list in another order", from: '["a","b"]', to: '["b","a"]', shown: [change("P", [], [], 2)] },
  { why: "a list to nothing", from: '["a"]', to: null, shown: [change("P", ["a"], [])] },
  { why: "nothing to an empty list", from: null, to: "[]", shown: [] },
  { why: "an empty object", from: null, to: "{}", shown: [change("P", [], ["{}"])] },
  { why: "keys in another order", from: '{"a":1,"b":2}', to: '{"b":2,"a":1}', shown: [] },
  { why: "a value that is no text", from: 1, to: true, shown: [change("P", ["1"], ["true"])] },
  { why: "a new object", from: null, to: '{"a":{"b":1}}', shown: [change("P › a › b", [], ["1"])] },
  { why: "an object for a text", from: '"a"', to: '{"b":1}', shown: [change("P", ["a"], ['{"b":1}'])] },
  {
    why: "a whole number that a double cannot hold",
    from: '{"n":9007199254740993}',
    to: '{"n":9007199254740995}',
    shown: [change("P › n", ["9007199254740993"], ["9007199254740995"])],
  },
  {
    why: "a key that every object inherits",
    from: '{"__proto__":{"a":1}}',
    to: '{"constructor":2}',
    shown: [change("P › __proto__ › a", ["1"], []), change("P › constructor", [], ["2"])],
  },
])("$why", ({ from, to, shown }) => {
  expect(changesOf(from, to)?.changes).toEqual(shown);
});

test("a property whose value stayed is listed apart", () => {
  expect(changesOf('"User"', '"User"')).toMatchObject({
    changes: [],
    unchanged: [{ name: "P", values: ["User"] }],
  });
});

test("every target is shown, also one without properties, and lists written as JSON text are read", () => {
  const targets = JSON.stringify([
    { type: "User", userPrincipalName: "kim@fabrikam.example", id: "1" },
    { type: "Role", modifiedProperties: JSON.stringify([{ newValue: "x" }]) },
    "no target",
  ]);
  expect(targetChanges({}, recordOf(targets))).toMatchObject([
    { type: "User", name: "kim@fabrikam.example", changes: [] },
    { type: "Role", name: "", changes: [{ name: "unnamed property", after: ["x"] }] },
  ]);
});

test("of a record that was cut, the row's own targets are shown", () => {
  const row = { TargetResources: [{ type: "Application", displayName: "billing" }] };
  expect(targetChanges(row, '{"properties":{"targ')).toMatchObject([{ name: "billing" }]);
  expect(targetChanges({}, "")).toEqual([]);
});

test("of very many changes the first hundred are shown and the others counted", () => {
  const values = JSON.stringify(Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`k${index}`, index])));
  const target = changesOf(null, values);
  expect([target?.changes.length, target?.others]).toEqual([100, 30]);
});

test("any record is read, however deep", () => {
  const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
  expect(changesOf("{}", deep)?.changes).toHaveLength(1);
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.string(), (from, to, record) => {
      targetChanges({}, record);
      targetChanges({}, recordOf(from));
      const target = changesOf(JSON.stringify(from), to);
      for (const { before, after, kept } of target?.changes ?? [])
        expect(before.length + after.length + kept).toBeGreaterThan(0);
    }),
  );
});
