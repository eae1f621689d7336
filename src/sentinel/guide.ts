import type { Guide } from "../core/incident/rule.ts";
import type { Problem } from "../kql/compile/problem.ts";

/** The headings of a guide, in order: those of a rule's page, then what to do. */
export const HEADINGS = [
  "Hunting hypothesis",
  "Required data sources",
  "MITRE ATT&CK context",
  "References",
  "False positive guidance",
  "Triage",
  "Response",
] as const;

export const EMPTY_GUIDE: Guide = {
  huntingHypothesis: "",
  requiredDataSources: "",
  mitreAttackContext: "",
  references: "",
  falsePositiveGuidance: "",
  triage: "",
  response: "",
};

/** Reads guide.md, which must have every heading once, in order, with text below it. */
export function readGuide(
  text: string,
  file: string,
): { readonly guide?: Guide; readonly problems: readonly Problem[] } {
  const lines = text.split(/\r?\n/);
  const found = lines.flatMap((line, index) => {
    const heading = /^##\s+(.+?)\s*$/.exec(line)?.[1];
    return heading === undefined ? [] : [{ heading, line: index + 1 }];
  });
  const wrong = found.findIndex(({ heading }, index) => heading !== HEADINGS[index]);
  if (wrong >= 0 || found.length < HEADINGS.length) {
    const at = found[wrong]?.line ?? lines.length;
    const message = `the headings must be ${HEADINGS.map((heading) => `"## ${heading}"`).join(", ")}, in this order`;
    return { problems: [problem(file, at, message)] };
  }
  const sections = found.map(({ line }, index) =>
    lines
      .slice(line, (found[index + 1]?.line ?? lines.length + 1) - 1)
      .join("\n")
      .trim(),
  );
  const empty = sections.indexOf("");
  if (empty >= 0) {
    return { problems: [problem(file, found[empty]?.line ?? 1, `"${HEADINGS[empty]}" has no text`)] };
  }
  const section = (heading: (typeof HEADINGS)[number]) => sections[HEADINGS.indexOf(heading)] ?? "";
  const guide: Guide = {
    huntingHypothesis: section("Hunting hypothesis"),
    requiredDataSources: section("Required data sources"),
    mitreAttackContext: section("MITRE ATT&CK context"),
    references: section("References"),
    falsePositiveGuidance: section("False positive guidance"),
    triage: section("Triage"),
    response: section("Response"),
  };
  return { guide, problems: [] };
}

function problem(file: string, line: number, message: string): Problem {
  return { file, line, column: 1, level: "error", code: "guide", message };
}
