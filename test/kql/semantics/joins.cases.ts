import { derived, printed, type CaseGroup } from "../semantics.ts";

const X = "let X = datatable(Key:string, Value1:long)['a',1, 'b',2, 'b',3, 'c',4];";
const Y = "let Y = datatable(Key:string, Value2:long)['b',10, 'c',20, 'c',30, 'd',40];";
const XY = `${X} ${Y}`;
const T12 = `let t1 = datatable(key: long, value: string)[1, "val1.1", 1, "val1.2"];
  let t2 = datatable(key: long, value: string)[1, "val1.3", 1, "val1.4"];`;

const PAIRS = [
  ["b", 2, "b", 10],
  ["b", 3, "b", 10],
  ["c", 4, "c", 20],
  ["c", 4, "c", 30],
];

/** Cases for join, and for tables that expressions read. */
export const JOIN_CASES: readonly CaseGroup[] = [
  printed("join-inner", {
    query: `let X = datatable(Key:string, Value1:long)['a',1, 'b',2, 'b',3, 'k',5, 'c',4];
      let Y = datatable(Key:string, Value2:long)['b',10, 'c',20, 'c',30, 'd',40, 'k',50];
      X | join kind=inner Y on Key | order by Key asc, Value1 desc, Value2 asc`,
    rows: [
      ["b", 3, "b", 10],
      ["b", 2, "b", 10],
      ["c", 4, "c", 20],
      ["c", 4, "c", 30],
      ["k", 5, "k", 50],
    ],
  }),
  printed(
    "join-innerunique",
    {
      query: `${XY} X | join Y on Key`,
      rows: [
        ["b", 2, "b", 10],
        ["c", 4, "c", 20],
        ["c", 4, "c", 30],
      ],
    },
    {
      query: `${T12} t1 | join kind = innerunique t2 on key`,
      rows: [
        [1, "val1.1", 1, "val1.3"],
        [1, "val1.1", 1, "val1.4"],
      ],
    },
    {
      query: `${T12} t1 | join kind = innerunique t2 on key | where value == "val1.2"`,
      rows: [
        [1, "val1.2", 1, "val1.3"],
        [1, "val1.2", 1, "val1.4"],
      ],
    },
  ),
  derived("join-innerunique", {
    query: `${T12} t1 | join t2 on key | where value1 endswith "4" | where value == "val1.2" and key == 1`,
    rows: [[1, "val1.2", 1, "val1.4"]],
  }),
  printed("join-leftouter", { query: `${XY} X | join kind=leftouter Y on Key`, rows: [["a", 1, "", null], ...PAIRS] }),
  printed("join-rightouter", {
    query: `${XY} X | join kind=rightouter Y on Key`,
    rows: [...PAIRS, ["", null, "d", 40]],
  }),
  printed("join-fullouter", {
    query: `${XY} X | join kind=fullouter Y on Key`,
    rows: [["a", 1, "", null], ...PAIRS, ["", null, "d", 40]],
  }),
  printed("join-leftsemi", {
    query: `${XY} X | join kind=leftsemi Y on Key`,
    rows: [
      ["b", 2],
      ["b", 3],
      ["c", 4],
    ],
  }),
  printed("join-leftanti", { query: `${XY} X | join kind=leftanti Y on Key`, rows: [["a", 1]] }),
  // The pages of the next two print the rows of the left side, against their own text.
  derived("join-rightsemi", {
    query: `${XY} X | join kind=rightsemi Y on Key`,
    rows: [
      ["b", 10],
      ["c", 20],
      ["c", 30],
    ],
  }),
  derived("join-rightanti", { query: `${XY} X | join kind=rightanti Y on Key`, rows: [["d", 40]] }),
  derived(
    "join-operator",
    { query: `${XY} X | join kind=anti Y on Key`, rows: [["a", 1]] },
    { query: `${XY} X | join kind=leftantisemi Y on Key`, rows: [["a", 1]] },
    { query: `${XY} X | join kind=rightantisemi Y on Key`, rows: [["d", 40]] },
    { query: `${XY} X | join kind=inner hint.strategy=shuffle Y on $left.Key == $right.Key`, rows: PAIRS },
    {
      query: `${XY} X | join kind=inner (Y | extend Value1 = Value2 / 10 + 1) on Key, $left.Value1 == $right.Value1`,
      rows: [
        ["b", 2, "b", 10, 2],
        ["c", 4, "c", 30, 4],
      ],
    },
    {
      query: `${XY} X | join kind=inner (Y | extend n = toint(Value2 / 10 + 1)) on $left.Key == $right.Key and $left.Value1 == $right.n`,
      rows: [
        ["b", 2, "b", 10, 2],
        ["c", 4, "c", 30, 4],
      ],
    },
    // Names that are taken get the next free number, and a name that the right side has itself is not free.
    {
      query: `datatable(A:string, B:long)["x", 1] | join kind=inner (datatable(A:string, A1:long, B:long)["x", 2, 3]) on A
        | project A, B, A2, A1, B1`,
      rows: [["x", 1, "x", 2, 3]],
    },
    // Case counts, empty texts are equal, and nulls equal nothing, not even each other.
    {
      query: `datatable(k:string)["a", "A", ""] | join kind=inner (datatable(k:string)["A", ""]) on k`,
      rows: [
        ["A", "A"],
        ["", ""],
      ],
    },
    {
      query: "datatable(k:long)[1, long(null)] | join kind=fullouter (datatable(k:long)[long(null), 1]) on k",
      rows: [
        [1, 1],
        [null, null],
        [null, null],
      ],
    },
    {
      query: "datatable(k:real)[0, real(nan)] | join kind=inner (datatable(k:real)[-0.0, real(nan)]) on k | count",
      rows: [[1]],
    },
    // isempty() of an optional column without a value, of any type.
    {
      query: `${XY} X | join kind=leftouter (Y | extend t = datetime(2026-01-01)) on Key | where isempty(t) | project Key`,
      rows: [["a"]],
    },
    { query: `${XY} X | join kind=inner (X | join kind=inner Y on Key) on Key | count`, rows: [[6]] },
    { query: `${XY} X | join kind=inner (Y | where Key == "none") on Key`, rows: [] },
  ),
  printed("toscalar-function", {
    query: `let _dataset1 = datatable(x: long)[1, 2, 3, 4, 5];
      let _dataset2 = datatable(x: long, y: long) [1, 2, 3, 4, 5, 6];
      _dataset1 | join (_dataset2) on x | project x, y`,
    rows: [
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  }),
  derived(
    "toscalar-function",
    { query: `${X} print n = toscalar(X | count)`, rows: [[4]] },
    { query: `${X} print n = toscalar(X | where Key == "none" | count)`, rows: [[0]] },
    { query: `${X} print n = isnull(toscalar(X | where Key == "none" | project Value1))`, rows: [[true]] },
    { query: `${X} X | where Value1 > toscalar(X | summarize avg(Value1)) | project Value1`, rows: [[3], [4]] },
  ),
  derived(
    "in-cs-operator",
    { query: `${XY} X | where Key in ((Y | where Value2 > 10 | project Key)) | project Value1`, rows: [[4]] },
    { query: `${XY} let keys = Y | distinct Key; X | where Key !in (keys) | project Key`, rows: [["a"]] },
    // The items of an array in a table, for which seven official rules rely on it.
    {
      query: `${XY} X | where Key in ((Y | summarize make_set(Key))) | summarize make_list(Value1)`,
      rows: [[[2, 3, 4]]],
    },
    { query: `${XY} X | where Key !in ((Y | where Key == "none" | project Key)) | count`, rows: [[4]] },
    {
      query: `let T = datatable(n:long)[1, long(null)]; T | where n in ((T | where isnotnull(n) | extend m = n | project m)) | count`,
      rows: [[1]],
    },
    { query: `${XY} X | where Key in~ ((Y | project toupper(Key))) | count`, rows: [[3]] },
  ),
];
