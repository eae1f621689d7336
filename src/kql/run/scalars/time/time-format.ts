import { dateOf, TICKS_PER_DAY, TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND } from "../../time.ts";

const DATETIME_TOKENS = /y{4,}|yy?|MM?|dd?|HH?|hh?|mm?|ss?|f{1,7}|F{1,7}|tt|./gs;

/** https://learn.microsoft.com/kusto/query/format-datetime-function */
export function formatDatetimeAs(ticks: bigint, format: string): string {
  const date = dateOf(ticks);
  const fraction = String(ticks % TICKS_PER_SECOND).padStart(7, "0");
  return format.replaceAll(DATETIME_TOKENS, (token) => {
    const kind = token.charAt(0);
    switch (kind) {
      case "y":
        return year(date.getUTCFullYear(), token.length);
      case "M":
        return padded(date.getUTCMonth() + 1, token);
      case "d":
        return padded(date.getUTCDate(), token);
      case "H":
        return padded(date.getUTCHours(), token);
      case "h":
        return padded(date.getUTCHours() % 12 || 12, token);
      case "m":
        return padded(date.getUTCMinutes(), token);
      case "s":
        return padded(date.getUTCSeconds(), token);
      case "f":
        return fraction.slice(0, token.length);
      case "F":
        return fraction.slice(0, token.length).replace(/0+$/, "");
      case "t":
        return token === "tt" ? (date.getUTCHours() < 12 ? "AM" : "PM") : token;
      default:
        return token;
    }
  });
}

/** The full year, or its last two digits with or without a leading 0. */
function year(value: number, digits: number): string {
  return digits > 2 ? String(value).padStart(4, "0") : String(value % 100).padStart(digits, "0");
}

const TIMESPAN_TOKENS = /d{1,8}|HH?|hh?|mm?|ss?|f{1,7}|F{1,7}|./gs;

/** https://learn.microsoft.com/kusto/query/format-timespan-function */
export function formatTimespanAs(ticks: bigint, format: string): string {
  const size = ticks < 0n ? -ticks : ticks;
  const fraction = String(size % TICKS_PER_SECOND).padStart(7, "0");
  const text = format.replaceAll(TIMESPAN_TOKENS, (token) => {
    switch (token.charAt(0)) {
      case "d":
        return padded(Number(size / TICKS_PER_DAY), token);
      case "H":
      case "h":
        return padded(Number((size / TICKS_PER_HOUR) % 24n), token);
      case "m":
        return padded(Number((size / TICKS_PER_MINUTE) % 60n), token);
      case "s":
        return padded(Number((size / TICKS_PER_SECOND) % 60n), token);
      case "f":
        return fraction.slice(0, token.length);
      case "F":
        return fraction.slice(0, token.length).replace(/0+$/, "");
      default:
        return token;
    }
  });
  return ticks < 0n ? `-${text}` : text;
}

function padded(value: number, token: string): string {
  return String(value).padStart(token.length, "0");
}
