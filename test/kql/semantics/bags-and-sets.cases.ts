import { derived, printed, type CaseGroup } from "../semantics.ts";

/** Cases for property bags and for arrays as sets. */
export const BAGS_AND_SETS_CASES: readonly CaseGroup[] = [
  printed(
    "bag-zip",
    ["bag_zip(dynamic(['a', 'b', 'c']), dynamic([1, '2', 3.4]))", { a: 1, b: "2", c: 3.4 }],
    ["bag_zip(dynamic(['a', 'b', 'c']), dynamic([1, '2']))", { a: 1, b: "2", c: null }],
    ["bag_zip(dynamic(['a', 'b']), dynamic([1, '2', 2.5]))", { a: 1, b: "2" }],
    {
      query:
        "datatable(keys: dynamic, members: dynamic)[dynamic(['a', 8, 'b']), dynamic(1)] | project bag_zip(keys, members)",
      rows: [[{ a: null, b: null }]],
    },
  ),
  derived(
    "bag-zip",
    ["bag_zip(dynamic([]), dynamic([1]))", {}],
    ["bag_zip(dynamic([true, null, ['x'], 'b']), dynamic([1, 2, 3, 4]))", { b: 4 }],
  ),
  derived(
    "bag-has-key-function",
    ["bag_has_key(dynamic({'a': {'b': null}}), '$.a.b')", true],
    ["bag_has_key(dynamic({'a': {'b': null}}), '$.a.b.c')", false],
    ["bag_has_key(dynamic({'a': 1}), '$.toString')", false],
    [`bag_has_key(dynamic({'a': {'b.c': 1}}), "$['a']['b.c']")`, true],
    [`bag_has_key(dynamic({'a b': {'c': 1}}), '$["a b"].c')`, true],
    ["bag_has_key(dynamic({'a': [100]}), '$.a[0]')", false],
    ["bag_has_key(dynamic({'a.b': 1}), 'a.b')", true],
    [`bag_remove_keys(dynamic({'a': {'b c': 1, 'd': 2}}), dynamic(["$.a['b c']"]))`, { a: { d: 2 } }],
    [`bag_set_key(dynamic({'a': {'b.c': 1}}), "$.a['b.c']", 2)`, { a: { "b.c": 2 } }],
  ),
  // Kusto's pages do not say what null is here. As the empty set, rules find more: docs/decisions.md has the question.
  derived(
    "set-difference-function",
    ["set_difference(dynamic([1, 2, 1]), dynamic(null))", [1, 2]],
    ["set_difference(extract_all('([a-z])', 'ab'), extract_all('([a-z])', '[]'))", ["a", "b"]],
    ["set_union(dynamic(null), dynamic([1]), dynamic(null))", [1]],
    ["set_intersect(dynamic([1]), dynamic(null))", []],
    ["set_union(dynamic(null), dynamic(null))", []],
    {
      query: "datatable(a: dynamic)[dynamic('x'), dynamic({}), dynamic(1)] | project set_union(a, dynamic([1]))",
      rows: [[null], [null], [null]],
    },
    ["isnull(set_equals(dynamic(null), dynamic([])))", true],
  ),
];
