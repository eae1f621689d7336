import type { SampleRecord } from "./audit-record.ts";
import { chance, type Chance } from "./chance.ts";
import { nearMissFinders, nearMissRecord, NEAR_MISS_KINDS, ordinaryAuditRecord } from "./other-audit-events.ts";
import { settingsChangeRecord } from "./settings-change-record.ts";
import { SETTINGS_CHANGES } from "./settings-changes.ts";
import { otherCategoryRecord } from "./sign-ins.ts";

/** The folder of the official rule that the settings changes are made for. */
const SETTINGS_RULE = "changes-to-pim-settings";

const MINUTE = 60_000;
/** Entra ID exports audit events in windows of about five minutes (see README.md). */
const WINDOW = 5 * MINUTE;
const WINDOWS = (24 * 60 * MINUTE) / WINDOW;

export interface SampleDay {
  /** Event bodies in the order the hub receives them. */
  readonly bodies: readonly Uint8Array[];
  /** Every record of the day once, however often it is delivered, with the rules that find it, listed by hand. */
  readonly expected: readonly ExpectedRecord[];
  readonly figures: {
    /** Records delivered, including repeats. */
    readonly delivered: number;
    /** Bodies and elements that are not records; each becomes a dead letter. */
    readonly unreadable: number;
  };
}

interface ExpectedRecord {
  /** `properties.id` */
  readonly recordId: string;
  /** Folders of this repository's rules that find it as shipped; rules that are switched off find nothing. */
  readonly rules: readonly string[];
}

/**
 * A day of invented audit exports: mostly other operations and sign-ins, plus every kind of PIM settings change and
 * every irregular delivery. The same seed and day give the same bytes.
 *
 * @param day when the day ends; it begins 24 hours earlier
 */
export function sampleDay({ seed = 1, day = new Date() }: { seed?: number; day?: Date } = {}): SampleDay {
  const draw = chance(`${seed} ${day.toISOString()}`);
  const finders = new Map<string, readonly string[]>();
  const windows = Array.from({ length: WINDOWS }, (_, index) => ({
    start: day.getTime() - (WINDOWS - index) * WINDOW,
    records: [] as SampleRecord[],
  }));
  const at = (window: { start: number }): Date => new Date(window.start + draw.between(0, WINDOW - 1));

  for (const window of windows) {
    const ordinary = [
      ...times(draw.between(1, 6), () => ordinaryAuditRecord(at(window), draw)),
      ...times(draw.between(1, 7), () => otherCategoryRecord(at(window), draw)),
    ];
    for (const record of ordinary) add(window.records, record, []);
  }
  for (const [kind, change] of SETTINGS_CHANGES.entries()) {
    const window = windowFor(kind, SETTINGS_CHANGES.length);
    const started = at(window);
    for (const [index, role] of change.roles.entries()) {
      const time = new Date(Math.min(started.getTime() + index * 7_000, window.start + WINDOW - 1));
      add(window.records, settingsChangeRecord(change, role, time, draw), change.matches ? [SETTINGS_RULE] : []);
    }
  }
  for (let kind = 0; kind < NEAR_MISS_KINDS; kind += 1) {
    const window = windowFor(kind, NEAR_MISS_KINDS);
    add(window.records, nearMissRecord(kind, at(window), draw), nearMissFinders(kind));
  }

  const delivery = deliver(windows.map(({ records }) => shuffled(records, draw)));
  return {
    ...delivery,
    expected: [...finders].map(([recordId, rules]) => ({ recordId, rules })),
  };

  function add(records: SampleRecord[], record: SampleRecord, rules: readonly string[]): void {
    records.push(record);
    finders.set(record.properties.id, rules);
  }

  /** Spreads kinds evenly over the day. */
  function windowFor(kind: number, kinds: number): { start: number; records: SampleRecord[] } {
    const window = windows[Math.floor(((kind + 0.5) * WINDOWS) / kinds)];
    if (!window) throw new RangeError(`No window for number ${kind} of ${kinds}`);
    return window;
  }
}

/** Turns windows into bodies, with the irregularities of real deliveries at fixed windows. */
function deliver(windows: readonly (readonly SampleRecord[])[]): Pick<SampleDay, "bodies" | "figures"> {
  const bodies: Uint8Array[] = [];
  let delivered = 0;
  let unreadable = 0;
  const send = (body: Uint8Array, records: number): void => {
    bodies.push(body);
    delivered += records;
  };
  for (const [index, records] of windows.entries()) {
    // Primes, so that each form of delivery meets windows with and without a settings change.
    if (index % 11 === 3) send(json(records), records.length);
    else if (index % 13 === 5) send(withByteOrderMark(wrapped(records)), records.length);
    else if (index % 17 === 7) send(json({ records }, 2), records.length);
    else if (index % 19 === 4) for (const record of records) send(json(record), 1);
    else send(wrapped(records), records.length);

    // Azure Monitor does not promise exactly-once delivery: a whole body can repeat, or a record in another body.
    const earlier = windows[index - 3];
    if (earlier && index % 23 === 8) send(wrapped(earlier), earlier.length);
    if (earlier && index % 7 === 2) send(wrapped(earlier.slice(0, 2)), Math.min(2, earlier.length));
    if (index === 100) {
      // Other Azure services have sent such text to a shared hub.
      bodies.push(new TextEncoder().encode("{'records': [{'time': '2026-01-01\nT00:00:00Z'}]}"));
      unreadable += 1;
    }
    if (index === 200) {
      send(json({ records: [...records, 42] }), records.length);
      unreadable += 1;
    }
  }
  return { bodies, figures: { delivered, unreadable } };
}

function wrapped(records: readonly SampleRecord[]): Uint8Array {
  return json({ records });
}

function json(value: unknown, indent?: number): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, indent));
}

function withByteOrderMark(body: Uint8Array): Uint8Array {
  return Uint8Array.of(0xef, 0xbb, 0xbf, ...body);
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

function shuffled<T>(items: readonly T[], draw: Chance): T[] {
  return items
    .map((item) => ({ item, place: draw.between(0, 1_000_000) }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
