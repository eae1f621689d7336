import { type BaselineKey, baseline } from "./baselines.ts";
import { durationInWords, minutesOf } from "./duration.ts";
import type { Finding, WordingStatus } from "./finding.ts";
import { isNothing, onOff, type Predicate } from "./predicates.ts";
import {
  BARE_UNITS,
  MAXIMUM_MINUTES,
  PLATFORM_MAXIMUM_ACTIVATION_MINUTES,
  type Setting,
  type SettingKey,
  settingOf,
} from "./settings.ts";
import type { Wording } from "./wording/wordings.ts";

/** A recognized sentence: how it names the setting, and its statement about it. */
export interface Statement {
  readonly wording: Wording;
  /** The named parts of the subject: event and audience of a notification, id of a policy rule. */
  readonly subject: Readonly<Record<string, string | undefined>>;
  readonly predicate: Predicate;
  /** The sentence, verbatim. */
  readonly text: string;
}

type Judgement = Pick<Finding, "effect" | "reason" | "summary"> &
  Partial<Pick<Finding, "newValue" | "oldValue" | "weight">>;

/** The effect of a recognized sentence on the protection of the role. */
export function toFinding(statement: Statement): Finding {
  const { wording, predicate, text } = statement;
  const setting = namedSetting(statement);
  const judgement = judge(statement, setting);
  return {
    setting: setting.rule,
    settingName: setting.name,
    newValue: predicate.value,
    oldValue: predicate.oldValue,
    weight: setting.weight,
    ...judgement,
    baselines: setting.baselines.map(baseline),
    wording: statusOf(statement),
    source: wording.source,
    text,
  };
}

/** PIM adds these on any save, with empty parentheses. */
export function isEmptyExtension({ wording, predicate }: Statement): boolean {
  return (
    wording.reading === "extension" && /^(?:(?:added|removed|updated)\b:? ?)?(?:\( ?\))?$/i.test(predicate.value.trim())
  );
}

function statusOf({ wording, predicate }: Statement): WordingStatus {
  return wording.status === "published" && predicate.status === "published" ? "published" : "inferred";
}

function judge(statement: Statement, setting: Setting): Judgement {
  const { wording, predicate } = statement;
  if (wording.reading === "duration") return judgeDuration(statement, setting);
  if (wording.reading === "approvers") {
    return {
      effect: "unknown",
      reason: "The approvers changed: the event does not say whether the new ones are right.",
      summary: "Approvers changed",
    };
  }
  if (predicate.on === null) {
    return {
      effect: "unknown",
      reason: "The sentence names the setting, but not whether it protects more or less than before.",
      summary: `${setting.name} changed`,
    };
  }
  return judgeSwitch(predicate.on, predicate.value, setting);
}

function judgeSwitch(on: boolean, value: string, setting: Setting): Judgement {
  const safer = on === (setting.guards === "protects");
  const named = isNothing(value) ? "" : value;
  const summary = on
    ? (setting.switchedOn ?? `${setting.name} switched on`)
    : (setting.switchedOff ?? `${setting.name} switched off`);
  return {
    effect: safer ? "strengthens" : "weakens",
    reason: on ? setting.on : setting.off,
    summary,
    newValue: named === "" ? onOff(on) : `${onOff(on)}: ${named}`,
  };
}

function judgeDuration({ wording, predicate, subject }: Statement, setting: Setting): Judgement {
  const unit = subject["unit"] ?? BARE_UNITS.get(wording.setting);
  const minutes = minutesOf(predicate.value, unit);
  const maximum = MAXIMUM_MINUTES.get(wording.setting);
  if (minutes === null || minutes === 0 || maximum === undefined) {
    const reason = `"${predicate.value}" is not a readable duration, so it cannot be compared with the baseline.`;
    return { effect: "unknown", reason, summary: `${setting.name} changed` };
  }
  const words = durationInWords(minutes);
  const before = predicate.oldValue === null ? null : minutesOf(predicate.oldValue, unit);
  const oldValue = before === null ? predicate.oldValue : durationInWords(before);
  const known = { newValue: words, oldValue, summary: `${setting.name} set to ${words}` };
  const shorter = predicate.direction === "down" || (before !== null && minutes < before);
  const limit = durationInWords(maximum);
  if (minutes > maximum && shorter) {
    return {
      ...known,
      effect: "strengthens",
      reason: `Shorter than before, but still above the baseline of ${limit}.`,
    };
  }
  if (minutes > maximum) {
    const beyond = wording.setting === "activationDuration" && minutes > PLATFORM_MAXIMUM_ACTIVATION_MINUTES;
    return {
      ...known,
      effect: "weakens",
      reason: `Longer than the baseline of ${limit}.`,
      summary: `${known.summary} (baseline ${limit})`,
      ...(beyond || minutes === Infinity ? { weight: "high" as const } : {}),
    };
  }
  if (shorter)
    return { ...known, effect: "strengthens", reason: `Shorter than before, within the baseline of ${limit}.` };
  const compared = before === null ? "the event does not say what it was before" : "not shorter than before";
  return { ...known, effect: "neutral", reason: `Within the baseline of ${limit}; ${compared}.` };
}

/** For notification settings, extensions and bare rule ids, part of the name comes from the sentence. */
function namedSetting({ wording, subject }: Statement): Setting {
  const setting = settingOf(wording.setting);
  if (setting.rule === "Notification_*_*") return notification(wording.setting, setting, subject);
  if (wording.reading === "extension") {
    const rule = `CustomExtension_${subject["extension"] ?? "*"}`;
    return { ...setting, rule, name: `Custom extension ${subject["extension"] ?? ""}`.trim() };
  }
  if (wording.reading !== "rule") return setting;
  const rule = subject["rule"] ?? setting.rule;
  return { ...setting, rule, name: `Policy rule ${rule}` };
}

type Part = { readonly id: string; readonly words: string };

function notification(key: SettingKey, setting: Setting, subject: Statement["subject"]): Setting {
  const audience = audienceOf(subject["audience"]);
  const event = eventOf(subject["event"]);
  const prefix = { defaultRecipients: "Default recipients", additionalRecipients: "Additional recipients" };
  const what = key === "defaultRecipients" || key === "additionalRecipients" ? prefix[key] : "Critical mails only";
  return {
    ...setting,
    rule: `Notification_${audience.id}_${event.id}`,
    name: `${what} of ${audience.words}notifications${event.words}`,
    baselines: audience.id === "Admin" || audience.id === "*" ? notificationBaselines(event.id) : [],
  };
}

function audienceOf(word: string | undefined): Part {
  if (word === undefined) return { id: "*", words: "" };
  const lower = word.toLowerCase();
  if (lower === "admin") return { id: "Admin", words: "admin " };
  if (lower === "approver") return { id: "Approver", words: "approver " };
  return { id: "Requestor", words: "requestor " };
}

function eventOf(clause: string | undefined): Part {
  if (clause === undefined) return { id: "*", words: "" };
  if (/as eligible/i.test(clause)) return { id: "Admin_Eligibility", words: " on eligible assignment" };
  if (/as active/i.test(clause)) return { id: "Admin_Assignment", words: " on active assignment" };
  return { id: "EndUser_Assignment", words: " on activation" };
}

function notificationBaselines(event: string): readonly BaselineKey[] {
  if (event === "EndUser_Assignment") return ["cisa78", "cisa79"];
  return event === "*" ? ["cisa77", "cisa78", "cisa79"] : ["cisa77"];
}
