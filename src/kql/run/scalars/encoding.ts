import { createHash } from "node:crypto";
import { toDynamic, toText } from "../conversion.ts";
import { sortedJsonText } from "../dynamic-text.ts";
import type { FunctionTable } from "../evaluation.ts";
import { asArray, asDynamic, asLong, asText } from "../operand.ts";
import type { Json, Value } from "../values.ts";
import { operand, priced, scalar } from "./binding.ts";

function ofText(form: string, page: string, compute: (text: string) => Value) {
  return scalar(form, page, (call) => {
    const text = asText(operand(call, 0));
    return (row) => compute(text(row));
  });
}

/** Every character may become several, or a property. */
function ofUrl(form: string, page: string, compute: (text: string) => Value) {
  return priced({ character: 150 }, ofText(form, page, compute));
}

function hash(name: string, algorithm: string) {
  const form = scalar(`${name}(source)`, `${name.replaceAll("_", "-")}-function`, (call) => {
    const { compute, type } = operand(call, 0);
    return (row) =>
      createHash(algorithm)
        .update(toText(compute(row), type))
        .digest("hex");
  });
  return priced({ call: 10_000 }, form);
}

export const ENCODING: FunctionTable = {
  base64_encode_tostring: ofText("base64_encode_tostring(text)", "base64-encode-tostring-function", encodeBase64),
  base64_encodestring: ofText("base64_encodestring(text)", "base64-encode-tostring-function", encodeBase64),
  base64_decode_tostring: ofText("base64_decode_tostring(base64)", "base64-decode-tostring-function", decodeBase64),
  base64_decodestring: ofText("base64_decodestring(base64)", "base64-decode-tostring-function", decodeBase64),
  base64_decode_toarray: ofText("base64_decode_toarray(base64)", "base64-decode-toarray-function", (text): Json => {
    const bytes = base64Bytes(text);
    return bytes === undefined ? null : [...bytes];
  }),
  base64_encode_fromarray: scalar("base64_encode_fromarray(bytes)", "base64-encode-fromarray-function", (call) => {
    const bytes = asArray(operand(call, 0));
    return (row) => {
      const given = bytes(row);
      const isBytes = given?.every((byte) => typeof byte === "number" && byte >= 0 && byte <= 255 && byte % 1 === 0);
      return given && isBytes === true ? Buffer.from(given.map(Number)).toString("base64") : "";
    };
  }),
  dynamic_to_json: priced(
    { character: 120 },
    scalar("dynamic_to_json(value)", "dynamic-to-json-function", (call) => {
      const value = asDynamic(operand(call, 0));
      return (row) => sortedJsonText(value(row));
    }),
  ),
  hash_sha256: hash("hash_sha256", "sha256"),
  hash_sha1: hash("hash_sha1", "sha1"),
  hash_md5: hash("hash_md5", "md5"),
  url_encode: ofUrl("url_encode(url)", "url-encode-function", (text) => percentEncode(text).replaceAll("%20", "+")),
  url_encode_component: ofUrl("url_encode_component(url)", "url-encode-component-function", percentEncode),
  url_decode: ofText("url_decode(url)", "url-decode-function", (text) => percentDecode(text.replaceAll("+", " "))),
  parse_url: ofUrl("parse_url(url)", "parse-url-function", parseUrl),
  parse_urlquery: ofUrl("parse_urlquery(query)", "parse-urlquery-function", (text): Json => ({
    "Query Parameters": queryParameters(text.replace(/^\?/, "")),
  })),
  tohex: scalar("tohex(value [, length])", "tohex-function", (call) => {
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
  to_utf8: ofText("to_utf8(text)", "to-utf8-function", (text): Json =>
    Array.from(text, (each) => each.codePointAt(0) ?? 0),
  ),
  unicode_codepoints_from_string: ofText(
    "unicode_codepoints_from_string(text)",
    "unicode-codepoints-from-string-function",
    (text): Json => Array.from(text, (each) => each.codePointAt(0) ?? 0),
  ),
  make_string: scalar("make_string(codepoint, …)", "make-string-function", (call) => {
    const values = call.operands.map(
      ({ compute, type }) =>
        (row: Parameters<typeof compute>[0]) =>
          toDynamic(compute(row), type),
    );
    return (row) => {
      const points = values.flatMap((value): readonly Json[] => {
        const given = value(row);
        return Array.isArray(given) ? given : [given];
      });
      return points.map((point) => character(point)).join("");
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

/** What is no base64, or no UTF-8 inside, is "". */
function decodeBase64(text: string): string {
  const bytes = base64Bytes(text);
  const decoded = bytes === undefined ? "" : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return decoded.includes("\ufffd") ? "" : decoded;
}

/** As .NET does it: lower-case hexadecimal; letters, digits and `-_.!*()` stay. Half a surrogate pair is replaced. */
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

/** Scheme, host and so on of an absolute URL, each "" where it is missing; the path as Kusto's page prints it. */
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
