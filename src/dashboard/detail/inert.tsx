import type { VNode } from "preact";
import { INVISIBLE } from "../../core/visible-text.ts";

/** Line breaks and tabs, in a text that may have lines. */
const LAYOUT = /^[\n\t]$/;

interface InertProps {
  readonly text: string;
  /** Whether line breaks and tabs stay as they are. */
  readonly lines?: boolean;
}

/**
 * Shows text from outside. Characters that are invisible or change the writing direction appear as a code in a box. `bdi`
 * keeps right-to-left names from reordering the text around them.
 */
export function Inert({ text, lines = false }: InertProps): VNode {
  const parts: (string | VNode)[] = [];
  let end = 0;
  for (const match of text.matchAll(INVISIBLE)) {
    const [character] = match;
    if (lines && LAYOUT.test(character)) continue;
    if (lines && character === "\r") continue;
    parts.push(text.slice(end, match.index), <Hidden character={character} />);
    end = match.index + character.length;
  }
  parts.push(text.slice(end));
  return <bdi>{parts}</bdi>;
}

function Hidden({ character }: { readonly character: string }): VNode {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return (
    <span class="hidden-character" title={`Invisible character U+${code}`}>
      U+{code}
    </span>
  );
}
