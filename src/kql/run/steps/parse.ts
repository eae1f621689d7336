import { bindRead } from "../bind-expression.ts";
import { convert } from "../conversion.ts";
import type { Evaluation } from "../evaluation.ts";
import { indexOfText } from "../find-text.ts";
import { asText } from "../operand.ts";
import type { ParsePart, StepOf } from "../../plan.ts";
import { compileRegex, withoutVerboseMode } from "../rust-regex.ts";
import type { ScalarType, Value } from "../values.ts";
import type { BindStep } from "./step.ts";

type Cells = readonly Value[];
type ReadCells = (text: string) => Cells | undefined;

/** For each piece of the pattern and each row. */
const PART_PRICE = 1000;

/**
 * Adds the columns of the pattern. If the text does not match, they are null ("" for string), or `parse-where` drops the
 * row.
 */
export const bindParse: BindStep<"parse"> = (step, evaluation) => {
  const source = asText(bindRead(step.source, evaluation));
  const types = step.parts.flatMap((part) => (part.kind === "column" ? [part.type] : []));
  const nothing = types.map((type): Value => (type === "string" ? "" : null));
  const read =
    step.mode === "regex" ? regexReader(step, types, evaluation) : literalReader(step.parts, step.mode === "relaxed");
  return (rows) => {
    evaluation.chargeWork(rows.length * step.parts.length * PART_PRICE);
    return rows.flatMap((row) => {
      const cells = read(source(row));
      if (cells === undefined && step.mustMatch) return [];
      return [[...row, ...(cells ?? nothing)]];
    });
  };
};

/** Patterns for values that no literal text ends. */
const VALUE_PATTERNS: Readonly<Record<ScalarType, string>> = {
  string: ".*",
  dynamic: ".*",
  bool: "(?:true|false|[01])",
  int: String.raw`-?\d+`,
  long: String.raw`-?\d+`,
  real: String.raw`-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`,
  decimal: String.raw`-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`,
  datetime: ".*",
  timespan: String.raw`-?(?:\d+\.)?\d+:\d+(?::\d+(?:\.\d+)?)?`,
  guid: "[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}",
};

/** One regular expression for the whole pattern. Groups inside the rule's own pieces are not columns. */
function regexReader(
  { parts, flags }: StepOf<"parse">,
  types: readonly ScalarType[],
  evaluation: Evaluation,
): ReadCells {
  let columns = 0;
  const body = parts.map((part) => {
    if (part.kind === "skip") return ".*";
    if (part.kind === "text") return withoutVerboseMode(part.text);
    columns += 1;
    return `(?P<column${columns}>${VALUE_PATTERNS[part.type]})`;
  });
  const regex = compileRegex(`${flags === "" ? "" : `(?${flags})`}^${body.join("")}$`, evaluation);
  return (text) => {
    const match = regex.first(text);
    if (match === undefined) return undefined;
    return types.map((type, index) => {
      const group = regex.names.get(`column${index + 1}`) ?? 0;
      return convert(match(group), "string", type);
    });
  };
}

/**
 * Literal text between columns: each piece matches where it is found first, the last piece at the end of the text. A value
 * that is not of its column's type fails the match; under `relaxed` it is null.
 */
function literalReader(parts: readonly ParsePart[], relaxed: boolean): ReadCells {
  return (text) => {
    const cells: Value[] = [];
    let position = 0;
    let pending: ParsePart | undefined;
    /** Ends the pending part at `end`: a column takes the text, a skip drops it. */
    const endPending = (end: number): boolean => {
      if (pending === undefined) return end === position;
      if (pending.kind === "column") return take(pending.type, text.slice(position, end));
      return true;
    };
    const take = (type: ScalarType, found: string): boolean => {
      const value = convert(found, "string", type);
      cells.push(value);
      return value !== null || relaxed;
    };
    for (const [index, part] of parts.entries()) {
      if (part.kind === "text") {
        const isLast = index === parts.length - 1;
        const at = isLast ? lastPlace(text, part.text, position) : indexOfText(text, part.text, position);
        if (at < 0 || !endPending(at)) return undefined;
        position = at + part.text.length;
        pending = undefined;
        continue;
      }
      if (pending?.kind === "column") {
        const found = prefixOf(pending.type, text, position);
        if (!take(pending.type, found)) return undefined;
        position += found.length;
      }
      pending = part;
    }
    return endPending(text.length) ? cells : undefined;
  };
}

function lastPlace(text: string, wanted: string, from: number): number {
  const at = text.length - wanted.length;
  return at >= from && text.endsWith(wanted) ? at : -1;
}

/** The longest prefix of the rest that is a value of the type. */
function prefixOf(type: ScalarType, text: string, position: number): string {
  const pattern = new RegExp(VALUE_PATTERNS[type], "sy");
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0] ?? "";
}
