import { constantExpression, literalValue } from "../run/bind-expression.ts";
import { convert, toDynamic, toGuid, toLong, toReal } from "../run/conversion.ts";
import { formatDecimal, parseDecimal } from "../run/decimal.ts";
import { readJson } from "../run/dynamic-text.ts";
import type { Expression } from "../plan.ts";
import { parseDatetime, parseTimespan } from "../run/time.ts";
import type { Json, PlainJson, ScalarType } from "../run/values.ts";
import { children, elements, kindOf, part, textOf, type Syntax } from "./kusto-parser.ts";
import { QueryRefused } from "./problem.ts";

export function stringLiteral(value: string): Expression {
  return { kind: "literal", type: "string", value };
}

/** The meaning of `datetime()`. */
const CURRENT_TIME: Expression = { kind: "call", type: "datetime", name: "now", arguments: [] };

/** A literal's value, read from its text because the parser's own values are .NET objects; undefined if `node` is not a literal. */
export function lowerLiteral(node: Syntax, base: number): Expression | undefined {
  const kind = kindOf(node);
  switch (kind) {
    case "StringLiteralExpression":
    case "CompoundStringLiteralExpression":
      return stringLiteral(String(node.LiteralValue));
    case "BooleanLiteralExpression":
      return typed(
        "bool",
        node,
        (text) => (/^(true|1)$/i.test(text) ? true : /^(false|0)$/i.test(text) ? false : undefined),
        base,
      );
    case "IntLiteralExpression":
      return typed("int", node, intNumber, base);
    case "LongLiteralExpression":
      return typed("long", node, longNumber, base);
    case "RealLiteralExpression":
      return typed("real", node, (text) => realNumber(text), base);
    case "DecimalLiteralExpression":
      return typed("decimal", node, (text) => decimalNumber(text), base);
    case "DateTimeLiteralExpression":
      return /\( *\)$/.test(textOf(node)) ? CURRENT_TIME : typed("datetime", node, datetimeTicks, base);
    case "TimespanLiteralExpression":
      return typed("timespan", node, (text) => parseTimespan(unquoted(text))?.toString(), base);
    case "GuidLiteralExpression":
      return typed("guid", node, (text) => toGuid(unquoted(text)) ?? undefined, base);
    case "DynamicExpression":
      return constantExpression(jsonOf(part(node, "Expression"), base), "dynamic");
    default:
      return undefined;
  }
}

function typed(
  type: ScalarType,
  node: Syntax,
  read: (text: string) => PlainJson | undefined,
  base: number,
): Expression {
  const inner = /^[a-z]+\s*\(([\s\S]*)\)$/i.exec(textOf(node))?.[1] ?? textOf(node);
  const text = inner.trim();
  if (text === "null") return { kind: "literal", type, value: null };
  const value = read(text);
  if (value === undefined) {
    throw new QueryRefused(base + node.TextStart, "literal", `${textOf(node)} is not a ${type} that pimwatch can read`);
  }
  return { kind: "literal", type, value };
}

function wholeNumber(text: string): string | undefined {
  return /^-?(\d+|0x[0-9a-f]+)$/i.test(text)
    ? String(text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text))
    : undefined;
}

function intNumber(text: string): PlainJson | undefined {
  const value = convert(wholeNumber(text) ?? "", "string", "int");
  return typeof value === "number" ? value : undefined;
}

/** `datetime(2020, 1, 31)` means the same as `datetime(2020-1-31)`. */
function datetimeTicks(text: string): PlainJson | undefined {
  const isList = /^\d{4}( *, *\d{1,2}){1,2}$/.test(text);
  return parseDatetime(isList ? text.replaceAll(/ *, */g, "-") : unquoted(text))?.toString();
}

/** A whole number as text if it fits into 64 bits; hexadecimal digits give the bits. */
function longNumber(text: string): string | undefined {
  const digits = /^0x/i.test(text) ? text : wholeNumber(text);
  return digits === undefined ? undefined : toLong(digits, "string")?.toString();
}

/** A negative long, sign and digits together: 9223372036854775808 alone would not fit. Undefined if `node` is not one. */
export function lowerNegativeLiteral(node: Syntax, base: number): Expression | undefined {
  const operand = part(node, "Expression");
  if (kindOf(operand) !== "LongLiteralExpression" || !/^\d+$/.test(textOf(operand).trim())) return undefined;
  return typed("long", node, (text) => longNumber(text.replaceAll(/\s/g, "")), base);
}

function realNumber(text: string): PlainJson | undefined {
  const value = toReal(text, "string");
  if (value === null) return undefined;
  return Number.isFinite(value) ? value : String(value);
}

/** A decimal as text, in the form that plans hold. */
function decimalNumber(text: string): string | undefined {
  const value = parseDecimal(unquoted(text));
  return value === null ? undefined : formatDecimal(value);
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, "$2");
}

/** The content of `dynamic(…)`: JSON that may contain Kusto's own literals. */
function jsonOf(node: Syntax, base: number): Json {
  switch (kindOf(node)) {
    case "JsonObjectExpression":
      return Object.fromEntries(
        elements(part(node, "Pairs")).map((pair) => [keyText(part(pair, "Name")), jsonOf(part(pair, "Value"), base)]),
      );
    case "JsonArrayExpression":
      return elements(part(node, "Values")).map((each) => jsonOf(each, base));
    case "NullLiteralExpression":
      return null;
    case "UnaryMinusExpression": {
      const negative = lowerNegativeLiteral(node, base);
      if (negative?.kind === "literal") return jsonOfLiteral(negative.value, negative.type);
      const value = jsonOf(part(node, "Expression"), base);
      return typeof value === "number" || typeof value === "bigint" ? -value : value;
    }
    default: {
      const literal = lowerLiteral(node, base);
      if (literal?.kind !== "literal") {
        throw new QueryRefused(base + node.TextStart, "literal", `${textOf(node)} is not allowed in a dynamic literal`);
      }
      return jsonOfLiteral(literal.value, literal.type);
    }
  }
}

function jsonOfLiteral(value: PlainJson, type: ScalarType): Json {
  return toDynamic(literalValue(value, type), type);
}

/** A property's name. The tokenizer keeps its quotes. */
function keyText(token: Syntax): string {
  const text = (token.Text ?? children(token).map(textOf).join("")).trim();
  if (text.startsWith('"')) return quotedText(text);
  return text.startsWith("'") ? text.slice(1, -1).replaceAll(/\\(.)/g, "$1") : text;
}

function quotedText(text: string): string {
  const value = readJson(text);
  return typeof value === "string" ? value : text;
}
