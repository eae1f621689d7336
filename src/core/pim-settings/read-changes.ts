import type { Changes, Finding } from "./finding.ts";
import { isEmptyExtension, type Statement, toFinding } from "./to-finding.ts";
import {
  type Predicate,
  readApproval,
  readContext,
  readRecipients,
  readSwitch,
  readValue,
  withoutEnd,
} from "./predicates.ts";
import { neutralizeMfaReplacement } from "./mfa-replacement.ts";
import { sentencesOf } from "./wording/sentences.ts";
import { settingOf } from "./settings.ts";
import { type Reading, type Wording, WORDINGS } from "./wording/wordings.ts";

const MATCHERS = WORDINGS.map((wording) => ({
  wording,
  pattern: new RegExp(`^(?:${wording.subject})(?!\\w)`, "i"),
}));

/** "Disabled MFA on activation": the verb first. */
const VERB_FIRST =
  /^(?<verb>enabled|disabled|turned on|turned off|switched on|switched off|removed|added|allowed|no longer requires?) (?:the )?(?<subject>.+)$/is;

/** "No MFA required on activation". */
const NOT_REQUIRED =
  /^no (?<subject>.{1,200}?) (?:is )?(?:required|needed)(?<where>(?: (?:on|at|for|to|during|upon) .{1,100})?)$/is;

/**
 * Reads the text of a PIM settings change.
 *
 * Never throws. A sentence that matches no wording is kept whole in `unrecognized`. The text states only new values, so an
 * effect is judged by the new state and the published baselines.
 *
 * @param text `resultReason` or `resultDescription` of the event, "" if it has neither
 */
export function readChanges(text: string): Changes {
  const findings: Finding[] = [];
  const unrecognized: string[] = [];
  const noise: string[] = [];
  for (const sentence of sentencesOf(text)) {
    const statement = readSentence(sentence);
    if (statement === null) unrecognized.push(sentence);
    else if (isEmptyExtension(statement)) noise.push(sentence);
    else findings.push(toFinding(statement));
  }
  return { findings: neutralizeMfaReplacement(findings), unrecognized, noise };
}

function readSentence(text: string): Statement | null {
  const singleSpaced = text.replaceAll(/\s+/g, " ").replace(/^[\s\-•*"'“”]+/, "");
  const sentence = withoutEnd(singleSpaced, ` .;,"'“”`);
  const direct = match(sentence, text);
  if (direct !== null) return direct;
  const turned = match(turnedAround(sentence), text);
  // "Not required" does not mean "forbidden".
  if (turned !== null && NOT_REQUIRED.test(sentence) && settingOf(turned.wording.setting).guards !== "protects")
    return null;
  return turned === null ? null : { ...turned, predicate: { ...turned.predicate, status: "inferred" } };
}

/** The sentence with its subject first; "" if it already is. */
function turnedAround(sentence: string): string {
  const { verb, subject } = VERB_FIRST.exec(sentence)?.groups ?? {};
  if (verb !== undefined && subject !== undefined)
    return `${subject} ${/^no longer/i.test(verb) ? "no longer required" : verb}`;
  const denied = NOT_REQUIRED.exec(sentence)?.groups;
  return denied === undefined ? "" : `${denied["subject"] ?? ""}${denied["where"] ?? ""} no longer required`;
}

function match(sentence: string, text: string): Statement | null {
  for (const { wording, pattern } of MATCHERS) {
    const found = pattern.exec(sentence);
    if (found === null) continue;
    const rest = sentence.slice(found[0].length).replace(/^ ?[:=–—-]? ?/, "");
    const predicate = READERS[wording.reading](rest, wording);
    if (predicate !== null) return { wording, subject: found.groups ?? {}, predicate, text };
  }
  return null;
}

const READERS: Readonly<Record<Reading, (rest: string, wording: Wording) => Predicate | null>> = {
  switch: (rest, { setting }) => readSwitch(rest, { requirement: settingOf(setting).guards === "protects" }),
  approval: readApproval,
  approvers: readRecipients,
  context: readContext,
  duration: readValue,
  recipients: readRecipients,
  // Only empty parentheses are published.
  extension: (rest) => ({ on: null, value: rest, oldValue: null, direction: null, status: "inferred" }),
  rule: (rest) => ({ on: null, value: rest, oldValue: null, direction: null, status: "inferred" }),
};
