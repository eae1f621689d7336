import { toDynamic, toGuid } from "../conversion.ts";
import { sortedJsonText } from "../dynamic-text.ts";
import type { FunctionTable } from "../evaluation.ts";
import { asArray, asDynamic, asLong, asText } from "../operand.ts";
import type { Json, Value } from "../values.ts";
import { operand, priced, scalar } from "./binding.ts";

function ofText(form: string, compute: (text: string) => Value) {
  return scalar(form, (call) => {
    const text = asText(operand(call, 0));
    return (row) => compute(text(row));
  });
}

/** Costs more, since every character can become several characters or a property. */
function ofUrl(form: string, compute: (text: string) => Value) {
  return priced({ character: 150 }, ofText(form, compute));
}

export const ENCODING: FunctionTable = {
  base64_encode_tostring: ofText("base64_encode_tostring(text)", encodeBase64),
  base64_decode_tostring: ofText("base64_decode_tostring(base64)", decodeBase64),
  base64_decode_toarray: ofText("base64_decode_toarray(base64)", (text): Json => {
    const bytes = base64Bytes(text);
    return bytes === undefined ? null : [...bytes];
  }),
  base64_encode_fromarray: scalar("base64_encode_fromarray(bytes)", (call) => {
    const bytes = asArray(operand(call, 0));
    return (row) => {
      const values = bytes(row);
      const isBytes = values?.every((byte) => typeof byte === "number" && byte >= 0 && byte <= 255 && byte % 1 === 0);
      return values && isBytes === true ? Buffer.from(values.map(Number)).toString("base64") : "";
    };
  }),
  base64_encode_fromguid: scalar("base64_encode_fromguid(guid)", (call) => {
    const { compute } = operand(call, 0);
    return (row) => {
      const guid = toGuid(compute(row));
      return guid === null ? "" : Buffer.from(swapped(guid.replaceAll("-", "")), "hex").toString("base64");
    };
  }),
  base64_decode_toguid: ofText("base64_decode_toguid(base64)", (text) => {
    const bytes = base64Bytes(text);
    return bytes?.length === 16 ? toGuid(swapped(Buffer.from(bytes).toString("hex"))) : null;
  }),
  dynamic_to_json: priced(
    { character: 120 },
    scalar("dynamic_to_json(value)", (call) => {
      const value = asDynamic(operand(call, 0));
      return (row) => sortedJsonText(value(row));
    }),
  ),
  url_encode: ofUrl("url_encode(url)", (text) => percentEncode(text).replaceAll("%20", "+")),
  url_encode_component: ofUrl("url_encode_component(url)", percentEncode),
  url_decode: ofText("url_decode(url)", (text) => percentDecode(text.replaceAll("+", " "))),
  parse_url: ofUrl("parse_url(url)", parseUrl),
  parse_urlquery: ofUrl("parse_urlquery(query)", (text): Json => ({
    "Query Parameters": queryParameters(text.replace(/^\?/, "")),
  })),
  tohex: scalar("tohex(value [, length])", (call) => {
    const value = asLong(operand(call, 0));
    const bits = operand(call, 0).type === "int" ? 32 : 64;
    const length = call.operands[1] ? asLong(operand(call, 1)) : () => 0n;
    return (row) => {
      const number = value(row);
      if (number === null) return "";
      return BigInt.asUintN(bits, number)
        .toString(16)
        .padStart(Math.min(64, Number(length(row) ?? 0n)), "0");
    };
  }),
  to_utf8: ofText("to_utf8(text)", (text): Json => Array.from(text, (each) => each.codePointAt(0) ?? 0)),
  unicode_codepoints_from_string: ofText("unicode_codepoints_from_string(text)", (text): Json =>
    Array.from(text, (each) => each.codePointAt(0) ?? 0),
  ),
  make_string: scalar("make_string(codepoint, …)", (call) => {
    const values = call.operands.map(
      ({ compute, type }) =>
        (row: Parameters<typeof compute>[0]) =>
          toDynamic(compute(row), type),
    );
    return (row) => {
      const all = values.flatMap((value): readonly Json[] => {
        const points = value(row);
        return Array.isArray(points) ? points : [points];
      });
      return all.map((point) => character(point)).join("");
    };
  }),
};

function character(point: Json): string {
  return typeof point === "number" && Number.isInteger(point) && point >= 0 && point <= 0x10ffff
    ? String.fromCodePoint(point)
    : "";
}

function encodeBase64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

function base64Bytes(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  return Buffer.from(text, "base64");
}

/** The digits of a GUID with the bytes of its first three groups reversed, as .NET stores them; or the other way round. */
function swapped(digits: string): string {
  return digits.replace(/^(..)(..)(..)(..)(..)(..)(..)(..)/, "$4$3$2$1$6$5$8$7");
}

/** "" if the text is not base64, or its bytes are not UTF-8. */
function decodeBase64(text: string): string {
  const bytes = base64Bytes(text);
  const decoded = bytes === undefined ? "" : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return decoded.includes("\ufffd") ? "" : decoded;
}

/** As .NET does it: lower-case hexadecimal; letters, digits and `-_.!*()` stay. A lone surrogate is replaced. */
function percentEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll("'", "%27")
    .replaceAll("~", "%7e")
    .replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

function percentDecode(text: string): string {
  return text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"));
}

const URL_PARTS =
  /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

/** Scheme, host and so on of an absolute URL, "" for missing parts; the path without its leading slash, as on Kusto's page. */
function parseUrl(text: string): Json {
  const [, scheme = "", user = "", password = "", host = "", port = "", path = "", query = "", fragment = ""] =
    URL_PARTS.exec(text) ?? [];
  return {
    Scheme: scheme,
    Host: host,
    Port: port,
    Path: path.replace(/^\//, ""),
    Username: user,
    Password: password,
    "Query Parameters": queryParameters(query),
    Fragment: fragment,
  };
}

function queryParameters(query: string): Json {
  if (query === "") return {};
  return Object.fromEntries(
    query.split("&").map((pair) => {
      const at = pair.indexOf("=");
      return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
