import { chance, type Chance } from "../local/samples/chance.ts";
import { nearMissRecord, NEAR_MISS_KINDS, ordinaryAuditRecord } from "../local/samples/other-audit-events.ts";
import { settingsChangeRecord } from "../local/samples/settings-change-record.ts";
import { SETTINGS_CHANGES } from "../local/samples/settings-changes.ts";
import type { SampleRecord } from "../local/samples/audit-record.ts";
import { shuffled } from "./director.ts";
import { failingId } from "./faults/failing-items.ts";
import { reluctantId, UNSTORABLE_MARK } from "./faults/failing-store.ts";

/** An event addressed to a partition. */
export interface Delivery {
  readonly body: Uint8Array;
  readonly partition: number;
}

/** One portion of traffic, and its expected results. */
export interface Portion {
  readonly deliveries: readonly Delivery[];
  /** Every readable record, once. */
  readonly records: readonly SampleRecord[];
  /** Those of them that the rule on PIM settings must find. */
  readonly matches: readonly SampleRecord[];
  /** Those that the rule over several events counts. */
  readonly reviews: readonly SampleRecord[];
  /** Bytes that must be kept exactly. */
  readonly letters: readonly Uint8Array[];
}

/** Suffix of the id of a record whose row the ingestion endpoint always refuses. */
export const REFUSED_MARK = "_refused";
const REFUSED_ONE_IN = 8;
const FAILING_ONE_IN = 16;

/** Part of every record; it must never appear in logs. */
export const PAYLOAD_MARK = "payload-7f3a";

/** Matching records without an id of their own. */
const CHANGES = SETTINGS_CHANGES.filter(({ matches, properties }) => matches && !Object.hasOwn(properties ?? {}, "id"));
const MATCHES = 24;
const OTHERS = 12;
const REVIEWS = 6;
/** Who reviews in some portions in a row. */
const REVIEWERS = 3;
const PORTIONS_OF_A_REVIEWER = 8;
const REVIEW = "Review access of group";
const MINUTE_MS = 60_000;
const AGAIN_ONE_IN = 3;
/**
 * How often the table fails for a reluctant incident. Only in the first portions, because an event left to the healer
 * rests for at least two minutes between attempts.
 */
const RELUCTANT = { portions: 4, times: [4, 10, 20] };
/** The app looks for bad records only in events that contain a literal. */
const SOUGHT = "Update role setting in PIM";
const utf8 = new TextEncoder();
const BYTE_ORDER_MARK = Uint8Array.of(0xef, 0xbb, 0xbf);

/**
 * The n-th portion of a run: settings changes, each delivered one to three times, in different batches, orders, forms
 * and partitions, between other records and between unreadable events and records. So are records of the same minute that
 * the rule over several events counts.
 *
 * @param reviewsFrom the time of the first of those, in milliseconds since 1970
 */
export function portion(
  seed: string,
  number: number,
  { partitions, reviewsFrom }: { readonly partitions: number; readonly reviewsFrom: number },
): Portion {
  const draw = chance(`${seed} traffic ${number}`);
  const start = Date.UTC(2026, 2, 4) + number * MINUTE_MS;
  const matches = Array.from({ length: MATCHES }, (_, index) => matching(new Date(start + index * 1000), draw));
  const others = Array.from({ length: OTHERS }, (_, index) => other(new Date(start + index * 1000), draw));
  const reviews = Array.from({ length: REVIEWS }, () =>
    review(number, new Date(reviewsFrom + number * MINUTE_MS + draw.between(0, MINUTE_MS - 1)), draw),
  );
  const letters: Uint8Array[] = [];

  const mostly = [...matches, ...reviews];
  const deliveries = [mostly, again(mostly, draw), again(mostly, draw)].flatMap((records) => {
    const mixed = shuffled([...records, ...others], draw);
    return groups(mixed, draw).map((group) => body(group, letters, draw));
  });
  const hard = hardToStore(matches, new Date(start), { isReluctant: number < RELUCTANT.portions, draw });
  letters.push(...hard.letters);
  deliveries.push(...hard.bodies);
  const unreadable = [notUtf8(draw), cutShort(draw), notAnObject(draw)];
  letters.push(...unreadable);
  const everything = shuffled([...deliveries, ...unreadable, ...unreadable.slice(0, draw.between(0, 2))], draw);
  return {
    deliveries: everything.map((bytes) => ({ body: bytes, partition: draw.between(0, partitions - 1) })),
    records: [...matches, ...others, ...reviews, ...hard.stored],
    reviews,
    matches: [...matches, ...hard.stored],
    letters,
  };
}

/** Events with one incident each that the table refuses or fails at first, between others that it accepts. */
function hardToStore(
  matches: readonly SampleRecord[],
  time: Date,
  { isReluctant, draw }: { readonly isReluctant: boolean; readonly draw: Chance },
): {
  readonly bodies: readonly Uint8Array[];
  readonly letters: readonly Uint8Array[];
  readonly stored: SampleRecord[];
} {
  const made = (id: (id: string) => string): SampleRecord => {
    const record = settingsChange(time, draw);
    return withId(record, id(record.properties.id));
  };
  const refused = made((id) => id + UNSTORABLE_MARK);
  const stored = isReluctant ? [made((id) => reluctantId(id, draw.pick(RELUCTANT.times)))] : [];
  const bodies = [refused, ...stored].map((record) =>
    utf8.encode(JSON.stringify({ records: [draw.pick(matches), record, draw.pick(matches)] })),
  );
  return { bodies, letters: [utf8.encode(JSON.stringify(refused))], stored };
}

