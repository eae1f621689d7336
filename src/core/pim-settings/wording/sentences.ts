import { WORDINGS } from "./wordings.ts";

/** PIM's own opening of the text. */
const OPENING = /^\s*setting changes in this session\s*:?\s*/i;
const SUBJECT = `(?:${WORDINGS.map(({ subject }) => subject.replaceAll(/\?<\w+>/g, "?:")).join("|")})`;
const BEGINS_WITH_SUBJECT = new RegExp(`^${SUBJECT}(?!\\w)`, "i");
/*
 * A full stop and whitespace end a sentence. So does a state ("disabled", "02:00:00") that is followed by a subject of the
 * table.
 */
const BOUNDARY = new RegExp(
  String.raw`\.(?=\s|$)|(?<=\b(?:enabled|disabled|days?|hours?|\d|\)))(?:[.;,|]|[ \t]{0,8}\r?\n)(?=\s{0,8}${SUBJECT}(?!\w))|(?<=\b(?:enabled|disabled)) and (?=${SUBJECT}(?!\w))`,
  "gi",
);
/** A sentence that ends in names, which may contain dots: "J. R. Roe", "Dr. Roe", "svc.admin". */
const ENDS_IN_NAMES =
  /(?:\bapprovers?\b(?! settings?\b)|\brecipients?\b.*\b(?:added|removed|deleted|to|with)\b|^CustomExtension_\w+ (?:added|updated|removed): *\S)/is;
const ABBREVIATION = /(?:^|[\s,(])(?:\p{L}|Dr|Mr|Mrs|Ms|Prof|St|Jr|Sr|Inc|Ltd|Corp|Co|No)$/iu;
/** A change of a setting, as opposed to the rest of a name. */
const STATES_A_CHANGE =
  /\b(?:enabled|disabled|updated|changed|added|removed|deleted|replaced|increased|reduced|decreased|extended|set to|turned o(?:n|ff)|switched o(?:n|ff)|required|allowed|modified)\b/i;

/**
 * The sentences of a save, in order and verbatim, without the full stops between them. Dots inside names, user principal
 * names and durations do not end a sentence.
 */
export function sentencesOf(text: string): string[] {
  const sentences: Sentence[] = [];
  for (const fragment of fragmentsOf(text)) {
    const last = sentences.at(-1);
    if (last !== undefined && continues(fragment, last)) last.parts.push(fragment);
    else sentences.push({ parts: [fragment], endsInNames: ENDS_IN_NAMES.test(fragment.slice(0, 2_000)) });
  }
  return sentences.map(({ parts }) => parts.join(". "));
}

interface Sentence {
  readonly parts: string[];
  readonly endsInNames: boolean;
}

function fragmentsOf(text: string): string[] {
  return text
    .replace(OPENING, "")
    .split(BOUNDARY)
    .map((fragment) => fragment.replace(OPENING, "").trim())
    .filter((fragment) => /[\p{L}\p{N}]/u.test(fragment));
}

/** Whether the text after a full stop belongs to the sentence before it. */
function continues(fragment: string, { parts, endsInNames }: Sentence): boolean {
  if (BEGINS_WITH_SUBJECT.test(fragment) || STATES_A_CHANGE.test(fragment)) return false;
  return endsInNames || ABBREVIATION.test(parts.at(-1) ?? "");
}
