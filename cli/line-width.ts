/** A column that is narrower than this is worse to read than one that begins further left. */
const LEAST_WIDTH = 30;

/**
 * The text in lines that fit, broken at spaces, each after the first indented. A word that is longer than a line, such as an
 * address to copy, stays whole. The escapes of colors count as nothing.
 */
export function wrapped(text: string, columns: number | undefined, indent: number): string {
  if (columns === undefined) return text;
  const room = columns - indent < LEAST_WIDTH ? Math.min(indent, 4) : indent;
  // The name before the text is never broken from its first word.
  const name = text.slice(0, indent).endsWith(" ") ? text.slice(0, indent) : "";
  const [first = "", ...words] = text.slice(name.length).split(/(?<=\S) (?=\S)/);
  let line = name + first;
  const lines: string[] = [];
  for (const word of words) {
    if (widthOf(`${line} ${word}`) > columns) {
      lines.push(line);
      line = " ".repeat(room) + word;
    } else line += ` ${word}`;
  }
  return [...lines, line].join("\n");
}

/**
 * A page of help for a narrow terminal. It was written for wide ones: the lines of a paragraph, or of the right column of
 * a list, are joined and broken anew. Indented lines, such as examples, are kept as they are.
 */
export function refitted(page: string, columns: number | undefined): string {
  if (columns === undefined || page.split("\n").every((line) => line.length <= columns)) return page;
  const blocks: { text: string; indent: number }[] = [];
  for (const line of page.split("\n")) {
    const left = /^ */.exec(line)?.[0].length ?? 0;
    const last = blocks.at(-1);
    const continues = last !== undefined && last.text !== "" && line !== "" && left === last.indent;
    if (continues && (left === 0 || left > 4)) last.text += ` ${line.trim()}`;
    else blocks.push({ text: line, indent: textColumn(line, left) });
  }
  return blocks
    .map(({ text, indent }) => (/^ {2,4}(npx|az|-) /.test(text) ? text : wrapped(text, columns, indent)))
    .join("\n");
}

/** Where the text of a line begins: behind the gap after its name, if it has one. */
function textColumn(line: string, left: number): number {
  const named = /^ +\S(?:\S| (?! ))* {2,}(?=\S)/.exec(line)?.[0].length;
  return named ?? left;
}

function widthOf(text: string): number {
  // oxlint-disable-next-line no-control-regex -- the escapes of our own colors
  return Array.from(text.replaceAll(/\u001b\[[\d;]*m/g, "")).length;
}
