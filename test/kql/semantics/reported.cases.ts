import { derived, printed, type CaseGroup } from "../semantics.ts";

/** Results that once differed from Kusto's documentation. Each stands for a kind of fault; the other files have more of each. */
export const REPORTED_CASES: readonly CaseGroup[] = [
  derived("comment", ["// five\n int(5)", 5], ["2 in (1, // one\n int(2))", true]),
  printed("in-cs-operator", ["2 in (dynamic([1,[2,3]]))", true]),
  printed(
    "replace-strings-function",
    [
      `replace_strings("A magic trick can turn a cat into a dog", dynamic(['cat', 'dog']), dynamic(['dog', 'pigeon']))`,
      "A magic trick can turn a dog into a pigeon",
    ],
    [
      `replace_strings("This is an example of using replace_strings()", dynamic(['This', 'is']), dynamic(['This', 'was']))`,
      "This was an example of using replace_strings()",
    ],
    [
      `replace_strings("This is an example of using replace_strings()", dynamic(['This', 'is']), dynamic([12345, 'was']))`,
      "This was an example of using replace_strings()",
    ],
  ),
  printed("bag-zip", ["bag_zip(dynamic(['a', 8, 'b']), dynamic([1, '2', 2.5]))", { a: 1, b: 2.5 }], {
    query: `datatable(keys: dynamic, members: dynamic)[dynamic('a'), dynamic([1, '2', 2.5])] | project isnull(bag_zip(keys, members))`,
    rows: [[true]],
  }),
  printed("bag-has-key-function", [
    "bag_has_key(dynamic({'key1': 123, 'key2': {'prop1': 'abc', 'prop2': 'xyz'}, 'key3': [100, 200]}), '$.key2.prop1')",
    true,
  ]),
  printed("format-ipv4-function", ["format_ipv4('192.168.1.1/24', 32)", "192.168.1.0"]),
  printed("format-ipv4-mask-function", ["format_ipv4_mask('192.168.1.1/24', 32)", "192.168.1.0/24"]),
  printed("todatetime-function", ["todatetime('12-02-2022') == datetime('12-02-2022')", true]),
  derived(
    "week-of-year-function",
    ["week_of_year(todatetime('0001-01-01'))", 1],
    ["dayofyear(todatetime('0050-06-01'))", 152],
  ),
];
