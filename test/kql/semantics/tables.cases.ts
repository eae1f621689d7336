import { derived, printed, type CaseGroup } from "../semantics.ts";

/** Cases for summarize, sort and union. */
export const TABLE_CASES: readonly CaseGroup[] = [
  derived(
    "sort-operator",
    { query: "datatable(x: long)[2, long(null), 3, 1] | sort by x", rows: [[3], [2], [1], [null]] },
    { query: "datatable(x: long)[2, long(null), 3, 1] | order by x asc", rows: [[null], [1], [2], [3]] },
    { query: "datatable(x: long)[2, long(null), 3] | sort by x asc nulls last", rows: [[2], [3], [null]] },
    {
      query: "datatable(x: long, y: long)[1, 1, 2, 5, 1, 2] | sort by x asc, y desc",
      rows: [
        [1, 2],
        [1, 1],
        [2, 5],
      ],
    },
    { query: "datatable(s: string)['b', 'B', 'a', ''] | sort by s asc", rows: [[""], ["B"], ["a"], ["b"]] },
  ),
  printed(
    "sort-operator",
    {
      query: "datatable(x: real)[real(null), real(nan), real(-inf), -5, 0, 5, real(+inf)] | sort by x asc nulls first",
      rows: [[null], ["NaN"], ["-Infinity"], [-5], [0], [5], ["Infinity"]],
    },
    {
      query: "datatable(x: real)[real(null), real(nan), real(-inf), -5, 0, 5, real(+inf)] | sort by x desc nulls last",
      rows: [["Infinity"], [5], [0], [-5], ["-Infinity"], ["NaN"], [null]],
    },
  ),
  printed(
    "summarize-operator",
    {
      query: "datatable(x:long)[] | summarize count(), countif(x > 0), dcount(x), dcountif(x, x > 0)",
      rows: [[0, 0, 0, 0]],
    },
    { query: "datatable(x:long)[] | summarize make_set(x), make_list(x)", rows: [[[], []]] },
    {
      query: "datatable(x:long)[] | summarize take_any(x), avg(x), max(x), min(x), sum(x), sumif(x, x > 0)",
      rows: [[null, "NaN", null, null, 0, 0]],
    },
    { query: "datatable(y: real)[real(null), 5, 5, 5] | summarize sum(y), avg(y)", rows: [[15, 5]] },
    { query: "datatable(y: real)[real(null), 5] | summarize make_set(y), make_set(y)", rows: [[[5], [5]]] },
    {
      query: `datatable(Val: int, Arr1: dynamic)[1, dynamic(['A1', 'A2', 'A3']), 5, dynamic(['A2', 'C1']), 7, dynamic(['C2', 'A3']), 5, dynamic(['C2', 'A1'])]
        | summarize Val_set=make_set(Val), Arr1_set=make_set(Arr1)`,
      rows: [
        [
          [1, 5, 7],
          ["A1", "A2", "A3", "C1", "C2"],
        ],
      ],
    },
    {
      query: `datatable(Fruit: string, Color: string, Version: int)["Apple", "Red", 1, "Apple", "Green", int(null), "Banana", "Yellow", int(null), "Banana", "Green", int(null), "Pear", "Brown", 1, "Pear", "Green", 2]
        | summarize arg_max(Version, *) by Fruit`,
      rows: [
        ["Apple", 1, "Red"],
        ["Banana", null, "Yellow"],
        ["Pear", 2, "Green"],
      ],
    },
    {
      query: `datatable(prop: string, value: string)["prop01", "val_a", "prop02", "val_b"] | extend p = bag_pack(prop, value) | summarize dict=make_bag(p)`,
      rows: [[{ prop01: "val_a", prop02: "val_b" }]],
    },
  ),
  derived(
    "summarize-operator",
    {
      query: "datatable(k: string, v: long)['a', 1, 'b', 2, 'a', 3] | summarize s = sum(v), c = count() by k",
      rows: [
        ["a", 4, 2],
        ["b", 2, 1],
      ],
    },
    { query: "datatable(k: string)[] | summarize count() by k", rows: [] },
    { query: "datatable(v: long)[1, 2] | summarize count() * 10", rows: [[20]] },
    {
      query: "datatable(v: long)[3, long(null), 1] | summarize min(v), max(v), dcount(v), count()",
      rows: [[1, 3, 2, 3]],
    },
    {
      query: "datatable(v: long)[1, 2, 3] | summarize make_list(v, 2), make_list_if(v, v > 1)",
      rows: [
        [
          [1, 2],
          [2, 3],
        ],
      ],
    },
    { query: "datatable(v: long)[1, long(null)] | summarize make_list_with_nulls(v)", rows: [[[1, null]]] },
    { query: "datatable(v: string)['', 'x'] | summarize take_any(v)", rows: [["x"]] },
    {
      query: "datatable(t: datetime)[datetime(2020-01-01 10:20)] | summarize count() by bin(t, 1h)",
      rows: [["2020-01-01T10:00:00.0000000Z", 1]],
    },
    { query: "datatable(a: long, b: string)[1, 'x', 5, 'y'] | summarize arg_min(a, b)", rows: [[1, "x"]] },
    { query: "datatable(a: string)['x', 'X', 'x'] | distinct a", rows: [["x"], ["X"]] },
    { query: "datatable(a: string)['x', 'X', 'x'] | distinct tolower(a)", rows: [["x"]] },
  ),
  printed(
    "union-operator",
    {
      query:
        "let View_1 = view () { print x=1 }; let View_2 = view () { print x=toint(2) }; union withsource=TableName View_1, View_2",
      rows: [
        ["View_1", 1, null],
        ["View_2", null, 2],
      ],
    },
    {
      query: "let View_1 = view () { print x=1 }; let View_2 = view () { print x=1 }; union View_1, View_2 | count",
      rows: [[2]],
    },
  ),
  derived(
    "as-operator",
    {
      query: "print x=1 | as T1 | union withsource=TableName (print x=2 | as T2)",
      rows: [
        ["T1", 1],
        ["T2", 2],
      ],
    },
    {
      query: "union withsource=TableName (print x=1 | as T1 | where x > 0), (print x=2 | as ['a table']), (print x=3)",
      rows: [
        ["T1", 1],
        ["a table", 2],
        ["union_arg2", 3],
      ],
    },
    {
      query: "print x=1 | as T1 | extend x=2 | union withsource=TableName (T1 | where x > 0), T1",
      rows: [
        ["T1", 2],
        ["T1", 1],
        ["T1", 1],
      ],
    },
    {
      query:
        "let V = view () { print x=1 }; let W = view () { print x=2 }; union withsource=S V, (W | where x > 1), (W | as Z)",
      rows: [
        ["V", 1],
        ["W", 2],
        ["Z", 2],
      ],
    },
  ),
  derived(
    "union-operator",
    {
      query: "let A = print a=1, b='x'; let B = print b='y', c=2; union A, B",
      rows: [
        [1, "x", null],
        [null, "y", 2],
      ],
    },
    { query: "let A = print a=1, b='x'; let B = print b='y', c=2; union kind=inner A, B", rows: [["x"], ["y"]] },
    { query: "let A = print a=1; A | union (print a=2), (print a=3)", rows: [[1], [2], [3]] },
  ),
];
