import { describe, expect, test } from "vitest";
import { generatedFiles } from "../../scripts/generate-infra.ts";
import { readFileSync } from "node:fs";
import workbook from "../../infra/workbook/workbook.json" with { type: "json" };
import { children, textOf } from "../../src/kql/compile/kusto-parser.ts";
import type { Syntax } from "../../src/kql/compile/kusto-parser.ts";
import { bindQuery, FUNCTIONS, kindOf, QUERY_FILES } from "./kusto-workspace.ts";
import { alertNameOf } from "./alerts/run-alert.ts";
import { at, ofType, queryText, theOne, type Variant, variant, VARIANTS } from "./predicted-resources.ts";

const LOG_ALERT = "Microsoft.Insights/scheduledQueryRules";
const SENTINEL_RULE = "Microsoft.SecurityInsights/alertRules";
const ON_CALL =
  "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/rg-soc/providers/Microsoft.Insights/actionGroups/on-call";

test.each([...QUERY_FILES])("%s is valid for the tables it reads", (_file, text) => {
  expect(bindQuery(text).problems).toEqual([]);
});

test("an unknown column is a problem", () => {
  expect(bindQuery("PimwatchIncidents() | where Role == 'x'").problems).toEqual([
    expect.stringContaining("The name 'Role' does not refer to any known column"),
  ]);
});

test("every generated file in infra is current", async () => {
  for (const [path, content] of await generatedFiles()) {
    expect(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"), `${path}: run \`npm run generate\``).toBe(
      content,
    );
  }
});

test("the workbook consists of exactly its query files", () => {
  const queries = new Set(workbookQueries(workbook));
  const files = [...QUERY_FILES].filter(
    ([file]) => file.startsWith("workbook/") || file === "alerts/detection/missed.kql",
  );

  expect(queries).toEqual(new Set(files.map(([, text]) => text.trim())));
});

test("functions contain no relative time: an alert that calls them would not notice when it is evaluated again", () => {
  expect(FUNCTIONS.size).toBe(3);
  for (const text of FUNCTIONS.values()) expect(callsIn(bindQuery(text).syntax)).not.toContain("ago");
  for (const text of FUNCTIONS.values()) expect(callsIn(bindQuery(text).syntax)).not.toContain("now");
});

