import { describe, expect, test } from "vitest";
import { compileQuery } from "../../../src/kql/compile/compile-query.ts";
import { AUDIT_LOGS } from "../../../src/core/event/audit-log-columns.ts";
import { resultOf } from "../query.ts";

const LOCATED = "AuditLogs | extend geo = geo_info_from_ip_address(Identity) | extend country = tostring(geo.country)";

describe("a function that pimwatch cannot run is refused where its value is used", () => {
  test.each([
    { query: "AuditLogs | where isnotempty(geo_info_from_ip_address(Identity))", at: "geo_info" },
    { query: `${LOCATED} | where geo.country == "DE"`, at: "geo.country ==" },
    { query: `${LOCATED} | project place = strcat(country, "!") | where place has "DE"`, at: "place has" },
    { query: `${LOCATED} | where * has "DE"`, at: "geo_info" },
    { query: `${LOCATED} | summarize count() by Category, country`, at: "country" },
    { query: `${LOCATED} | summarize c = make_set(country) by Category | where c has "DE"`, at: "c has" },
    { query: `${LOCATED} | sort by country`, at: "country" },
    { query: `${LOCATED} | distinct Category, country`, at: "country" },
    { query: `${LOCATED} | project Category, country | distinct *`, at: "geo_info" },
    { query: `${LOCATED} | mv-expand geo`, at: "geo" },
    { query: `${LOCATED} | mv-apply g = geo on (where true)`, at: "geo on" },
    { query: `${LOCATED} | mv-apply t = TargetResources on (where tostring(t.id) == country)`, at: "country)" },
    { query: `${LOCATED} | mv-apply t = TargetResources on (top 1 by country)`, at: "country)" },
    { query: `${LOCATED} | parse-where country with a "E" b`, at: "country with" },
    { query: `${LOCATED} | parse country with a "E" b | where a == "D"`, at: 'a == "D"' },
    { query: `${LOCATED} | parse-kv country as (a: string) | where a == "D"`, at: 'a == "D"' },
    { query: `${LOCATED} | evaluate bag_unpack(geo) | where city == "Berlin"`, at: "city" },
    { query: `union (${LOCATED}), (AuditLogs | extend country = "") | where country == "DE"`, at: "country ==" },
    {
      query: `let place = (ip: string) { tostring(geo_info_from_ip_address(ip).city) };
        AuditLogs | where place(Identity) == "Berlin"`,
      at: "geo_info",
    },
  ])("$query", ({ query, at }) => {
    const message =
      "geo_info_from_ip_address is not supported: it needs maps or geographic data, which pimwatch does not have";
    expect(compileQuery(query, AUDIT_LOGS)).toEqual({
      problems: [{ offset: query.lastIndexOf(at), code: "unsupported-function", message }],
      leftOut: [],
      notes: [],
      lists: [],
      hash: expect.any(String) as string,
    });
  });
});

describe("otherwise the query runs, and its result does not have the columns that depend on it", () => {
  test.each([
    { query: `${LOCATED} | project Category`, columns: { Category: "RoleManagement" }, leftOut: [] },
    {
      query: `${LOCATED} | project Category, country, geo`,
      columns: { Category: "RoleManagement" },
      leftOut: ["country", "geo"],
    },
    {
      query: `${LOCATED} | extend country = "none" | project Category, country`,
      columns: { Category: "RoleManagement", country: "none" },
      leftOut: [],
    },
    {
      query: `${LOCATED} | summarize n = count(), countries = make_set(country) by Category`,
      columns: { Category: "RoleManagement", n: 1n },
      leftOut: ["countries"],
    },
    {
      query: `${LOCATED} | summarize arg_max(TimeGenerated, country, Result) by Category | project-away TimeGenerated`,
      columns: { Category: "RoleManagement", Result: "" },
      leftOut: ["country"],
    },
    {
      query: `${LOCATED} | project Category, a = pack_all(), b = iff(country == "DE", 1, 2)`,
      columns: { Category: "RoleManagement" },
      leftOut: ["a", "b"],
    },
    {
      query: `${LOCATED} | mv-apply t = TargetResources on (extend c = country, d = tostring(t.type)) | project c, d`,
      columns: { d: "Role" },
      leftOut: ["c"],
    },
    {
      query: `union (${LOCATED}) | project-rename land = country | project land, Category`,
      columns: { Category: "RoleManagement" },
      leftOut: ["land"],
    },
    {
      query: `${LOCATED} | parse country with a "E" b | project a, Category`,
      columns: { Category: "RoleManagement" },
      leftOut: ["a"],
    },
    {
      query: "AuditLogs | serialize | project n = row_number(), Category",
      columns: { Category: "RoleManagement" },
      leftOut: ["n"],
    },
  ])("$query", ({ query, columns, leftOut }) => {
    expect(resultOf(query)).toEqual([columns]);
    expect(compileQuery(query, AUDIT_LOGS).leftOut.map(({ name }) => name)).toEqual(leftOut);
  });

  test("the column's problem names the function, at its place", () => {
    expect(compileQuery("AuditLogs | serialize n = row_number()", AUDIT_LOGS).leftOut).toEqual([
      {
        name: "n",
        problem: {
          offset: 26,
          code: "unsupported-function",
          message: "row_number is not supported: its value depends on other events",
        },
      },
    ]);
  });
});
