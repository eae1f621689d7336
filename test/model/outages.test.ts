// Outages of an hour or more, in simulated time, after which nobody has to intervene.
import type { LogsIngestionClient } from "@azure/monitor-ingestion";
import { expect, test } from "vitest";
import { logsIngestion } from "../../src/azure/sinks/logs-ingestion.ts";
import { valueText } from "../../src/core/value-text.ts";
import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import { handlingOf } from "../../src/workflows/detection/handle-events.ts";
import { mustHold, mustHoldInTheEnd } from "./laws.ts";
import { PARTITION_IDS, type UploadsTo, world, type World } from "./world.ts";

const MINUTE = 60_000;
const PATIENCE = { graceMs: 2 * MINUTE, stallMs: 15 * MINUTE };

interface Host {
  /** It moves its checkpoint after a failure. */
  readonly givesUp: boolean;
  /** Number of retries of each partition's batch. */
  readonly retries: Map<string, number>;
}

/** A minute of the host: deliveries, and each timer once. Nobody else retries failures. */
async function minute(real: World, { givesUp, retries }: Host): Promise<void> {
  real.clock.app += MINUTE;
  real.clock.hub += MINUTE;
  for (const id of PARTITION_IDS) {
    const batch = real.nextBatch(id, 64);
    const last = batch.at(-1)?.event.position.sequenceNumber ?? -1;
    const retry = retries.get(id) ?? 0;
    const events = batch.map(({ event }) => event);
    const isDone = await real.attempt(() => real.handle(events, handlingOf(retry)));
    retries.set(id, isDone || givesUp ? 0 : retry + 1);
    if (last >= 0 && (isDone || givesUp)) real.partition(id).checkpoint = last + 1;
  }
  await real.attempt(() => real.ledgerTimer(PATIENCE));
  await real.attempt(() => real.sweep());
  await mustHold(real);
}

async function minutes(
  real: World,
  count: number,
  { givesUp = false, sends = true, retries = new Map<string, number>() } = {},
): Promise<void> {
  for (let passed = 1; passed <= count; passed += 1) {
    if (sends) {
      real.send("0", "match");
      real.send("1", passed % 10 === 0 ? "garbage" : "two matches");
    }
    await minute(real, { givesUp, retries });
  }
}

async function deployed(options: Parameters<typeof world>[0] = {}): Promise<World> {
  const real = world(options);
  await real.create();
  await real.ledgerTimer(PATIENCE);
  return real;
}

async function allIsWell(real: World): Promise<void> {
  mustHoldInTheEnd(real);
  const { lag, gapEvents, lostEvents } = await real.ledgerTimer(PATIENCE);
  expect({ lag, gapEvents, lostEvents }).toEqual({ lag: 0, gapEvents: 0, lostEvents: 0 });
  const expected = real.everSent.flatMap(({ incidentIds }) => incidentIds);
  expect(new Set([...real.accepted].map((state) => state.split("|")[0]))).toEqual(new Set(expected));
}

test("ingestion that is down for an hour gets few requests, and everything once within two minutes of its return", async () => {
  const endpoint = { isDown: false, asked: 0, incidentIds: new Array<string>() };
  const uploadsTo: UploadsTo = ({ accept }) => {
    const client: Pick<LogsIngestionClient, "upload"> = {
      upload(_ruleId, _stream, rows) {
        endpoint.asked += 1;
        if (endpoint.isDown) return Promise.reject(new Error("connect ECONNREFUSED"));
        for (const row of rows as IncidentRow[]) {
          endpoint.incidentIds.push(valueText(row["IncidentId"]));
          accept(row);
        }
        return Promise.resolve();
      },
    };
    return logsIngestion(client, { ruleId: "dcr-1", stream: "Custom-1" }).send;
  };
  const real = await deployed({ uploadsTo });
  await minutes(real, 5);
  endpoint.isDown = true;
  endpoint.asked = 0;

  await minutes(real, 60);
  expect(endpoint.asked).toBeLessThanOrEqual(60 * 8); // a few times a minute, no matter how many wait
  expect(await real.incidents.waiting(real.ruleId)).toMatchObject({ refused: 0 });

  endpoint.isDown = false;
  await minutes(real, 2, { sends: false });
  const expected = real.everSent.flatMap(({ incidentIds }) => incidentIds);
  expect(endpoint.incidentIds.toSorted()).toEqual(expected.toSorted());
  mustHoldInTheEnd(real);
});

