import { RestError } from "@azure/data-tables";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstArrivals, type Arrivals } from "../../cli/deployment/first-events.ts";
import { run } from "../../cli/pimwatch.ts";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import { tableClient } from "../../src/azure/clients.ts";
import { categorySightingTable } from "../../src/azure/ledger/category-sighting-table.ts";
import { ledgerTable } from "../../src/azure/ledger/ledger-table.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { LEDGER_TABLE } from "../../src/storage-names.ts";
import { TENANT } from "../samples.ts";
import { fakeTerminal } from "./fake-terminal.ts";
import { partitionStatus } from "../partition-status.ts";

const NOTHING: Arrivals = { auditLogsAt: undefined, lastEventAt: undefined, checkedAt: undefined };

describe("waiting", () => {
  /** Waits with looks that give these results, one after the other, one minute apart. */
  async function waiting(minutes: number, ...results: readonly (Arrivals | Error)[]) {
    const terminal = { ...fakeTerminal(), lines: [] as string[] };
    let looks = 0;
    let at = 0;
    const outcome = await firstArrivals(
      () => {
        const result = results[Math.min(looks, results.length - 1)];
        looks += 1;
        return result instanceof Error ? Promise.reject(result) : Promise.resolve(result ?? NOTHING);
      },
      {
        minutes,
        terminal: { ...terminal, progress: (line) => void terminal.lines.push(line) },
        now: () => at,
        pause: () => Promise.resolve((at += 60_000)),
      },
    ).catch((error: unknown) => error);
    return { outcome, looks, lines: terminal.lines };
  }
  const arrived = { ...NOTHING, auditLogsAt: 5 };

  test("ends with the first record", async () => {
    const others = { ...NOTHING, checkedAt: 1, lastEventAt: 1 };
    const { outcome, looks, lines } = await waiting(
      30,
      NOTHING,
      { ...NOTHING, checkedAt: 1 },
      others,
      arrived,
      NOTHING,
    );

    expect({ outcome, looks }).toEqual({ outcome: arrived, looks: 4 });
    expect(lines).toEqual([
      "Waiting for AuditLogs: minute 0 of 30; the app has not looked at the hub yet, or the table is not open to you yet",
      "Waiting for AuditLogs: minute 1 of 30; the hub has had no event yet",
      "Waiting for AuditLogs: minute 2 of 30; the hub has other events",
      "",
    ]);
  });

  test("ends after the given time, and with 0 after one look", async () => {
    expect(await waiting(30, NOTHING)).toMatchObject({ outcome: NOTHING, looks: 31 });
    expect(await waiting(0, NOTHING)).toMatchObject({ outcome: NOTHING, looks: 1 });
  });

  test("goes on while the table refuses a role that may be new, and no longer", async () => {
    const refused = new RestError("AuthorizationPermissionMismatch", { statusCode: 403 });

    expect(await waiting(30, refused, refused, arrived)).toMatchObject({ outcome: arrived, looks: 3 });
    expect(await waiting(2, refused)).toMatchObject({ outcome: refused, looks: 3 });
    expect(await waiting(30, new RestError("no sign-in", { statusCode: 401 }))).toMatchObject({ looks: 1 });
  });
});

describe("pimwatch wait-for-events", () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite();
    await tableRows(await table()).make();
  });
  afterAll(() => azurite.close());

  const table = () =>
    tableClient({ kind: "connectionString", connectionString: azurite.connectionString }, LEDGER_TABLE);
  /** Each test has a hub of its own. */
  const hubNamed = (hub: string) => ({ namespace: "example.servicebus.windows.net", hub });
  const command = (hub: string, ...more: readonly string[]) => {
    const place = [
      "--storage",
      azurite.connectionString,
      "--namespace",
      "example.servicebus.windows.net",
      "--hub",
      hub,
    ];
    return ["wait-for-events", ...place, ...more];
  };

  test("says when the last AuditLogs record came", async () => {
    const minute = Date.UTC(2026, 2, 4, 5, 6) / 60_000;
    const sightings = categorySightingTable(tableRows(await table()), hubNamed("seen"), []);
    const audit = { tenantId: TENANT, category: "AuditLogs" };
    await sightings.add([{ ...audit, minutes: [minute - 1_440, minute] }]);
    await sightings.add([{ tenantId: TENANT, category: "SignInLogs", minutes: [minute + 9] }]);
    const terminal = fakeTerminal();

    expect(await run(command("SEEN"), terminal)).toBe(0);
    expect(terminal.outs.join("")).toContain("in the minute of 2026-03-04T05:06:00.000Z");
  });

  test("names what to check if the app has not run", async () => {
    const terminal = fakeTerminal();

    expect(await run(command("unchecked", "--timeout", "0"), terminal)).toBe(1);
    const said = terminal.outs.join("");
    expect(said).toContain("the app has not looked at the hub unchecked at example.servicebus.windows.net yet");
    expect(said).toMatch(/1\. The app: does it run\?/);
    for (const cause of ["AuditLogs ticked", "disableLocalAuth", "entraLogCategories", "entra-audit-logs", "trusted"])
      expect(said).toContain(cause);
    expect(said).toContain("azd env set PIMWATCH_DISABLE_EVENT_HUB_LOCAL_AUTH false");
  });

  test.each([
    { hub: "empty", lastEnqueuedAt: undefined, says: "No event has reached the hub empty" },
    {
      hub: "others",
      lastEnqueuedAt: "2026-03-04T05:06:07.000Z",
      says: "the last one at 2026-03-04T05:06:07.000Z, but none was an AuditLogs record",
    },
  ])("tells a hub without events from one with other categories: $hub", async ({ hub, lastEnqueuedAt, says }) => {
    const status = partitionStatus({ checkedAt: "2026-03-04T05:07:00.000Z", lastEnqueuedAt });
    await ledgerTable(tableRows(await table()), hubNamed(hub)).writeStatus(status);
    const terminal = fakeTerminal();

    expect(await run(command(hub, "--timeout", "0"), terminal)).toBe(1);
    expect(terminal.outs.join("")).toContain(says);
    expect(terminal.outs.join("")).not.toContain("The app: does it run?");
  });

  test("stops at Ctrl-C, without waiting for the next look", async () => {
    const stopping = new AbortController();
    const terminal = {
      ...fakeTerminal(),
      stopping: stopping.signal,
      progress: () => {
        stopping.abort();
      },
    };

    expect(await run(command("stopped"), terminal)).toBe(1);
    expect(terminal.outs.join("")).toBe("Stopped waiting: no AuditLogs record has come yet\n");
  });

  test.each([
    ["--timeout", "x"],
    ["--namespace", "a b"],
  ])("refuses %s %s", async (option, value) => {
    expect(await run(command("any", option, value), fakeTerminal())).toBe(2);
  });
});
