import { readdirSync, readFileSync } from "node:fs";
import { chance, type Chance } from "../../local/samples/chance.ts";
import { nearMissRecord, NEAR_MISS_KINDS, ordinaryAuditRecord } from "../../local/samples/other-audit-events.ts";
import { settingsChangeRecord } from "../../local/samples/settings-change-record.ts";
import { SETTINGS_CHANGES } from "../../local/samples/settings-changes.ts";
import { anyForm, inMemory, withLiteralAtAnEnd, writtenEvent } from "../../local/samples/written-event.ts";
import type { Json } from "../../src/kql/run/values.ts";
import { jsonText } from "./json-text.ts";

const START = Date.UTC(2026, 2, 4);
const RULE_SAMPLES = new URL("../../rules/samples/", import.meta.url);

/** Valid records as text, on which the mutations are based. */
const GOOD: readonly string[] = goodRecords();
const GOOD_VALUES = GOOD.map((text): Json => JSON.parse(text) as Json);

function goodRecords(): string[] {
  const draw = chance("good records");
  const time = (index: number) => new Date(START + index * 1_000);
  return [
    ...readdirSync(RULE_SAMPLES).map((name) => JSON.parse(readFileSync(new URL(name, RULE_SAMPLES), "utf8")) as Json),
    ...SETTINGS_CHANGES.map((change, index) => settingsChangeRecord(change, "Global Administrator", time(index), draw)),
    ...Array.from({ length: NEAR_MISS_KINDS }, (_, kind) => nearMissRecord(kind, time(kind), draw)),
    ...Array.from({ length: 20 }, (_, index) => ordinaryAuditRecord(time(index), draw)),
    { category: "SignInLogs", operationName: "Sign-in activity", properties: {} },
  ].map((good) => JSON.stringify(good));
}

/** The event bodies of one run. The same seed, number and literals give the same bytes. */
export function fuzzBodies(seed: string, run: number, literals: readonly string[]): Uint8Array[] {
  const draw = chance(`${seed} ${run}`);
  return Array.from({ length: draw.between(1, 3) }, () => {
    const bytes = draw.between(0, 2) === 0 ? eventOfAnyForm(literals, draw) : oddBody(draw);
    return inMemory(draw.between(0, 3) === 0 ? damaged(bytes, draw) : bytes, literals, draw);
  });
}

function oddBody(draw: Chance): Buffer {
  const records = Array.from({ length: draw.between(0, 3) }, () => record(draw));
  const list = records.join(draw.pick([",", ",", ", ", ",\n", ",,"]));
  const text = draw.pick([`{"records":[${list}]}`, `{"records":[${list}]}`, `[${list}]`, list, `{"records": [${list}`]);
  return Buffer.from(draw.between(0, 9) === 0 ? jsonText(draw) : text);
}

/** Larger than the size up to which a body with a literal is read in full. */
const LARGE = { category: "SignInLogs", text: "x".repeat(17_000) };

/** Good JSON with a literal at an end of its record, and so at an end of the event if the record is alone. */
function eventOfAnyForm(literals: readonly string[], draw: Chance): Buffer {
  const others = () => Array.from({ length: draw.between(0, 2) }, () => draw.pick(GOOD_VALUES));
  const before = draw.between(0, 9) === 0 ? [...others(), LARGE] : others();
  const good = withLiteralAtAnEnd(draw.pick(GOOD_VALUES), literals, draw);
  const form = anyForm(draw);
  // A single record has few bytes after its literal, so it comes more often.
  const wrapping = draw.between(0, 2) === 0 ? "single record" : form.wrapping;
  return writtenEvent({ record: good, before, behind: others() }, { ...form, wrapping }, draw);
}

/** A good record, one with a replaced value or field, or any JSON. */
function record(draw: Chance): string {
  const good = draw.pick(GOOD);
  switch (draw.between(0, 4)) {
    case 0:
      return good;
    case 1:
      return jsonText(draw);
    case 2:
      return good.replace(
        /}$/,
        `,"${draw.pick(["properties", "category", "tenantId", "__proto__"])}":${jsonText(draw)}}`,
      );
    default:
      return replaceValues(good, draw);
  }
}

/** Replaces some of the values after a colon. */
function replaceValues(text: string, draw: Chance): string {
  const oneIn = draw.pick([4, 10, 30]);
  return text.replaceAll(/:("(?:[^"\\]|\\.)*"|null|\d+)/g, (value) =>
    draw.between(1, oneIn) === 1 ? `:${jsonText(draw, 2)}` : value,
  );
}

const INTERESTING = [
  [0xef, 0xbb, 0xbf],
  [0xff, 0xfe],
  [0x00],
  [0x22],
  [0x5c],
  [0x7b],
  [0x5d],
  [0x2c],
  [0xed, 0xa0, 0x80],
  [0xf0],
];

/** Flips, inserts, removes, doubles or cuts off bytes. */
function damaged(bytes: Buffer, draw: Chance): Buffer {
  let result = bytes;
  for (let times = draw.between(1, 3); times > 0; times -= 1) result = damagedOnce(result, draw);
  return result;
}

function damagedOnce(bytes: Buffer, draw: Chance): Buffer {
  const at = draw.between(0, bytes.length);
  const end = Math.min(bytes.length, at + draw.between(1, 64));
  const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (draw.between(0, 4)) {
    case 0:
      return Buffer.concat([before, part.map((byte) => byte ^ (1 << draw.between(0, 7))), after]);
    case 1:
      return Buffer.concat([before, Buffer.from(draw.pick(INTERESTING)), part, after]);
    case 2:
      return Buffer.concat([before, after]);
    case 3:
      return Buffer.concat([before, part, part, after]);
    default:
      return before;
  }
}
