import { printed, type CaseGroup } from "../semantics.ts";
import { rangeOfRows } from "./numbers.examples.ts";

const BEATLES = `datatable(name: string, day_of_birth: long)["John", 9, "Paul", 18, "George", 25, "Ringo", 7]`;

const SHAPES = `datatable(name: string, sideCount: int)["triangle", 3, "square", 4, "rectangle", 4, "pentagon", 5,
  "hexagon", 6, "heptagon", 7, "octagon", 8, "nonagon", 9, "decagon", 10]`;

const FRUITS = `datatable(Fruit: string, Color: string, Version: int)["Apple", "Red", 1, "Apple", "Green", int(null),
  "Banana", "Yellow", int(null), "Banana", "Green", int(null), "Pear", "Brown", 1, "Pear", "Green", 2]`;

const PROPS = `datatable(prop: string, value: string, isKept: bool)["prop01", "val_a", true, "prop02", "val_b", false,
  "prop03", "val_c", true] | extend p = bag_pack(prop, value)`;

/** Lines of a log with the fields of Kusto's page on parse-where; a line with a field of the wrong type does not match. */
function notification(totalSlices: string, sliceNumber: string, times: readonly string[]): string {
  const [lockTime = "", releaseTime = "", previous = ""] = times.map((time) =>
    time.startsWith("08:") ? `02/17/2016 ${time}` : time,
  );
  return (
    `"Event: NotifySliceRelease (resourceName=PipelineScheduler, totalSlices=${totalSlices}, sliceNumber=${sliceNumber}, ` +
    `lockTime=${lockTime}, releaseTime=${releaseTime}, previousLockTime=${previous})"`
  );
}

const LINES = `datatable(EventText: string)[${[
  notification("27", "invalid_number", ["08:40:01", "08:40:01", "08:39:01"]),
  notification("27", "15", ["08:40:00", "invalid_datetime", "08:39:00"]),
  notification("27", "20", ["08:40:01", "08:40:01", "08:39:01"]),
  notification("27", "22", ["08:41:01", "08:41:00", "08:40:01"]),
  notification("invalid_number", "16", ["08:41:00", "08:41:00", "08:40:00"]),
].join(", ")}]`;

const PATTERN =
  '* "resourceName=" resourceName ", totalSlices=" totalSlices: long * "sliceNumber=" sliceNumber: long * "lockTime=" ' +
  'lockTime ", releaseTime=" releaseTime: date "," * "previousLockTime=" previousLockTime: date ")" *';

const FOUND = [
  ["PipelineScheduler", 27, 20, "02/17/2016 08:40:01", "2016-02-17T08:40:01.0000000Z", "2016-02-17T08:39:01.0000000Z"],
  ["PipelineScheduler", 27, 22, "02/17/2016 08:41:01", "2016-02-17T08:41:00.0000000Z", "2016-02-17T08:40:01.0000000Z"],
];
const NOT_FOUND = ["", null, null, "", null, null];

