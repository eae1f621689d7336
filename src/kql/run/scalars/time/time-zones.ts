import { toText } from "../../conversion.ts";
import { CallProblem, type Call, type Compute, type FunctionTable } from "../../evaluation.ts";
import { asDatetime, asText } from "../../operand.ts";
import { dateOf, datetimeOf, TICKS_PER_SECOND } from "../../time.ts";
import { allPriced, operand, scalar } from "../binding.ts";

/** Conversions between UTC and the local time of a zone, by IANA name. */
export const TIME_ZONES: FunctionTable = allPriced(
  { call: 20_000 },
  {
    datetime_utc_to_local: scalar("datetime_utc_to_local(datetime, timezone)", (call) =>
      moved(call, (ticks, offset) => ticks + offset(ticks)),
    ),
    datetime_local_to_utc: scalar("datetime_local_to_utc(datetime, timezone)", (call) => moved(call, toUtc)),
  },
);

type Offset = (utc: bigint) => bigint;

/** For each look-up of a zone, found or not. */
const ZONE_PRICE = 300_000;

/** Number of zones that a prepared plan caches. A rule names one or two, but an event could name any. */
const REMEMBERED_ZONES = 100;

/** A zone in the rule must exist; for an unknown zone in the event the result is null. */
function moved(call: Call, move: (ticks: bigint, offset: Offset) => bigint): Compute {
  const [value, zone] = [asDatetime(operand(call, 0)), asText(operand(call, 1))];
  const { constant } = operand(call, 1);
  if (constant && offsetOf(toText(constant.value, "string")) === undefined) {
    throw new CallProblem(`${call.name}: there is no time zone "${toText(constant.value, "string")}"`);
  }
  const known = new Map<string, Offset | undefined>();
  return (row) => {
    const [ticks, name] = [value(row), zone(row)];
    if (!known.has(name)) {
      call.evaluation.chargeWork(ZONE_PRICE);
      if (known.size >= REMEMBERED_ZONES) known.clear();
      known.set(name, offsetOf(name));
    }
    const offset = known.get(name);
    return ticks === null || offset === undefined ? null : datetimeOf(move(ticks, offset));
  };
}

/**
 * A local time that the clocks skip is read with the offset after the jump, as on Kusto's page. A local time that occurs
 * twice means the first one.
 */
function toUtc(local: bigint, offset: Offset): bigint {
  const day = 864_000_000_000n;
  const [before, after] = [offset(local - day), offset(local + day)];
  const early = local - before;
  return offset(early) === before ? early : local - after;
}

function offsetOf(zone: string): Offset | undefined {
  const format = formatFor(zone);
  if (format === undefined) return undefined;
  return (utc) => {
    const [, sign, hours = "0", minutes = "0", seconds = "0"] = OFFSET.exec(format.format(dateOf(utc))) ?? [];
    const distance = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
    return BigInt(sign === "-" ? -distance : distance) * TICKS_PER_SECOND;
  };
}

/** `GMT-07:00`; before zones had whole minutes also `GMT-07:52:58`. */
const OFFSET = /GMT([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/;

function formatFor(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}
