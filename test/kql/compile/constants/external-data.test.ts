import { describe, expect, test } from "vitest";
import { AUDIT_LOGS } from "../../../../src/core/event/audit-log-columns.ts";
import { compileQuery, compileWindowQuery } from "../../../../src/kql/compile/compile-query.ts";
import type { FindList } from "../../../../src/kql/compile/constants/lists.ts";
import { prepare } from "../../../../src/kql/run/evaluate.ts";
import { auditLogRow } from "../../query.ts";

const MODIFIED = new Date("2026-11-30T12:00:00Z");

/** Finds a list at every URL. */
function listOf(content: string | Uint8Array): FindList {
  return () => ({ name: "externaldata/list", bytes: Buffer.from(content), modified: MODIFIED });
}

/** A query over a list alone. */
function rowsOf(content: string | Uint8Array, columns: string, properties = "", url = "https://lists.example/a.csv") {
  const query = `externaldata(${columns})[@"${url}"] ${properties}`;
  const { plan, problems } = compileQuery(query, AUDIT_LOGS, { mayBeConstant: true, findList: listOf(content) });
  return plan ? prepare(plan)(auditLogRow()) : problems.map(({ message }) => message);
}

describe("each format is read as Kusto reads it", () => {
  test.each([
    {
      name: "csv",
      content: 'a,1\r\n"b, ""c""",2\n',
      rows: [
        ["a", 1n],
        ['b, "c"', 2n],
      ],
    },
    {
      name: "a value that is missing or of another type is null",
      content: "a\n,x\n",
      rows: [
        ["a", null],
        ["", null],
      ],
    },
    { name: "values beyond the columns are left out", content: "a,1,more\n", rows: [["a", 1n]] },
    { name: "a header", content: "s,n\na,1\n", properties: "with (ignoreFirstRecord=true)", rows: [["a", 1n]] },
    {
      name: "a header, as text",
      content: "s,n\na,1\n",
      properties: 'with (ignoreFirstRecord="true")',
      rows: [["a", 1n]],
    },
    { name: "tsv", content: "a\t1\n", properties: "with (format=tsv)", rows: [["a", 1n]] },
    { name: "psv", content: "a|1\n", properties: 'with (format="psv")', rows: [["a", 1n]] },
    {
      name: "txt",
      content: "a,1\n\nb\n",
      properties: 'with (format="txt")',
      rows: [
        ["a,1", null],
        ["b", null],
      ],
    },
    { name: "raw", content: "a\nb", properties: 'with (format="raw")', rows: [["a\nb", null]] },
    {
      name: "json",
      content: '{"n": 1, "s": "a"}\n{"s": "b"}\n',
      properties: 'with (format="json")',
      rows: [
        ["a", 1n],
        ["b", null],
      ],
    },
    {
      name: "multijson",
      content: '[\n{"s": "a",\n"n": 1}]',
      properties: 'with (format="multijson")',
      rows: [["a", 1n]],
    },
    {
      name: "the extension decides",
      content: '{"s": "a"}',
      url: "https://lists.example/a.json?x=.csv",
      rows: [["a", null]],
    },
    { name: "a byte order mark", content: "\uFEFFa,1\n", rows: [["a", 1n]] },
  ])("$name", ({ content, properties, url, rows }) => {
    expect(rowsOf(content, "s: string, n: long", properties, url)).toEqual(rows);
  });

  test("a dynamic value is JSON or text", () => {
    expect(rowsOf('"{""a"": 1}"\nx\n', "d: dynamic")).toEqual([[{ a: 1 }], ["x"]]);
  });

  test("several lists become one table", () => {
    const query = 'externaldata(s: string)["https://a.example/1", "https://b.example/2"]';
    const findList: FindList = (url) => ({ name: url, bytes: Buffer.from(url.slice(-1)), modified: MODIFIED });
    const { plan, lists } = compileQuery(query, AUDIT_LOGS, { mayBeConstant: true, findList });
    expect(plan && prepare(plan)(auditLogRow())).toEqual([["1"], ["2"]]);
    expect(lists.map(({ url }) => url)).toEqual(["https://a.example/1", "https://b.example/2"]);
  });
});