/** Operators, statements and aggregates. */
export const TABLE_EXAMPLES: readonly CaseGroup[] = [
  printed("project-keep-operator", {
    query: "datatable(A1: long, A2: long, B: long)[1, 2, 3] | project-keep A*",
    rows: [[1, 2]],
  }),
  printed("project-rename-operator", {
    query: "print a = 'a', b = 'b', c = 'c' | project-rename new_b = b, new_a = a | project new_a, new_b, c",
    rows: [["a", "b", "c"]],
  }),
  printed(
    "parse-where-operator",
    {
      query: `${LINES} | parse EventText with ${PATTERN} | project-away EventText`,
      rows: [NOT_FOUND, NOT_FOUND, ...FOUND, NOT_FOUND],
    },
    { query: `${LINES} | parse-where EventText with ${PATTERN} | project-away EventText`, rows: FOUND },
  ),
  printed("datatable-operator", {
    query: `datatable(Date: datetime, Event: string, MoreData: dynamic)[
        datetime(1910-06-11), "Born", dynamic({"key1": "value1", "key2": "value2"}),
        datetime(1930-01-01), "Enters Ecole Navale", dynamic({"key1": "value3", "key2": "value4"}),
        datetime(1953-01-01), "Published first book", dynamic({"key1": "value5", "key2": "value6"}),
        datetime(1997-06-25), "Died", dynamic({"key1": "value7", "key2": "value8"})]
      | where strlen(Event) > 4 | extend key2 = MoreData.key2`,
    rows: [
      ["1930-01-01T00:00:00.0000000Z", "Enters Ecole Navale", { key1: "value3", key2: "value4" }, "value4"],
      ["1953-01-01T00:00:00.0000000Z", "Published first book", { key1: "value5", key2: "value6" }, "value6"],
    ],
  }),
  printed(
    "print-operator",
    { query: 'print 0 + 1 + 2 + 3 + 4 + 5, x = "Wow!"', rows: [[15, "Wow!"]] },
    { query: 'print banner = strcat("Hello", ", ", "World!")', rows: [["Hello, World!"]] },
  ),
  printed(
    "let-statement",
    { query: `let ['some number'] = 20; print y = range(0, ['some number'], 5)`, rows: [[[0, 5, 10, 15, 20]]] },
    {
      query: `let MultiplyByN = (val: long, n: long) { val * n };
        ${rangeOfRows(1, 5)} | extend result = MultiplyByN(x, 5)`,
      rows: [
        [1, 5],
        [2, 10],
        [3, 15],
        [4, 20],
        [5, 25],
      ],
    },
    {
      query: `let TrimOnes = (s: string) { trim("1", s) };
        ${rangeOfRows(10, 15)} | project result = TrimOnes(tostring(x))`,
      rows: [["0"], [""], ["2"], ["3"], ["4"], ["5"]],
    },
  ),
  printed(
    "make-list-aggregation-function",
    {
      query: `${SHAPES} | summarize make_list(name)`,
      rows: [[["triangle", "square", "rectangle", "pentagon", "hexagon", "heptagon", "octagon", "nonagon", "decagon"]]],
    },
    {
      query: `${SHAPES} | summarize mylist = make_list(name) by isEven = sideCount % 2 == 0`,
      rows: [
        [false, ["triangle", "pentagon", "heptagon", "nonagon"]],
        [true, ["square", "rectangle", "hexagon", "octagon", "decagon"]],
      ],
    },
    {
      query: `${SHAPES} | where sideCount < 6 | extend d = bag_pack("name", name, "sideCount", sideCount)
        | summarize mylist = make_list(d) by isEven = sideCount % 2 == 0`,
      rows: [
        [
          false,
          [
            { name: "triangle", sideCount: 3 },
            { name: "pentagon", sideCount: 5 },
          ],
        ],
        [
          true,
          [
            { name: "square", sideCount: 4 },
            { name: "rectangle", sideCount: 4 },
          ],
        ],
      ],
    },
  ),
  printed("make-list-if-aggregation-function", {
    query: `${BEATLES} | summarize make_list_if(name, strlen(name) > 4)`,
    rows: [[["George", "Ringo"]]],
  }),
  printed("make-list-with-nulls-aggregation-function", {
    query: `datatable(sideCount: int)[int(null), 4, 4, 5, 6, 7, 8, 9, 10] | summarize make_list_with_nulls(sideCount)`,
    rows: [[[null, 4, 4, 5, 6, 7, 8, 9, 10]]],
  }),
  printed("make-set-aggregation-function", {
    query: `datatable(Val: int, Arr1: dynamic)[1, dynamic(['A1', 'A2', 'A3']), 5, dynamic(['A2', 'C1']),
        7, dynamic(['C2', 'A3']), 5, dynamic(['C2', 'A1'])]
      | summarize make_set(Val), make_set(Arr1)`,
    rows: [
      [
        [1, 5, 7],
        ["A1", "A2", "A3", "C1", "C2"],
      ],
    ],
  }),
  printed("make-set-if-aggregation-function", {
    query: `${BEATLES} | summarize make_set_if(name, strlen(name) > 4)`,
    rows: [[["George", "Ringo"]]],
  }),
  printed(
    "make-bag-aggregation-function",
    { query: `${PROPS} | summarize make_bag(p)`, rows: [[{ prop01: "val_a", prop02: "val_b", prop03: "val_c" }]] },
    {
      query: `${PROPS} | summarize bag = make_bag(p) | evaluate bag_unpack(bag) | project prop01, prop02, prop03`,
      rows: [["val_a", "val_b", "val_c"]],
    },
  ),
  printed(
    "make-bag-if-aggregation-function",
    { query: `${PROPS} | summarize make_bag_if(p, isKept)`, rows: [[{ prop01: "val_a", prop03: "val_c" }]] },
    {
      query: `${PROPS} | summarize bag = make_bag_if(p, isKept) | evaluate bag_unpack(bag) | project prop01, prop03`,
      rows: [["val_a", "val_c"]],
    },
  ),
  printed("countif-aggregation-function", {
    query: `${BEATLES} | summarize countif(strlen(name) > 4)`,
    rows: [[2]],
  }),
  printed("sumif-aggregation-function", {
    query: `${BEATLES} | summarize sumif(day_of_birth, strlen(name) > 4)`,
    rows: [[32]],
  }),
  printed("arg-max-aggregation-function", {
    query: `${FRUITS} | summarize arg_max(Version, *) by Fruit`,
    rows: [
      ["Apple", 1, "Red"],
      ["Banana", null, "Yellow"],
      ["Pear", 2, "Green"],
    ],
  }),
  printed("arg-min-aggregation-function", {
    query: `${FRUITS} | summarize arg_min(Version, *) by Fruit`,
    rows: [
      ["Apple", 1, "Red"],
      ["Banana", null, "Yellow"],
      ["Pear", 1, "Brown"],
    ],
  }),
  printed(
    "bag-unpack-plugin",
    {
      query: `datatable(d: dynamic)[dynamic({"Name": "John", "Age": 20}), dynamic({"Name": "Dave", "Age": 40}),
          dynamic({"Name": "Jasmine", "Age": 30})] | evaluate bag_unpack(d) | project Age, Name`,
      rows: [
        [20, "John"],
        [40, "Dave"],
        [30, "Jasmine"],
      ],
    },
    {
      query: `datatable(d: dynamic)[dynamic({"Name": "John", "Age": 20}), dynamic({"Name": "Dave", "Age": 40})]
        | evaluate bag_unpack(d, 'Property_') | project Property_Age, Property_Name`,
      rows: [
        [20, "John"],
        [40, "Dave"],
      ],
    },
    {
      query: `datatable(Name: string, d: dynamic)['Old_name', dynamic({"Name": "John", "Age": 20}),
          'Old_name', dynamic({"Name": "Dave", "Age": 40})]
        | evaluate bag_unpack(d, columnsConflict='keep_source') | project Age, Name`,
      rows: [
        [20, "Old_name"],
        [40, "Old_name"],
      ],
    },
    {
      query: `datatable(d: dynamic)[dynamic({"Name": "John", "Age": 20, "Address": "Address-1"})]
        | evaluate bag_unpack(d, ignoredProperties=dynamic(['Address', 'Age'])) | project Name`,
      rows: [["John"]],
    },
    {
      query: `datatable(d: dynamic)[dynamic({"Name": "John", "Age": 20}), dynamic({"Name": "Dave", "Height": 170, "Age": 40})]
        | evaluate bag_unpack(d) | project Age, Height, Name`,
      rows: [
        [20, null, "John"],
        [40, 170, "Dave"],
      ],
    },
  ),
];
