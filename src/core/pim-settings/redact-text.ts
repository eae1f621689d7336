import type { StandIns } from "./wording/stand-ins.ts";
import { readChanges } from "./read-changes.ts";
import { SETTINGS } from "./settings.ts";
import { WORDINGS } from "./wording/wordings.ts";

/** Sentences whose value is a list of names. */
const NAMES: ReadonlySet<string> = new Set([SETTINGS.approval.name, SETTINGS.approvers.name]);
/** Words that are PIM's own, although they start with a capital or contain digits. */
const VOCABULARY: ReadonlySet<string> = new Set(
  [
    ...WORDINGS.map(({ subject }) => subject),
    ...Object.values(SETTINGS).map(({ name }) => name),
    "Setting PIM MFA Days Hours Minutes",
  ]
    .flatMap((source) => source.match(/[a-z]{2,}/gi) ?? [])
    .map((word) => word.toLowerCase()),
);
const RULE_ID = /^(?:Enablement|Expiration|Approval|AuthenticationContext|Notification|CustomExtension)_\w+$/;
const VALUE = /^(?:\d[\d.:]*|P(?:\d+[YMWD])*(?:T(?:\d+[HMS])+)?|c\d{1,2})$/i;
const STAND_IN = /^(?:name\d+|user\d+@fabrikam\.example|00000000-0000-4000-8000-\d{12}|192\.0\.2\.1|2001:db8::1)$/;

/**
 * The text of a change without names. Lists of approvers are removed, ids and addresses get stand-ins, and only PIM's own
 * words, numbers and plain lower-case words stay.
 */
export function redactChangeText(text: string, names: StandIns): string {
  const lists = readChanges(text)
    .findings.filter(({ settingName }) => NAMES.has(settingName) || /recipients/i.test(settingName))
    .map(({ newValue }) => newValue.replace(/^(?:enabled|disabled)(?:: )?/, ""))
    .filter((list) => list !== "");
  const collapsed = text.replaceAll(/[ \t\r\n]+/g, (whitespace) => (whitespace.length > 1 ? whitespace : " "));
  const withoutLists = lists.reduce((result, list) => result.replace(list, () => "[names]"), collapsed);
  return names
    .scrub(withoutLists)
    .split(/(\s+)/)
    .map((token, index, tokens) => (token.trim() === "" ? token : redactToken(token, beginsSentence(tokens, index))))
    .join("");
}

/** The first word of a sentence is usually its subject, which readers need, and not a name. */
function beginsSentence(tokens: readonly string[], index: number): boolean {
  const before = tokens[index - 2];
  return before === undefined || /[.:]$/.test(before);
}

/** One word with the punctuation around it. */
function redactToken(token: string, isFirst: boolean): string {
  const [, before = "", word = "", after = ""] = /^([^\p{L}\p{N}[]*)(.*?)([^\p{L}\p{N}\]]*)$/su.exec(token) ?? [];
  return `${before}${isHarmless(word) || (isFirst && /^[A-Z][a-z]{1,19}$/.test(word)) ? word : "[word]"}${after}`;
}

function isHarmless(word: string): boolean {
  if (word === "" || word === "[names]" || VALUE.test(word) || RULE_ID.test(word) || STAND_IN.test(word)) return true;
  return /^[a-z]{1,20}$/.test(word) || VOCABULARY.has(word.toLowerCase());
}