test.each([
  { host: "a host that retries for ever", givesUp: false },
  { host: "a host that gives up on each batch and continues", givesUp: true },
])(
  "storage that accepts nothing for two hours, like a full disk: $host catches up without help",
  async ({ givesUp }) => {
    const real = await deployed();
    await minutes(real, 3, { givesUp });
    const before = real.incidentRows.rows().length;
    real.storage.isFull = true;
    await minutes(real, 120, { givesUp });
    expect(real.incidentRows.rows()).toHaveLength(before); // nothing is half written

    real.storage.isFull = false;
    await minutes(real, 1, { givesUp });
    await minutes(real, 20, { givesUp, sends: false }); // including 15 until the end of a partition counts as abandoned
    await allIsWell(real);
  },
);

test.each([
  { host: "a host that retries for ever", givesUp: false, minutesLate: 12 },
  { host: "a host that gives up on each batch and continues", givesUp: true, minutesLate: 4 },
])(
  "one event per partition that the table refuses for an hour and a half holds up nothing else: $host",
  async ({ givesUp, minutesLate }) => {
    const real = await deployed();
    await minutes(real, 3, { givesUp });
    real.send("0", "match");
    real.send("1", "two matches");
    const bad = real.everSent.slice(-2);
    const badIds = new Set(bad.flatMap(({ incidentIds }) => incidentIds.slice(0, 1)));
    for (const id of badIds) real.refused.add(id);

    const retries = new Map<string, number>();
    let late = 0;
    for (let passed = 1; passed <= 90; passed += 1) {
      await minutes(real, 1, { givesUp, retries });
      if (!(await isAllStoredBut(real, badIds))) late += 1;
    }
    expect(late).toBeLessThanOrEqual(minutesLate);
    const { stuckEvents, lag, gapEvents, alert, lostEvents } = await real.ledgerTimer(PATIENCE);
    expect({ stuckEvents, gapEvents, alert, lostEvents }).toEqual({
      stuckEvents: 2,
      gapEvents: 0,
      alert: true,
      lostEvents: 0,
    });
    expect(lag).toBeGreaterThan(2);

    real.refused.clear();
    await minutes(real, 61, { givesUp, retries });
    await minutes(real, 3, { givesUp, sends: false });
    await allIsWell(real);
  },
);

/** Whether every incident except these is stored, of events sent more than a minute ago. */
async function isAllStoredBut(real: World, badIds: ReadonlySet<string>): Promise<boolean> {
  const before = real.clock.hub - MINUTE;
  for (const { incidentIds, event } of real.everSent)
    for (const id of incidentIds) {
      const isRecent = Date.parse(event.position.enqueuedTime ?? "") > before;
      if (isRecent || badIds.has(id)) continue;
      if ((await real.incidents.get(real.ruleId, id)) === undefined) return false;
    }
  return true;
}

test.each([
  { jump: "a day back", by: -86_400_000 },
  { jump: "a day ahead", by: 86_400_000 },
  { jump: "a day ahead, and back again", by: 86_400_000, andThen: -86_400_000 },
])(
  "a clock that jumps $jump while storage comes and goes: everything catches up within the hour",
  async ({ by, andThen = 0 }) => {
    const real = await deployed();
    await minutes(real, 3);
    real.storage.isFull = true;
    await minutes(real, 3, { givesUp: true });
    real.clock.app += by;
    real.storage.isFull = false;
    real.ingestion.mode = "down";
    await minutes(real, 3, { givesUp: true });
    real.clock.app += andThen;
    real.ingestion.mode = "up";

    await minutes(real, 20, { sends: false });
    await allIsWell(real);
  },
);
