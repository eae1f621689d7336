import { derived, printed, type CaseGroup } from "../semantics.ts";

const ONE_ROW = `datatable(a: int, b: dynamic)[1, dynamic({"prop1": "a1", "prop2": "b1"})]`;

/** Cases for the other query operators. */
export const OPERATOR_CASES: readonly CaseGroup[] = [
  printed(
    "mv-expand-operator",
    {
      query: "datatable(a: int, b: dynamic)[1, dynamic([10, 20]), 2, dynamic(['a', 'b'])] | mv-expand b",
      rows: [
        [1, 10],
        [1, 20],
        [2, "a"],
        [2, "b"],
      ],
    },
    {
      query: `${ONE_ROW} | mv-expand b`,
      rows: [
        [1, { prop1: "a1" }],
        [1, { prop2: "b1" }],
      ],
    },
    {
      query: `${ONE_ROW} | mv-expand kind=array b | extend key = b[0], val = b[1]`,
      rows: [
        [1, ["prop1", "a1"], "prop1", "a1"],
        [1, ["prop2", "b1"], "prop2", "b1"],
      ],
    },
    {
      query: `datatable(a: int, b: dynamic, c: dynamic)[1, dynamic({"prop1": "a", "prop2": "b"}), dynamic([5, 4, 3])] | mv-expand b, c`,
      rows: [
        [1, { prop1: "a" }, 5],
        [1, { prop2: "b" }, 4],
        [1, null, 3],
      ],
    },
    {
      query: `datatable(a: int, b: dynamic, c: dynamic)[1, dynamic({"prop1": "a", "prop2": "b"}), dynamic([5, 6])] | mv-expand b | mv-expand c`,
      rows: [
        [1, { prop1: "a" }, 5],
        [1, { prop1: "a" }, 6],
        [1, { prop2: "b" }, 5],
        [1, { prop2: "b" }, 6],
      ],
    },
    {
      query: "print x = dynamic([1, 2, 3, 4]) | mv-expand with_itemindex=Index x",
      rows: [
        [1, 0],
        [2, 1],
        [3, 2],
        [4, 3],
      ],
    },
  ),
  derived(
    "mv-expand-operator",
    { query: "print x = dynamic(null) | mv-expand x", rows: [[null]] },
    { query: "print x = dynamic([]) | mv-expand x", rows: [] },
    { query: "print x = dynamic({}) | mv-expand x", rows: [] },
    { query: "print x = dynamic([[], null]) | mv-expand x", rows: [[[]], [null]] },
    { query: "print x = dynamic([1, 'a', 2.5]) | mv-expand x to typeof(long)", rows: [[1], [null], [2]] },
    { query: "print x = dynamic(['true', true]) | mv-expand x to typeof(bool)", rows: [[null], [true]] },
    { query: "print x = dynamic([1, 2, 3]) | mv-expand x limit 2", rows: [[1], [2]] },
    { query: "print x = dynamic([7]), i = 5 | mv-expand with_itemindex=i x", rows: [[7, 5, 0]] },
    {
      query: "print x = dynamic([1, 2]), y = dynamic([]) | mv-expand x, y",
      rows: [
        [1, null],
        [2, null],
      ],
    },
    {
      query: "print x = dynamic([1, 2]) | mv-expand y = x",
      rows: [
        [[1, 2], 1],
        [[1, 2], 2],
      ],
    },
    {
      query: `print x = dynamic({"a": [1, 2]}) | mv-expand x.a | project x_a`,
      rows: [[1], [2]],
    },
    {
      query: `print x = dynamic([{"a": [1]}]) | mv-expand x[0].a | project x_0_a`,
      rows: [[1]],
    },
  ),
  printed(
    "mv-apply-operator",
    {
      query:
        "datatable(index: int, Arr: dynamic)[0, dynamic([7]), 1, dynamic([6, 11, 7])] | mv-apply Arr2=Arr to typeof(long) on (take 100)",
      rows: [
        [0, [7], 7],
        [1, [6, 11, 7], 6],
        [1, [6, 11, 7], 11],
        [1, [6, 11, 7], 7],
      ],
    },
    {
      query:
        "datatable(index: int, Arr: dynamic)[0, dynamic([1, 5, 3]), 1, dynamic([10, 2, 5, 7])] | mv-apply topElem=Arr to typeof(long) on (top 1 by topElem)",
      rows: [
        [0, [1, 5, 3], 5],
        [1, [10, 2, 5, 7], 10],
      ],
    },
    {
      query:
        "datatable(index: int, Arr: dynamic)[0, dynamic([5, 1, 3]), 1, dynamic([4, 10, 8, 7])] | mv-apply Arr2=Arr to typeof(long) on (top 2 by Arr2 | summarize Top2=make_list(Arr2))",
      rows: [
        [0, [5, 1, 3], [5, 3]],
        [1, [4, 10, 8, 7], [10, 8]],
      ],
    },
    {
      query: `datatable(Val: int, Arr1: dynamic, Arr2: dynamic)[1, dynamic(['A1', 'A2', 'A3']), dynamic([10, 30, 7])]
        | mv-apply NewArr1=Arr1, NewArr2=Arr2 to typeof(long) on (top 2 by NewArr2 | summarize NewArr1=make_list(NewArr1), NewArr2=make_list(NewArr2))`,
      rows: [[1, ["A1", "A2", "A3"], [10, 30, 7], ["A2", "A1"], [30, 10]]],
    },
    {
      query: `datatable(row: int, Arr: dynamic)[0, dynamic([5, 1, 3]), 1, dynamic([4, 10, 8, 7])]
        | mv-apply with_itemindex=index value=Arr to typeof(long) on (where index >= 2)`,
      rows: [
        [0, [5, 1, 3], 3, 2],
        [1, [4, 10, 8, 7], 8, 2],
        [1, [4, 10, 8, 7], 7, 3],
      ],
    },
    {
      query: `datatable(Val: int, Arr1: dynamic, Arr2: dynamic)[1, dynamic(['A1', 'A2']), dynamic(['B1', 'B2', 'B3']), 5, dynamic(['C1', 'C2']), dynamic(['D1'])]
        | mv-apply T1=Arr1, T2=Arr2 on (extend Out = strcat(T1, "_", T2) | summarize Out = make_list(Out))`,
      rows: [
        [1, ["A1", "A2"], ["B1", "B2", "B3"], ["A1_B1", "A2_B2", "_B3"]],
        [5, ["C1", "C2"], ["D1"], ["C1_D1", "C2_"]],
      ],
    },
    {
      query: `datatable(Source: string, Target: string, Count: long)['555-1234', '555-1212', 46]
        | extend Pack = pack_all()
        | mv-apply removeProperties = Pack on (mv-expand kind = array Pack | where Pack[1] !startswith "555" | summarize propsToRemove = make_set(Pack[0]))
        | extend values = bag_remove_keys(Pack, propsToRemove) | project-away propsToRemove | project values`,
      rows: [[{ Source: "555-1234", Target: "555-1212" }]],
    },
  ),
  derived(
    "mv-apply-operator",
    { query: "print x = dynamic([]) | mv-apply y = x on (extend z = 1)", rows: [] },
    { query: "print x = dynamic([]) | mv-apply y = x on (summarize c = count())", rows: [] },
    { query: "print x = dynamic(null) | mv-apply y = x on (where isnull(y) | extend z = 1) | project z", rows: [[1]] },
    { query: "print x = dynamic([3, 1]) | mv-apply x to typeof(long) on (order by x asc)", rows: [[1], [3]] },
    {
      query: "print a = 1, x = dynamic([3, 1]) | mv-apply y = x to typeof(long) on (count) | project a, Count",
      rows: [[1, 2]],
    },
    {
      query: "print x = dynamic([1, 2]) | mv-apply y = x on (extend x = 'new') | project x, y",
      rows: [
        ["new", 1],
        ["new", 2],
      ],
    },
    {
      query:
        "print x = dynamic([[1, 2], [3]]) | mv-apply y = x on (mv-apply z = y to typeof(long) on (summarize s = sum(z))) | project s",
      rows: [[3], [3]],
    },
  ),
  printed(
    "project-reorder-operator",
    { query: "print a='a', b='b', c='c' | project-reorder b", rows: [["b", "a", "c"]] },
    { query: "print b = 'b', a2='a2', a3='a3', a1='a1' | project-reorder a* asc", rows: [["a1", "a2", "a3", "b"]] },
  ),
  derived(
    "project-reorder-operator",
    { query: "print a1=1, b=2, a20=3, a100=4 | project-reorder a* desc", rows: [[3, 4, 1, 2]] },
    { query: "print a20=3, a100=4, a1=1 | project-reorder a* granny-asc", rows: [[1, 3, 4]] },
    { query: "print a=1, b=2, c=3 | project-reorder c, *", rows: [[3, 1, 2]] },
  ),
  derived(
    "extend-operator",
    { query: "print a=1, b=2 | extend a = 5", rows: [[2, 5]] },
    { query: "print a=1 | extend a = a + 1, c = a", rows: [[2, 1]] },
  ),
  derived(
    "project-away-operator",
    { query: "print a=1, ab=2, c=3 | project-away a*", rows: [[3]] },
    { query: "print a=1, ab=2, c=3 | project-keep a*", rows: [[1, 2]] },
    { query: "print a=1, b=2 | project-rename c=a", rows: [[1, 2]] },
    { query: "print a=1, b=2 | project b, x = a", rows: [[2, 1]] },
  ),
  derived(
    "let-statement",
    { query: "let f = (a: long, b: long = 5) { a + b }; print f(1), f(1, 1)", rows: [[6, 2]] },
    { query: "let f = (a: long) { let b = a * 2; b + 1 }; print f(3)", rows: [[7]] },
    { query: "let x = 1; let y = x + 1; print y", rows: [[2]] },
    {
      query: "let f = (s: string) { strcat(s, s) }; print d = dynamic({'a': 'x'}) | project f(tostring(d.a))",
      rows: [["xx"]],
    },
    { query: "let f = (n: real) { n / 2 }; print f(5)", rows: [[2.5]] },
    {
      query: "let T = datatable(x: long)[1, 2, 3]; let f = (T: (x: long), v: long) { T | where x >= v }; f(T, 2)",
      rows: [[2], [3]],
    },
    { query: "let l = dynamic(['a', 'b']); print 'a' in (l), 'c' in (l)", rows: [[true, false]] },
    { query: "let l = datatable(x: string)['a', 'b']; print 'a' in (l), 'c' in (l)", rows: [[true, false]] },
  ),
  printed("bag-unpack-plugin", {
    query: `datatable(d: dynamic, Description: string)[
          dynamic({"Name": "John", "Age": 20, "height": 180}), "Student",
          dynamic({"Name": "Dave", "Age": 40, "height": 160}), "Teacher",
        ] | evaluate bag_unpack(d) : (*, Name: string, Age: long)`,
    rows: [
      ["Student", "John", 20],
      ["Teacher", "Dave", 40],
    ],
  }),
  derived(
    "bag-unpack-plugin",
    {
      query: `datatable(d: dynamic, a: string)[dynamic({"Name": "John", "Age": 20}), "x"]
        | evaluate bag_unpack(d, "p_") : (a: string, p_Age: long, d: dynamic)`,
      rows: [["x", 20, null]],
    },
    {
      query: `datatable(Name: string, d: dynamic)["old", dynamic({"Name": "John"})]
        | evaluate bag_unpack(d, columnsConflict='replace_source') : (*, Name: string)`,
      rows: [["John"]],
    },
    {
      query: `datatable(Name: string, d: dynamic)["old", dynamic({"Name": "John"})]
        | evaluate bag_unpack(d, columnsConflict='keep_source') : (*, Name: string)`,
      rows: [["old"]],
    },
    {
      query: `print d = dynamic({"a": 1, "b": 2}) | evaluate bag_unpack(d, '', 'error', dynamic(['a'])) : (a: long, b: long)`,
      rows: [[null, 2]],
    },
    {
      query: `print d = dynamic({"a": 1, "b": 2}) | evaluate bag_unpack(d, ignoredProperties=dynamic(['a'])) : (a: long, b: long)`,
      rows: [[null, 2]],
    },
    { query: "print d = dynamic(null) | evaluate bag_unpack(d) : (a: string, b: long)", rows: [["", null]] },
  ),
  derived(
    "mv-expand-operator",
    {
      query: "print x = range(1, 200) | mvexpand x | extend n = 1 | as T",
      rows: Array.from({ length: 128 }, (_, index) => [index + 1, 1]),
    },
    { query: "print x = range(1, 200) | mvexpand x limit 1", rows: [[1]] },
  ),
  derived("make-set-aggregation-function", {
    query: `print x = range(1, 200) | mv-expand x | summarize s = makeset(x), l = makelist(x), n = make_set(x)
      | project array_length(s), array_length(l), array_length(n)`,
    rows: [[128, 128, 200]],
  }),
  printed("scalar-data-types/null-values", {
    query: "datatable(ival: int, sval: string)[5, 'a', int(null), 'b'] | where ival != 5",
    rows: [[null, "b"]],
  }),
  derived("max-aggregation-function", {
    query: `print a = dynamic([1]) | mv-apply a on (where a > 5
        | summarize highest = max(tostring(a)), lowest = min(tostring(a)), number = max(toint(a)))`,
    rows: [["", "", null]],
  }),
];
