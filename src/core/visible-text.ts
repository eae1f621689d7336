/*
 * Characters that do something instead of showing something: controls (terminal escapes, line breaks),
 * format characters (bidirectional overrides, zero widths), separators, unpaired surrogates, and what
 * fonts draw as nothing. Names in audit events are chosen by whoever names a user, a group or an app.
 */
export const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** A text without any of them. */
export const VISIBLE = new RegExp(`^[^${INVISIBLE.source.slice(1)}*$`, "u");

/** Longest text shown of one field: a justification may be as long as its author likes. */
const MAX_LENGTH = 2_000;

/** The text as it may be put on a terminal: whatever would not be seen is written out, as `\u{202e}`. */
export function visible(text: string): string {
  const cut = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)} … (${text.length - MAX_LENGTH} more)` : text;
  return cut.replaceAll(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