describe.each(VARIANTS)("alerts of $name", (deployment) => {
  const alerts = ofType(deployment, LOG_ALERT).map((rule) => ({
    name: alertNameOf(rule),
    properties: rule.properties,
    criterion: at(rule.properties, "criteria.allOf.0"),
  }));

  test("every query is valid for the tables it reads", () => {
    for (const { name, criterion } of alerts) {
      expect(bindQuery(queryText(at(criterion, "query"))).problems, name).toEqual([]);
      expect(queryText(at(criterion, "query")), name).not.toContain("{functionApp}");
    }
  });

  test("alerts split by and measure columns of their query, of types that Azure Monitor accepts", () => {
    for (const { name, criterion } of alerts) {
      const columns = bindQuery(queryText(at(criterion, "query"))).columns;
      const typeOf = (wanted: unknown) => columns.find((column) => column.name === wanted)?.type;
      const splitBy = names(at(criterion, "dimensions"));
      const measured = at(criterion, "metricMeasureColumn") ?? undefined;

      expect(splitBy.length, name).toBeLessThanOrEqual(6);
      for (const column of splitBy) expect(typeOf(column), `${name}: ${column}`).toMatch(/^(string|int|long|real)$/);
      if (measured !== undefined) expect(typeOf(measured), name).toMatch(/^(int|long|real)$/);
      expect(columns.map((column) => column.name)).not.toContain("AggregatedValue");
    }
  });

  test("an alert that runs every minute has nothing that Azure Monitor refuses at that frequency", () => {
    // https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule#frequency
    const everyMinute = alerts.filter(({ properties }) => at(properties, "evaluationFrequency") === "PT1M");
    const refused = new Set(["ingestion_time", "adx", "ago", ...FUNCTIONS.keys()]);

    expect(everyMinute.map(({ name }) => name)).toEqual(["incident-p1"]);
    for (const { criterion } of everyMinute) {
      const { syntax } = bindQuery(queryText(at(criterion, "query")));
      expect(callsIn(syntax).filter((call) => refused.has(call))).toEqual([]);
      expect(operatorsIn(syntax).filter((kind) => /^(Search|Union|Take)Operator$/.test(kind))).toEqual([]);
    }
  });

  test("an alert has a valid severity, schedule and window, and reaches somebody", () => {
    for (const { name, properties } of [...alerts, ...metricAlerts(deployment)]) {
      expect([0, 1, 2, 3, 4], name).toContain(at(properties, "severity"));
      expect(["PT1M", "PT5M", "PT10M", "PT15M", "PT30M", "PT1H"], name).toContain(
        at(properties, "evaluationFrequency"),
      );
      expect(["PT5M", "PT15M", "PT30M", "PT1H", "PT6H", "PT12H", "P1D"], name).toContain(at(properties, "windowSize"));
      expect(at(properties, "autoMitigate"), name).toBe(true);
      expect(at(properties, "enabled"), name).toBe(true);
      const actions = JSON.stringify(at(properties, "actions"));
      expect(actions, name).toContain(theOne(deployment, "Microsoft.Insights/actionGroups").id);
      expect(actions.includes(ON_CALL), name).toBe(/^(everything|existing)$/.test(deployment.name));
    }
  });

  test("an alert looks back at least two frequencies, since log lines arrive late, but no further than its time range", () => {
    const minutesOf = (duration: unknown) => {
      const [, count, unit] = /^P?T?(\d+)([MHD])$/i.exec(String(duration)) ?? [];
      return Number(count) * ({ m: 1, h: 60, d: 1_440 }[unit?.toLowerCase() ?? ""] ?? NaN);
    };
    for (const { name, properties, criterion } of alerts) {
      const [, ago] = /ago\((\w+)\)/.exec(queryText(at(criterion, "query"))) ?? [];
      const given = minutesOf(at(properties, "overrideQueryTimeRange") ?? at(properties, "windowSize"));
      const lookedAt = ago === undefined ? given : minutesOf(ago);

      expect(lookedAt, name).toBeLessThanOrEqual(given);
      expect(lookedAt, name).toBeGreaterThanOrEqual(2 * minutesOf(at(properties, "evaluationFrequency")));
      expect(minutesOf(at(properties, "windowSize")), name).toBeLessThanOrEqual(given);
    }
  });

  test("metrics exist in Azure and are aggregated as Azure does", () => {
    // https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/metrics-index
    const known: Readonly<Record<string, string>> = {
      ThrottledRequests: "Total",
      RowsDropped_Count: "Total",
      TransformationErrors_Count: "Count",
    };
    for (const { name, properties } of metricAlerts(deployment)) {
      for (const criterion of Object.values<unknown>(Object(at(properties, "criteria.allOf")))) {
        expect(at(criterion, "timeAggregation"), name).toBe(known[String(at(criterion, "metricName"))]);
      }
    }
  });

  test("a query fits into a rule, which is limited to 64 KB", () => {
    for (const { properties } of alerts) expect(JSON.stringify(properties).length).toBeLessThan(60_000);
  });
});

test("an alert says what to do: its section of the runbook, which fits and has no link that works only in the repository", () => {
  // https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#alerts
  const limits = { [LOG_ALERT]: 4_096, "Microsoft.Insights/metricAlerts": 2_048 };
  const [, ...sections] = readFileSync(new URL("../../docs/runbook.md", import.meta.url), "utf8").split("\n## ");
  for (const deployment of VARIANTS) {
    for (const [type, limit] of Object.entries(limits)) {
      for (const rule of ofType(deployment, type)) {
        const name = alertNameOf(rule);
        const description = String(at(rule.properties, "description"));
        const section = sections.find((each) => each.startsWith(`${name}\n`)) ?? "no section";
        const text = section.slice(name.length).trim();

        expect(description.replaceAll("''", "'"), name).toContain(text);
        expect(description.length, name).toBeLessThan(limit - 200); // addresses that only Azure knows are longer there
        expect(text, name).not.toMatch(/\]\((?!https:)/);
      }
    }
  }
});

test("an alert links to the runbook and to the page, if there are any", () => {
  const textIn = (deployment: string) => {
    const rule = ofType(variant(deployment), LOG_ALERT).find((each) => alertNameOf(each) === "hub-lag");
    return String(at(rule?.properties, "description"));
  };

  expect(textIn("everything")).toContain("The runbook: https://wiki.contoso.example/pimwatch#hub-lag");
  expect(textIn("everything")).toContain("The page: ");
  expect(textIn("main")).not.toMatch(/The runbook|The page/);
});

test("the missed check runs if it is switched on, and the cap's alert if there is a cap or may be one", () => {
  const with_ = (alert: string) =>
    VARIANTS.filter((deployment) => ofType(deployment, LOG_ALERT).some((rule) => alertNameOf(rule) === alert)).map(
      ({ name }) => name,
    );

  expect(with_("missed")).toEqual(["everything", "existing"]);
  expect(with_("daily-cap")).toEqual(["cheapest", "everything", "existing", "government"]);
});

