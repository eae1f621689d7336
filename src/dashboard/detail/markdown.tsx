import type { VNode } from "preact";
import { Inert } from "./inert.tsx";
import { SafeLink } from "./safe-link.tsx";

type Block = { readonly kind: "p" | "ul" | "ol"; readonly items: string[] };

/**
 * Shows the Markdown of guides: paragraphs, lists, links, code and emphasis. It shows anything else as plain text, so no
 * other markup can arise.
 */
export function Markdown({ text }: { readonly text: string }): VNode {
  return (
    <div class="prose">
      {blocksOf(text).map(({ kind, items }) => {
        if (kind === "p") return <p>{inline(items.join(" "))}</p>;
        const List = kind;
        return (
          <List>
            {items.map((item) => (
              <li>{inline(item)}</li>
            ))}
          </List>
        );
      })}
    </div>
  );
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let isOpen = false;
  for (const line of text.split("\n")) {
    const item = /^(-|\d+\.)\s+(.*)$/.exec(line);
    const last = blocks.at(-1);
    if (line.trim() === "") isOpen = false;
    else if (item !== null) {
      const kind = item[1] === "-" ? "ul" : "ol";
      if (last?.kind === kind) last.items.push(item[2] ?? "");
      else blocks.push({ kind, items: [item[2] ?? ""] });
      isOpen = true;
    } else if (isOpen && last !== undefined) last.items.push(`${last.items.pop() ?? ""} ${line.trim()}`);
    else {
      blocks.push({ kind: "p", items: [line.trim()] });
      isOpen = true;
    }
  }
  return blocks;
}

const INLINE = /\[([^\]]+)\]\(([^)\s]+)\)|`([^`]+)`|\*\*([^*]+)\*\*/g;

function inline(text: string): (VNode | string)[] {
  const parts: (VNode | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [all, label, href, code, strong] = match;
    parts.push(<Inert text={text.slice(end, match.index)} />);
    if (href !== undefined) parts.push(<SafeLink href={href} text={label ?? href} />);
    else if (code !== undefined) parts.push(<code>{code}</code>);
    else parts.push(<strong>{strong}</strong>);
    end = match.index + all.length;
  }
  parts.push(<Inert text={text.slice(end)} />);
  return parts;
}
