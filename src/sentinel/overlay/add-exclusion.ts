import { isMap, isScalar, isSeq, stringify, type YAMLSeq } from "yaml";
import type { YamlFile } from "../yaml-file.ts";
import type { TextFile } from "../rule-files.ts";
import { type Exclusion, exclusionsOf, readOverlay } from "./overlay.ts";

export type NewExclusion = Pick<Exclusion, "condition"> & { readonly because: string };

/** For a rule that has no overlay yet. */
const EMPTY = "# yaml-language-server: $schema=../overlay.schema.json\n";
const INDENT = 2;

/** The exclusion as it stands in an overlay that has no other. */
export function exclusionYaml(exclusion: NewExclusion): string {
  return `exclude:\n${entryYaml(exclusion, INDENT)}`;
}

/**
 * An overlay with one exclusion more, at the end of its list. All else stays as it was written, comments included.
 *
 * @returns the new text; undefined if the overlay has an error, the condition already, or a list that is not one entry to a line
 */
export function withExclusion(overlay: TextFile | undefined, exclusion: NewExclusion): string | undefined {
  const { name = "overlay.yaml", text = EMPTY } = overlay ?? {};
  const before = readOverlay({ name, text }).read;
  if (before === undefined) return undefined;
  const known = exclusionsOf(before).map(conditionOf);
  if (known.includes(exclusion.condition)) return undefined;
  const edited = appended(before.file, exclusion);
  const after = edited === undefined ? undefined : readOverlay({ name, text: edited }).read;
  if (after === undefined) return undefined;
  const { exclude: _, ...same } = after.overlay;
  const { exclude: __, ...others } = before.overlay;
  const isRight =
    JSON.stringify(same, exact) === JSON.stringify(others, exact) &&
    exclusionsOf(after).map(conditionOf).join("\n") === [...known, exclusion.condition].join("\n");
  return isRight ? edited : undefined;
}

/** The overlay's values with one exclusion more, without its comments. */
export function restatedWith(overlay: TextFile | undefined, { condition, because }: NewExclusion): string {
  const values = overlay && readOverlay(overlay).read?.overlay;
  return stringify({ ...values, exclude: [...(values?.exclude ?? []), { when: condition, because }] });
}

function conditionOf({ condition }: Exclusion): string {
  return condition;
}

function exact(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}

function appended(file: YamlFile, exclusion: NewExclusion): string | undefined {
  const { text } = file;
  const list = excludeList(file);
  if (list === "none") return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${exclusionYaml(exclusion)}`;
  const last = list?.items.at(-1);
  if (list?.range === undefined || list.range === null || list.flow === true || !hasRange(last)) return undefined;
  const [begin] = list.range;
  const column = begin - (text.lastIndexOf("\n", begin - 1) + 1);
  const end = endOfLine(text, last.range[1]);
  const before = text.slice(0, end);
  return `${before}${before.endsWith("\n") ? "" : "\n"}${entryYaml(exclusion, column)}${text.slice(end)}`;
}

function excludeList({ document }: YamlFile): YAMLSeq | "none" | undefined {
  const root = document.contents;
  if (root === null) return "none";
  if (!isMap(root)) return undefined;
  const pair = root.items.find(({ key }) => isScalar(key) && key.value === "exclude");
  if (pair === undefined) return root.flow === true ? undefined : "none";
  return isSeq(pair.value) ? pair.value : undefined;
}

function hasRange(node: unknown): node is { readonly range: readonly [number, number, number] } {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range);
}

/** Behind a comment on the same line, and behind the line feed. The text of a block ends there already. */
function endOfLine(text: string, offset: number): number {
  if (text.charAt(offset - 1) === "\n") return offset;
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end + 1;
}

function entryYaml({ condition, because }: NewExclusion, indent: number): string {
  const lines = stringify([{ when: condition, because }], { lineWidth: 0 })
    .trimEnd()
    .split("\n");
  return lines.map((line) => `${" ".repeat(indent)}${line}\n`).join("");
}
