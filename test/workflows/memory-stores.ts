import { rowOfEntity, textOfRecordEntity } from "../../src/azure/incidents/incident-entity.ts";
import { incidentTable } from "../../src/azure/incidents/incident-table.ts";
import { categorySightingTable } from "../../src/azure/ledger/category-sighting-table.ts";
import { evaluationTable } from "../../src/azure/ledger/evaluation-table.ts";
import { unmatchedOperationTable } from "../../src/azure/ledger/unmatched-operation-table.ts";
import { suspectTable, type WorkerProcess } from "../../src/azure/ledger/suspect-table.ts";
import { incidentIdOf, kindOf } from "../../src/azure/tables/row-keys.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import type { StoredIncident } from "../../src/core/incident/incident-row.ts";
import { categoryWatch } from "../../src/core/ledger/category-watch.ts";
import { ruleSetOf } from "../../src/core/ledger/evaluations.ts";
import { type DetectDependencies, KEEPS_NOTHING } from "../../src/workflows/detection/detect-batch.ts";
import type { HandleDependencies } from "../../src/workflows/detection/handle-events.ts";
import { memoryTable } from "../../simulation/services/memory-table.ts";
import { TENANT } from "../samples.ts";
import { readyRule } from "../shipped-rule.ts";

interface Operations {
  readonly operations: ReturnType<typeof unmatchedOperationTable>;
}

export type Letter = Parameters<DetectDependencies["deadLetters"]["add"]>[0];

/** The stores that detection needs: the app's own incident table over a table in memory, and dead letters in a list. */
export function memoryStores() {
  const { client, rows } = memoryTable();
  void client.createTable();
  const incidents = incidentTable(tableRows(client));
  const letters: Letter[] = [];
  const deps: DetectDependencies &
    Pick<HandleDependencies, "categories" | "sightings"> &
    Operations & { readonly evaluations: ReturnType<typeof memoryEvaluations> } = {
    operations: unmatchedOperationTable(tableRows(client)),
    evaluations: memoryEvaluations(),
    categories: categoryWatch(new Set([TENANT]), ["AuditLogs"]),
    sightings: categorySightingTable(tableRows(client), { namespace: "contoso", hub: "audit" }, [
      { tenantId: TENANT, category: "AuditLogs" },
    ]),
    rules: [readyRule()],
    allowedTenantIds: new Set([TENANT]),
    incidents,
    kept: KEEPS_NOTHING,
    deadLetters: {
      add: (letter) => {
        letters.push(letter);
        return Promise.resolve();
      },
    },
    now: () => new Date("2026-03-04T09:14:01Z"),
  };

  /** Every incident as it is stored, in the order in which they came. */
  function stored(): StoredIncident[] {
    const ofKind = (kind: string) => rows().filter(({ rowKey }) => kindOf(String(rowKey)) === kind);
    const keyOf = ({ partitionKey, rowKey }: Readonly<Record<string, unknown>>) =>
      `${String(partitionKey)} ${incidentIdOf(String(rowKey))}`;
    const records = new Map(ofKind("record").map((entity) => [keyOf(entity), textOfRecordEntity(entity)]));
    return ofKind("incident").map((entity) => ({
      row: rowOfEntity(entity),
      record: records.get(keyOf(entity)) ?? "",
    }));
  }

  return { deps, incidents, stored, letters };
}

/** The rules and tenants of these stores. */
export const RULE_SET = ruleSetOf("1.0.0", [readyRule().rule], [TENANT]);

/** The app's own notes of evaluations over a table in memory. */
export function memoryEvaluations() {
  const { client } = memoryTable();
  void client.createTable();
  const { evaluating, ...table } = evaluationTable(tableRows(client), { namespace: "n", hub: "h" });
  return { ...table, evaluating: (at: Date) => evaluating(RULE_SET, at) };
}

/** The app's own marks of suspects over a table in memory, for workers that the test kills. */
export function memorySuspects() {
  const { client, rows } = memoryTable();
  void client.createTable();
  let pid = 1;
  const self: WorkerProcess = {
    get id() {
      return `worker ${pid}`;
    },
    host: "a",
    get pid() {
      return pid;
    },
    isAlive: (other) => other === pid,
  };
  const real = suspectTable(tableRows(client), { self });
  const log: string[] = [];
  return {
    log,
    marks: () =>
      new Map(rows().map(({ rowKey, Quarantined }) => [String(rowKey), { quarantined: Quarantined === true }])),
    /** The worker is gone: what is marked now was not ended. Another one takes its place. */
    die() {
      pid += 1;
    },
    suspects: {
      ...real,
      async beginTogether(keys: readonly string[]) {
        const areNew = await real.beginTogether(keys);
        log.push(areNew ? `begin ${keys.length} together` : `do not begin ${keys.length} together`);
        return areNew;
      },
      endTogether(keys: readonly string[]) {
        log.push(`end ${keys.length} together`);
        return real.endTogether(keys);
      },
      begin(key: string) {
        log.push(`begin ${key.split("|", 1).join()}`);
        return real.begin(key);
      },
      end(key: string) {
        log.push(`end ${key.split("|", 1).join()}`);
        return real.end(key);
      },
      known: () => real.known({ fresh: true }),
    },
  };
}