describe("a list that cannot be read is refused", () => {
  test.each([
    { content: "[1]", properties: "with (format=json)", message: "externaldata/list: it is not json" },
    { content: '"a', properties: "", message: "externaldata/list: it is not csv" },
    { content: Buffer.from([0xff, 0xfe]), properties: "", message: "externaldata/list: it is not UTF-8 text" },
    {
      content: "x\n".repeat(100_001),
      properties: "",
      message: "externaldata/list: it has 100001 rows; a list has at most 100000",
    },
    {
      content: "",
      properties: "with (format=parquet)",
      message:
        'externaldata/list: format "parquet" is not supported: use one of csv, tsv, psv, scsv, sohsv, txt, raw, json, multijson',
    },
    {
      content: "",
      properties: 'with (ingestionMapping="x")',
      message: "pimwatch does not read the property ingestionMapping of externaldata",
    },
  ])("$message", ({ content, properties, message }) => {
    expect(rowsOf(content, "s: string", properties)).toEqual([message]);
  });
});

const KNOWN = 'let known = externaldata(id: string, name: string)["https://lists.example/apps.csv"];';
const findList = listOf("a,App A\nb,App B\n");

describe("with a list, one event still decides a rule", () => {
  test.each([
    {
      name: "a list of known values",
      query: "AuditLogs | where Id !in ((known | project id)) | project Id",
      rows: [["c"]],
    },
    { name: "its first column", query: "AuditLogs | where Id in (known) | project Id", rows: [["a"], ["b"]] },
    {
      name: "a value of it",
      query: "AuditLogs | where Id == toscalar(known | summarize max(id)) | project Id",
      rows: [["b"]],
    },
    {
      name: "inner join",
      query: "AuditLogs | join kind=inner known on $left.Id == $right.id | project name",
      rows: [["App A"], ["App B"]],
    },
    {
      name: "without a kind",
      query: "AuditLogs | join known on $left.Id == $right.id | project name",
      rows: [["App A"], ["App B"]],
    },
    {
      name: "left outer join",
      query: "AuditLogs | join kind=leftouter known on $left.Id == $right.id | project name",
      rows: [["App A"], ["App B"], [""]],
    },
    {
      name: "left anti join",
      query: "AuditLogs | join kind=leftanti known on $left.Id == $right.id | project Id",
      rows: [["c"]],
    },
  ])("$name", ({ query, rows }) => {
    const { plan, problems } = compileQuery(`${KNOWN}\n${query}`, AUDIT_LOGS, { findList });
    expect(problems).toEqual([]);
    const evaluate = plan && prepare(plan);
    expect(["a", "b", "c"].flatMap((Id) => evaluate?.(auditLogRow({ Id })) ?? [])).toEqual(rows);
  });

  test.each(["rightouter", "fullouter", "rightanti", "rightsemi"])(
    "but not a %s join, which returns the list's rows",
    (kind) => {
      const query = `${KNOWN}\nAuditLogs | join kind=${kind} known on $left.Id == $right.id`;
      expect(compileQuery(query, AUDIT_LOGS, { findList }).problems.map(({ code }) => code)).toEqual([
        "not-event-local",
      ]);
      expect(compileWindowQuery(query, AUDIT_LOGS, { findList }).problems).toEqual([]);
    },
  );
});

test("the copy is named: rows, date and hash", () => {
  const query = `${KNOWN}\nlet f = () { known };\nAuditLogs | where Id in (f()) or Id in (known)`;
  const { lists, notes } = compileQuery(query, AUDIT_LOGS, { findList });
  expect(lists).toMatchObject([{ url: "https://lists.example/apps.csv", date: "2026-11-30", rows: 2 }]);
  expect(lists[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(notes).toEqual([
    {
      offset: query.indexOf('"https'),
      code: "pinned-list",
      message: `externaldata reads externaldata/list: 2 rows, last changed on 2026-11-30, sha256 ${lists[0]?.sha256}`,
    },
  ]);
});