/** Traffic for measurements: matching records, one per event, a few events at a time. */
const STRETCH = { portions: 20, events: 2 };

/** @param failing share of the records whose incidents no receiver accepts */
export function stretch(draw: Chance, partitions: number, failing: number): Portion[] {
  return Array.from({ length: STRETCH.portions }, (_portion, portionNumber) => {
    const time = new Date(Date.UTC(2026, 1, 1) + portionNumber * 1000);
    const records = Array.from({ length: STRETCH.events }, () => {
      const record = settingsChange(time, draw);
      const isFailing = draw.between(1, 100) <= failing * 100;
      return isFailing ? withId(record, failingId(record.properties.id, draw)) : record;
    });
    const deliveries = records.map((record) => ({
      body: utf8.encode(JSON.stringify({ records: [record] })),
      partition: draw.between(0, partitions - 1),
    }));
    return { deliveries, records, matches: records, reviews: [], letters: [] };
  });
}

function matching(time: Date, draw: Chance): SampleRecord {
  const record = settingsChange(time, draw);
  const { id } = record.properties;
  if (draw.between(1, REFUSED_ONE_IN) === 1) return withId(record, `${id}${REFUSED_MARK}`);
  return draw.between(1, FAILING_ONE_IN) === 1 ? withId(record, failingId(id, draw)) : record;
}

function settingsChange(time: Date, draw: Chance): SampleRecord {
  const record = settingsChangeRecord(draw.pick(CHANGES), "Global Administrator", time, draw);
  return { ...record, identity: `${PAYLOAD_MARK} ${draw.guid()}` };
}

/** One of several records of an actor that together are a finding. */
function review(portionNumber: number, time: Date, draw: Chance): SampleRecord {
  const record = ordinaryAuditRecord(time, draw);
  const actor = `reviewer-${Math.floor(portionNumber / PORTIONS_OF_A_REVIEWER)}-${draw.between(1, REVIEWERS)}`;
  const initiatedBy = { user: { id: actor, userPrincipalName: `${actor}@contoso.example` } };
  return {
    ...record,
    operationName: REVIEW,
    identity: PAYLOAD_MARK,
    properties: { ...record.properties, activityDisplayName: REVIEW, initiatedBy },
  };
}

function withId(record: SampleRecord, id: string): SampleRecord {
  return { ...record, properties: { ...record.properties, id } };
}

function other(time: Date, draw: Chance): SampleRecord {
  const record = draw.pick([
    () => nearMissRecord(draw.between(0, NEAR_MISS_KINDS - 1), time, draw),
    () => ordinaryAuditRecord(time, draw),
    () => ({ ...ordinaryAuditRecord(time, draw), category: "SignInLogs" }),
  ])();
  return { ...record, identity: PAYLOAD_MARK };
}

/** Repeats some of the records. Not too many, because a repeat can hide a loss. */
function again(records: readonly SampleRecord[], draw: Chance): SampleRecord[] {
  return records.filter(() => draw.between(1, AGAIN_ONE_IN) === 1);
}

/** Events with one to five records. */
function groups(records: readonly SampleRecord[], draw: Chance): SampleRecord[][] {
  const left = [...records];
  const made: SampleRecord[][] = [];
  while (left.length > 0) made.push(left.splice(0, draw.between(1, 5)));
  return made;
}

/** The records in one of the forms that exports and people send; one form in twelve includes an unreadable record. */
function body(records: readonly SampleRecord[], letters: Uint8Array[], draw: Chance): Uint8Array {
  switch (draw.between(0, 11)) {
    case 0:
      return utf8.encode(JSON.stringify(records));
    case 1:
      return utf8.encode(JSON.stringify({ records }, null, 2));
    case 2:
      return Buffer.concat([BYTE_ORDER_MARK, utf8.encode(JSON.stringify({ records }))]);
    case 3: {
      const bad = `{"operationName": "${SOUGHT}", "${PAYLOAD_MARK}": '${draw.guid()}'}`;
      const texts = records.map((record) => JSON.stringify(record));
      letters.push(utf8.encode(bad));
      texts.splice(draw.between(0, texts.length), 0, bad);
      return utf8.encode(`{"records":[${texts.join(", ")}]}`);
    }
    default:
      return utf8.encode(JSON.stringify({ records }));
  }
}

function notUtf8(draw: Chance): Uint8Array {
  return Buffer.concat([utf8.encode(`{"${PAYLOAD_MARK}":"${draw.guid()}`), Uint8Array.of(0xff, 0xfe, 0x22, 0x7d)]);
}

function cutShort(draw: Chance): Uint8Array {
  return utf8.encode(`{"records": "${PAYLOAD_MARK} ${draw.guid()}`);
}

function notAnObject(draw: Chance): Uint8Array {
  return utf8.encode(JSON.stringify(`${PAYLOAD_MARK} ${draw.guid()}`));
}
