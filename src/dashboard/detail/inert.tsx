import type { VNode } from "preact";
import { INVISIBLE } from "../../core/visible-text.ts";

/** Line breaks and tabs, where a text may have lines. */
const LAYOUT = /^[\n\t]$/;

interface InertProps {
  readonly text: string;
  /** Whether line breaks and tabs stay what they are. */
  readonly lines?: boolean;
}

/**
 * Text from outside, as text: what would not be seen, or would turn the direction of writing, is written out in a
 * marked box. `bdi` keeps right-to-left names from reordering what stands around them.
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
    <span class="hidden-character" title={`A character that would not be seen: U+${code}`}>
      U+{code}
    </span>
  );
}