test.each(["everything", "existing"])("the Sentinel rules of %s show only columns of their queries", (name) => {
  const rules = ofType(variant(name), SENTINEL_RULE);

  expect(new Set(rules.map(({ kind }) => kind))).toEqual(new Set(["NRT", "Scheduled"]));
  for (const { properties } of rules) {
    const bound = bindQuery(queryText(at(properties, "query")));
    const columns = new Set(bound.columns.map((column) => column.name));
    const override = at(properties, "alertDetailsOverride");
    const used = [
      ...[...JSON.stringify(override).matchAll(/\{\{(\w+)\}\}/g)].map(([, column]) => column),
      at(override, "alertSeverityColumnName"),
      at(override, "alertDynamicProperties.0.value"),
      ...Object.values<unknown>(Object(at(properties, "customDetails"))),
      ...Object.values<unknown>(Object(at(properties, "entityMappings"))).flatMap((entity) =>
        Object.values<unknown>(Object(at(entity, "fieldMappings"))).map((field) => at(field, "columnName")),
      ),
    ];

    expect(bound.problems).toEqual([]);
    expect(used.length).toBeGreaterThan(8);
    expect(used.filter((column) => !columns.has(String(column)))).toEqual([]);
  }
});

test("one Sentinel rule is on: in near real time unless another is chosen", () => {
  const on = (name: string) =>
    ofType(variant(name), SENTINEL_RULE).flatMap(({ kind, properties }) =>
      at(properties, "enabled") === true ? [kind] : [],
    );

  expect(["everything", "existing", "main"].map(on)).toEqual([["NRT"], ["Scheduled"], []]);
});

test("a query in near real time has nothing that Sentinel refuses there", () => {
  // https://learn.microsoft.com/azure/sentinel/near-real-time-rules#considerations
  const rule = ofType(variant("everything"), SENTINEL_RULE).find(({ kind }) => kind === "NRT");
  const { syntax } = bindQuery(queryText(at(rule?.properties, "query")));

  expect(callsIn(syntax).filter((call) => /^(ingestion_time|ago|now|workspace)$/.test(call))).toEqual([]);
  expect(operatorsIn(syntax).filter((kind) => /^(Join|Union|Search|Lookup)Operator$/.test(kind))).toEqual([]);
});

test("open incidents are shown no matter how old they are, also those outside of the time chosen for the page", () => {
  const shown = JSON.stringify(itemNamed(workbook, "Open incidents"));

  expect(shown).toContain(`"timeContext":{"durationMs":${730 * 86_400_000}}`); // as long as incidents can be kept
  expect(shown).not.toContain("timeContextFromParameter");
  expect(JSON.stringify(itemNamed(workbook, "Weakening changes first"))).toContain('"timeContextFromParameter":"Time"');
});

test("the deployed workbook is the generated one, with the app's name in it", () => {
  for (const deployment of VARIANTS) {
    const deployed = String(at(theOne(deployment, "Microsoft.Insights/workbooks").properties, "serializedData"));
    const appName = theOne(deployment, "Microsoft.Web/sites").name;
    expect(JSON.parse(deployed)).toEqual(JSON.parse(JSON.stringify(workbook).replaceAll("{functionApp}", appName)));
  }
});

function metricAlerts(deployment: Variant) {
  return ofType(deployment, "Microsoft.Insights/metricAlerts").map((rule) => ({
    name: alertNameOf(rule),
    properties: rule.properties,
  }));
}

function names(dimensions: unknown): string[] {
  return Object.values<unknown>(Object(dimensions)).map((dimension) => String(at(dimension, "name")));
}

/** Groups and tiles have their content under `content`; a tile's name is its title. */
function itemNamed(item: unknown, title: string): unknown {
  if (typeof item !== "object" || item === null) return undefined;
  if ("name" in item && item.name === title) return item;
  return Object.values<unknown>({ ...item }).reduce<unknown>(
    (found, part) => found ?? itemNamed(part, title),
    undefined,
  );
}

function workbookQueries(item: unknown): string[] {
  if (typeof item !== "object" || item === null) return [];
  const inner = Object.values<unknown>({ ...item }).flatMap(workbookQueries);
  return "query" in item && typeof item.query === "string" ? [item.query, ...inner] : inner;
}

function nodesIn(node: Syntax): Syntax[] {
  return [node, ...children(node).flatMap(nodesIn)];
}

function callsIn(syntax: Syntax): string[] {
  return nodesIn(syntax)
    .filter((node) => kindOf(node) === "FunctionCallExpression")
    .map((node) => textOf(node).split("(")[0]?.trim() ?? "");
}

function operatorsIn(syntax: Syntax): string[] {
  return nodesIn(syntax).map(kindOf);
}
