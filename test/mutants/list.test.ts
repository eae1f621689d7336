import { expect, test } from "vitest";
import { reasonsFor } from "../../simulation/not-simulated.ts";
import { mutate, mutateAll } from "../../mutants/mutate.ts";
import { readMutations } from "../../mutants/mutation-list.ts";
import { promisesOf } from "../../mutants/promises.ts";

const mutations = readMutations(".");

test("every mutation applies exactly once to the current code, and names existing tests", () => {
  expect(mutateAll(".", mutations).size).toBe(mutations.length);
});

test("each threat in SECURITY.md and each invariant in ARCHITECTURE.md has a mutation that breaks it", () => {
  const broken = new Set(mutations.flatMap(({ breaks }) => breaks));
  const promises = promisesOf(".");
  expect(promises.length).toBeGreaterThan(40);
  expect(promises.filter((promise) => !broken.has(promise))).toEqual([]);
  expect([...broken].filter((promise) => /^[STRIDE]: /.test(promise) && !promises.includes(promise))).toEqual([]);
});

test("an equivalent mutation needs a reason", () => {
  const reasons = mutations.flatMap(({ equivalent }) => equivalent ?? []);
  expect(reasons.filter((reason) => reason.split(" ").length < 6)).toEqual([]);
});

test("a mutation that no simulated world can find has a reason, and is in the list", () => {
  expect(reasonsFor(".", mutations).size).toBeGreaterThan(10);
  expect(() => reasonsFor(".", [])).toThrow(/^simulation\/not-simulated\.yaml: mutants\/list\/ has no /);
});

const MUTATION = {
  id: "a-fault",
  list: "list.yaml",
  file: "a.ts",
  in: "store",
  find: "await put(row);",
  replace: "put(row);",
};
const SOURCE = `async function store(row) {
  await put(row);
}
async function other(row) {
  await put(row);
}
`;

test("a mutation changes its text within its function, and reports the line", () => {
  expect(mutate(SOURCE, MUTATION)).toEqual({ source: SOURCE.replace("await put", "put"), line: 2 });
  const { source, line } = mutate(SOURCE, { ...MUTATION, in: "other" });
  expect([source.indexOf("  put(row)"), line]).toEqual([SOURCE.lastIndexOf("  await put(row)"), 5]);
});

test.each([
  [{ find: "await get(row);" }, "store of a.ts holds the text 0 times, not once: await get(row);"],
  [{ find: "row" }, "store of a.ts holds the text 2 times, not once: row"],
  [{ in: "gone" }, "a.ts: nothing is called gone"],
  [{ replace: "await put(row);" }, "list.yaml: a-fault: find and replace are the same"],
  [{ replace: "await put(;" }, "a.ts cannot be parsed"],
])("a mutation that no longer follows the code is refused: %j", (change, problem) => {
  expect(() => mutate(SOURCE, { ...MUTATION, ...change })).toThrow(problem);
});
