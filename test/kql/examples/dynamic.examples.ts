import { printed, type CaseGroup } from "../semantics.ts";
import { rangeOfRows } from "./numbers.examples.ts";

const PHONES = `datatable(SourceNumber: string, TargetNumber: string, CharsCount: long)[
  '555-555-1234', '555-555-1212', 46, '555-555-1234', '555-555-1213', 50, '555-555-1313', '', 42, '', '555-555-3456', 74]`;

const POWERS = `${rangeOfRows(1, 3)} | extend y = x * 2 | extend z = y * 2 | extend w = z * 2`;

/** Arrays and bags. */
export const DYNAMIC_EXAMPLES: readonly CaseGroup[] = [
  printed(
    "array-rotate-right-function",
    ["array_rotate_right(dynamic([1,2,3,4,5]), 2)", [4, 5, 1, 2, 3]],
    ["array_rotate_right(dynamic([1,2,3,4,5]), -2)", [3, 4, 5, 1, 2]],
  ),
  printed(
    "array-shift-right-function",
    ["array_shift_right(dynamic([1,2,3,4,5]), 2)", [null, null, 1, 2, 3]],
    ["array_shift_right(dynamic([1,2,3,4,5]), 2, -1)", [-1, -1, 1, 2, 3]],
    ["array_shift_right(dynamic([1,2,3,4,5]), -2, -1)", [3, 4, 5, -1, -1]],
  ),
  printed("array-length-function", ['array_length(dynamic([1, 2, 3, "four"]))', 4]),
  printed("array-concat-function", {
    query: `${POWERS} | project array_concat(pack_array(x, y, z), pack_array(x, y))`,
    rows: [[[1, 2, 4, 1, 2]], [[2, 4, 8, 2, 4]], [[3, 6, 12, 3, 6]]],
  }),
  printed("array-reverse-function", [
    'array_reverse(dynamic(["this", "is", "an", "example"]))',
    ["example", "an", "is", "this"],
  ]),
  printed(
    "array-sort-desc-function",
    {
      query: `datatable(command: string, command_time: datetime, user_id: string)[
          'chmod', datetime(2019-07-15), "user1", 'ls', datetime(2019-07-02), "user1",
          'dir', datetime(2019-07-22), "user1", 'mkdir', datetime(2019-07-14), "user1",
          'rm', datetime(2019-07-27), "user1", 'pwd', datetime(2019-07-25), "user1",
          'rm', datetime(2019-07-23), "user2", 'pwd', datetime(2019-07-25), "user2"]
        | summarize times = make_list(command_time), commands = make_list(command) by user_id
        | project user_id, array_sort_desc(times, commands)[1]`,
      rows: [
        ["user1", ["rm", "pwd", "dir", "chmod", "mkdir", "ls"]],
        ["user2", ["pwd", "rm"]],
      ],
    },
    ['array_sort_desc(dynamic([null,"blue","yellow","green",null]))', ["yellow", "green", "blue", null, null]],
    ['array_sort_desc(dynamic([null,"blue","yellow","green",null]), false)', [null, null, "yellow", "green", "blue"]],
  ),
  printed("array-sum-function", ["array_sum(dynamic([1,2,3,4]))", 10]),
  printed(
    "array-iff-function",
    ["array_iff(dynamic([true,false,true]), dynamic([1,2,3]), dynamic([4,5,6]))", [1, 5, 3]],
    ['array_iff(dynamic([1,0,50]), "yes", "no")', ["yes", "no", "yes"]],
    ['array_iff(dynamic(["some string value", datetime("01-01-2022"), null]), 1, 0)', [null, null, null]],
    ["array_iff(dynamic([true,true,true]), dynamic([1,2]), dynamic([3,4]))", [1, 2, null]],
  ),
  printed(
    "set-intersect-function",
    {
      query: `${POWERS} | project set_intersect(pack_array(x, y, x, z), pack_array(x, y), pack_array(w, x))`,
      rows: [[[1]], [[2]], [[3]]],
    },
    ["set_intersect(dynamic([1, 2, 3]), dynamic([4,5]))", []],
  ),
  printed(
    "set-union-function",
    {
      query: `${POWERS} | project set_union(pack_array(x, y, x, z), pack_array(x, y), pack_array(w))`,
      rows: [[[1, 2, 4, 8]], [[2, 4, 8, 16]], [[3, 6, 12, 24]]],
    },
    {
      query: `datatable(Arr1: dynamic)[dynamic(['A4', 'A2', 'A7', 'A2']), dynamic(['C4', 'C7', 'C1', 'C4'])]
        | project set_union(Arr1, Arr1)`,
      rows: [[["A4", "A2", "A7"]], [["C4", "C7", "C1"]]],
    },
  ),
  printed("set-has-element-function", ['set_has_element(dynamic(["this", "is", "an", "example"]), "example")', true]),
  printed(
    "zip-function",
    [
      "zip(dynamic([1,3,5]), dynamic([2,4,6]))",
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    [
      'zip(dynamic(["A", 1, 1.5]), dynamic([{}, "B"]))',
      [
        ["A", {}],
        [1, "B"],
        [1.5, null],
      ],
    ],
    {
      query: `datatable(a: int, b: string)[1, "one", 2, "two", 3, "three"]
        | summarize a = make_list(a), b = make_list(b) | project zip(a, b)`,
      rows: [
        [
          [
            [1, "one"],
            [2, "two"],
            [3, "three"],
          ],
        ],
      ],
    },
  ),
  printed(
    "pack-array-function",
    { query: `${POWERS} | project pack_array(x, y, z)`, rows: [[[1, 2, 4]], [[2, 4, 8]], [[3, 6, 12]]] },
    {
      query: `${rangeOfRows(1, 3)} | project pack_array(x, tostring(x * 2), (x * 2) * 1s)`,
      rows: [[[1, "2", "00:00:02"]], [[2, "4", "00:00:04"]], [[3, "6", "00:00:06"]]],
    },
  ),
  printed(
    "pack-function",
    [
      'bag_pack("Level", "Information", "ProcessID", 1234, "Data", bag_pack("url", "www.bing.com"))',
      { Level: "Information", ProcessID: 1234, Data: { url: "www.bing.com" } },
    ],
    {
      query: `datatable(Source: int, Destination: int, Message: string)[
          1234, 100, "Hi", 4567, 200, "Hello", 1212, 300, "Hey"]
        | project MyBag = bag_pack("Dest", Destination, "Text", Message) | extend d = MyBag.Dest, t = MyBag.Text`,
      rows: [
        [{ Dest: 100, Text: "Hi" }, 100, "Hi"],
        [{ Dest: 200, Text: "Hello" }, 200, "Hello"],
        [{ Dest: 300, Text: "Hey" }, 300, "Hey"],
      ],
    },
  ),
  printed(
    "scalar-data-types/dynamic",
    {
      query: `print o = dynamic({"a":123, "b":"hello", "c":[1,2,3], "d":{}}) | project o.a, o.b, o.c, o.d`,
      rows: [[123, "hello", [1, 2, 3], {}]],
    },
    ['dynamic({"a": datetime(1970-05-11)})', { a: "1970-05-11T00:00:00.0000000Z" }],
    ["toint(parse_json('[100,101,102]')[1])", 101],
    [`todatetime(parse_json('{"a1":100, "a b c":"2015-01-01"}')["a b c"])`, "2015-01-01T00:00:00.0000000Z"],
  ),
  printed("todynamic-function", ["parse_json('[43, 21, 65]')", [43, 21, 65]], ["parse_json('21')", 21]),
  printed("repeat-function", ["repeat(1, 3)", [1, 1, 1]]),
  printed("pack-all-function", {
    query: `${PHONES} | project packed = pack_all(), full = pack_all(true)`,
    rows: [
      [
        { SourceNumber: "555-555-1234", TargetNumber: "555-555-1212", CharsCount: 46 },
        { SourceNumber: "555-555-1234", TargetNumber: "555-555-1212", CharsCount: 46 },
      ],
      [
        { SourceNumber: "555-555-1234", TargetNumber: "555-555-1213", CharsCount: 50 },
        { SourceNumber: "555-555-1234", TargetNumber: "555-555-1213", CharsCount: 50 },
      ],
      [
        { SourceNumber: "555-555-1313", TargetNumber: "", CharsCount: 42 },
        { SourceNumber: "555-555-1313", CharsCount: 42 },
      ],
      [
        { SourceNumber: "", TargetNumber: "555-555-3456", CharsCount: 74 },
        { TargetNumber: "555-555-3456", CharsCount: 74 },
      ],
    ],
  }),
  printed("bag-keys-function", {
    query: `datatable(d: dynamic)[dynamic({'a':'b', 'c':123}), dynamic({'a':'b', 'c':{'d':123}}),
        dynamic({'a':'b', 'c':[{'d':123}]}), dynamic(null), dynamic({}), dynamic('a'), dynamic([])]
      | project bag_keys(d)`,
    rows: [[["a", "c"]], [["a", "c"]], [["a", "c"]], [null], [[]], [null], [null]],
  }),
  printed(
    "bag-has-key-function",
    ["bag_has_key(dynamic({'key1': 123, 'key2': 'abc'}), 'key2')", true],
    ["bag_has_key(dynamic({'key1': 123, 'key3': 'abc'}), 'key2')", false],
    [
      "bag_has_key(dynamic({'key1': 123, 'key2': {'prop1': 'abc', 'prop2': 'xyz'}, 'key3': [100, 200]}), '$.key2.prop1')",
      true,
    ],
  ),
  printed(
    "bag-zip",
    ["bag_zip(dynamic(['a', 'b', 'c']), dynamic([1, '2', 3.4]))", { a: 1, b: "2", c: 3.4 }],
    ["bag_zip(dynamic(['a', 'b', 'c']), dynamic([1, '2']))", { a: 1, b: "2", c: null }],
    ["bag_zip(dynamic(['a', 'b']), dynamic([1, '2', 2.5]))", { a: 1, b: "2" }],
    ["bag_zip(dynamic(['a', 8, 'b']), dynamic([1, '2', 2.5]))", { a: 1, b: 2.5 }],
    {
      query: `datatable(keys: dynamic, members: dynamic)[dynamic(['a', 8, 'b']), dynamic(1),
        dynamic('a'), dynamic([1, '2', 2.5])] | project bag_zip(keys, members)`,
      rows: [[{ a: null, b: null }], [null]],
    },
  ),
  printed("dynamic-to-json-function", [
    `dynamic_to_json(dynamic({'Y10': dynamic({}), 'X8': dynamic({'c3':1, 'd8':5, 'a4':6}), 'D1':114, 'A1':12, 'B1':2,
      'C1':3, 'A14':[15, 13, 18]}))`,
    '{"A1":12,"A14":[15,13,18],"B1":2,"C1":3,"D1":114,"X8":{"a4":6,"c3":1,"d8":5},"Y10":{}}',
  ]),
  printed(
    "isempty-function",
    ['isempty("")', true],
    ['isempty("x")', false],
    ['isempty(parse_json(""))', true],
    ['isempty(parse_json("[]"))', false],
    ['isempty(parse_json("{}"))', false],
  ),
  printed(
    "isnull-function",
    ['isnull("")', false],
    ['isnull("x")', false],
    ['isnull(parse_json(""))', true],
    ['isnull(parse_json("[]"))', false],
    ['isnull(parse_json("{}"))', false],
  ),
  printed("has-any-index-function", {
    query: `print has_any_index("this is an example", dynamic(['this', 'example'])),
      has_any_index("this is an example", dynamic(['not', 'example'])),
      has_any_index("this is an example", dynamic(['not', 'found'])),
      has_any_index("Example number 2", range(1, 3, 1)), has_any_index("this is an example", dynamic([]))`,
    rows: [[0, 1, -1, 1, -1]],
  }),
];
