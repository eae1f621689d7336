import { expect, test } from "vitest";
import { placeIn } from "../../mutants/code-place.ts";

const PROGRAM = `
export const LIMIT = 5;
app.timer("outbox-timer", { handler: () => sweep() });
export function store(client) {
  let known = 0;
  async function find(key) { return client.get(key); }
  return {
    async known() { return known; },
    find: (key) => find(key),
  };
}
class Pause { begin() { return 1; } }
`;
const BICEP = `param name string

@description('a text')
resource hub 'Microsoft.EventHub/namespaces@2026-01-01' = {
  name: name
}

resource group 'x@1' = if (!empty(name)) {
  name: 'group'
}
`;
const JSON_FILE = `{
  "name": "pimwatch",
  "scripts": {
    "test": "vitest run"
  },
  "private": true
}
`;

test.each([
  ["a.ts", PROGRAM, "LIMIT", "LIMIT = 5"],
  ["a.ts", PROGRAM, "outbox-timer", 'app.timer("outbox-timer", { handler: () => sweep() });'],
  ["a.ts", PROGRAM, "known", "async known() { return known; }"],
  ["a.tsx", PROGRAM, "begin", "begin() { return 1; }"],
  ["a.ts", PROGRAM, "Pause", "class Pause { begin() { return 1; } }"],
  ["a.bicep", BICEP, "name", "param name string\n\n"],
  ["a.bicep", BICEP, "hub", "resource hub 'Microsoft.EventHub/namespaces@2026-01-01' = {\n  name: name\n}\n\n"],
  ["a.bicep", BICEP, "group", "resource group 'x@1' = if (!empty(name)) {\n  name: 'group'\n}\n"],
  ["a.json", JSON_FILE, "scripts", '  "scripts": {\n    "test": "vitest run"\n  },\n'],
])("the place of a name in %s", (file, source, name, expected) => {
  const { start, end } = placeIn(file, source, name);
  expect(source.slice(start, end)).toBe(expected);
});

test.each([
  ["a.ts", PROGRAM, "lost", "a.ts: nothing is called lost"],
  ["a.ts", PROGRAM, "find", "a.ts: find may be store.find or store.find: write more of it"],
  ["a.ts", "const = 1", "x", "a.ts cannot be parsed"],
  ["a.bicep", BICEP, "description", "a.bicep: nothing is called description"],
  ["a.md", "# text", "text", "a.md: only .ts, .tsx, .bicep and .json files have places"],
])("an unknown or ambiguous name in %s is refused", (file, source, name, problem) => {
  expect(() => placeIn(file, source, name)).toThrow(problem);
});
