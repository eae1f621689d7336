import type { WordingStatus } from "./finding.ts";

/** The statement of a sentence about a setting, before its meaning is judged. */
export interface Predicate {
  /** Whether the setting is on now; null if the sentence names a value instead. */
  readonly on: boolean | null;
  /** The new value as in the sentence; "" if it only says on or off. */
  readonly value: string;
  readonly oldValue: string | null;
  /** The direction, if a verb such as "increased" states it. */
  readonly direction: "up" | "down" | null;
  readonly status: WordingStatus;
}

const AUXILIARY = "(?:(?:is|are|was|were|has been|have been) )?(?:now )?";
const ON = "enabled|turned on|switched on|activated|on|true|yes|required|allowed|enforced";
const OFF =
  "disabled|turned off|switched off|deactivated|off|false|no|not required|no longer required|not allowed|no longer allowed|not enforced|no longer enforced|not enabled|no longer enabled|forbidden";
const MOVED = "updated|changed|set|switched|modified";

const PUBLISHED_SWITCH = /^(enabled|disabled)$/i;
const SWITCH = new RegExp(
  `^${AUXILIARY}(?:(?:${MOVED})(?: from (?<old>${OFF}|${ON}))? to |(?<before>${OFF}|${ON}) ?(?:->|=>|→) ?)?(?<new>${OFF}|${ON})$`,
  "i",
);
/** Quotes and parentheses around a state. Those at the end of a sentence are already removed. */
const OPENING = /^["'“([]+/;
const CLOSING = `"'”)]`;
const ADDED_OR_REMOVED = new RegExp(`^${AUXILIARY}(?<new>added|removed|deleted)$`, "i");
const IS_ON = new RegExp(`^(?:${ON}|added)$`, "i");
const VALUE = new RegExp(
  `^${AUXILIARY}(?:(?<verb>${MOVED}|replaced|increased|extended|raised|lengthened|decreased|reduced|shortened|lowered)(?: from (?<old>.{1,200}?)(?= (?:to|with) ))?(?: (?:to|with) )?|(?:after|of) )?(?<new>.*)$`,
  "is",
);
const VERB_WITHIN = new RegExp(`\\b(?:${MOVED}|increased|reduced) (?:to|from)\\b`, "i");
const TAIL =
  /^(?<state>.{1,60}?) (?:(?:by|for|in) .{1,300}|(?:on|at|upon|during) activation|to activate(?: the role)?)$/is;
const UP = /^(?:increased|extended|raised|lengthened)$/i;
const DOWN = /^(?:decreased|reduced|shortened|lowered)$/i;

/** "enabled", "has been turned off", "updated from true to false". */
export function readSwitch(rest: string, { requirement }: { readonly requirement: boolean }): Predicate | null {
  const state = TAIL.exec(rest)?.groups?.["state"];
  if (state !== undefined) {
    // "disabled for guests by …" counts only if it weakens: "enabled for …" may be a restriction.
    const whole = readSwitch(state, { requirement });
    return whole !== null && whole.on !== requirement ? { ...whole, status: "inferred" } : null;
  }
  const bare = withoutEnd(rest.replace(OPENING, ""), CLOSING);
  const match = SWITCH.exec(bare) ?? (requirement ? ADDED_OR_REMOVED.exec(bare) : null);
  const groups = match?.groups;
  if (groups?.["new"] === undefined) return null;
  const old = groups["old"] ?? groups["before"];
  return {
    on: IS_ON.test(groups["new"]),
    value: "",
    oldValue: old === undefined ? null : onOff(IS_ON.test(old)),
    direction: null,
    status: PUBLISHED_SWITCH.test(rest) ? "published" : "inferred",
  };
}

const APPROVERS =
  /^(?:is |was |has been )?enabled (?:with(?: the)?(?: following)? approvers?(?::| |$) ?(?<list>.*)|with(?:out| no) approvers?)$/is;

/** A switch, or "enabled with approvers A, B". */
export function readApproval(rest: string): Predicate | null {
  const list = APPROVERS.exec(rest);
  if (list === null) return readSwitch(rest, { requirement: true });
  const value = list.groups?.["list"] ?? "";
  return { on: true, value, oldValue: null, direction: null, status: "published" };
}

/** A switch, "enabled with claim value c1", or "updated from c1 to c2". */
export function readContext(rest: string): Predicate | null {
  const plain = readSwitch(rest, { requirement: true });
  if (plain !== null) return plain;
  const enabled = new RegExp(`^${AUXILIARY}enabled (?:with|for|using|as) (?<claim>.{1,200})$`, "is").exec(rest);
  if (enabled?.groups?.["claim"] !== undefined) {
    return { on: true, value: claimOf(enabled.groups["claim"]), oldValue: null, direction: null, status: "inferred" };
  }
  const value = readValue(rest);
  if (value === null || (value.verb === "" && !/^c\d{1,2}$/i.test(value.value))) return null;
  const wasNone = value.oldValue !== null && isNothing(value.oldValue);
  // Another context may require more or less: only a change from none or to none has a direction.
  return {
    ...value,
    value: isNothing(value.value) ? "" : claimOf(value.value),
    on: isNothing(value.value) ? false : wasNone || value.verb === "" ? true : null,
    oldValue: value.oldValue === null || wasNone ? value.oldValue : claimOf(value.oldValue),
    status: "inferred",
  };
}

function claimOf(text: string): string {
  return text
    .replace(/^(?:the )?(?:(?:claim(?: value)?|context|id|value|auth(?:entication)? context)[:=]? )*/i, "")
    .trim();
}

/** "updated to 02:00:00", "set to 180 (Days)", "reduced from 8 h to 4 h", ": 8 h". */
export function readValue(rest: string): (Predicate & { readonly verb: string }) | null {
  const groups = VALUE.exec(rest)?.groups;
  const value = groups?.["new"]?.trim() ?? "";
  const verb = groups?.["verb"] ?? "";
  // If a verb follows, the text before it belongs to the name of another setting.
  if (value === "" || (verb === "" && VERB_WITHIN.test(value))) return null;
  return {
    on: null,
    value,
    oldValue: groups?.["old"] ?? null,
    direction: UP.test(verb) ? "up" : DOWN.test(verb) ? "down" : null,
    status: /^(?:updated|set) to /i.test(rest) ? "published" : "inferred",
    verb,
  };
}

/** A list that was switched, emptied or replaced, or changed by additions or removals. */
export function readRecipients(rest: string): Predicate | null {
  const list = new RegExp(`^${AUXILIARY}(?<verb>added|removed|deleted)(?::| |$) ?(?<list>.*)$`, "is").exec(
    rest,
  )?.groups;
  if (list?.["verb"] !== undefined) {
    const on = list["verb"].toLowerCase() === "added";
    return { on, value: list["list"] ?? "", oldValue: null, direction: null, status: "inferred" };
  }
  const plain = readSwitch(rest, { requirement: true });
  if (plain !== null) return plain;
  const value = readValue(rest);
  if (value === null || value.verb === "") return null;
  return isNothing(value.value) ? { ...value, on: false, value: "" } : value;
}

/** The text without the given characters at its end. A regular expression would take quadratic time. */
export function withoutEnd(text: string, characters: string): string {
  let length = text.length;
  while (length > 0 && characters.includes(text.charAt(length - 1))) length -= 1;
  return text.slice(0, length);
}

export function onOff(on: boolean): string {
  return on ? "enabled" : "disabled";
}

/** Whether a text means an empty value. */
export function isNothing(text: string): boolean {
  return /^(?:none|null|nothing|nobody|empty|n\/a|\(\s*(?:none|empty)?\s*\)|"\s*"|'\s*'|\[\s*\])?$/i.test(text.trim());
}
