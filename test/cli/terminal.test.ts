import { expect, test } from "vitest";
import { refitted, wrapped } from "../../cli/line-width.ts";
import { COMMANDS } from "../../cli/pimwatch.ts";
import { painted, wantsColor } from "../../cli/terminal.ts";

test.each([
  { isTTY: true, env: {}, color: true },
  { isTTY: true, env: { TERM: "dumb" }, color: false },
  { isTTY: true, env: { NO_COLOR: "1" }, color: false },
  { isTTY: true, env: { NO_COLOR: "" }, color: true },
  { isTTY: true, env: { FORCE_COLOR: "0" }, color: false },
  { isTTY: false, env: {}, color: false },
  { isTTY: false, env: { FORCE_COLOR: "1" }, color: true },
  { isTTY: false, env: { FORCE_COLOR: "1", TERM: "dumb" }, color: true },
  { isTTY: false, env: { FORCE_COLOR: "1", NO_COLOR: "1" }, color: false },
  { isTTY: false, env: { FORCE_COLOR: "" }, color: false },
])("terminal: $isTTY, $env: color $color", ({ isTTY, env, color }) => {
  expect(wantsColor({ isTTY }, env)).toBe(color);
  expect(painted("P1", "P1", { color })).toBe(color ? "\u001b[1;31mP1\u001b[0m" : "P1");
});

test.each([
  { columns: undefined, lines: ["    by        a person with a long name from far away"] },
  { columns: 48, lines: ["    by        a person with a long name from far", "              away"] },
  { columns: 40, lines: ["    by        a person with a long name", "    from far away"] },
])("a line on $columns columns goes on below its text, if there is room", ({ columns, lines }) => {
  expect(wrapped("    by        a person with a long name from far away", columns, 14)).toBe(lines.join("\n"));
});

test("an address to copy is not broken", () => {
  const address = `https://${"a".repeat(80)}.example`;
  expect(wrapped(`page  ${address}`, 40, 6)).toBe(`page  ${address}`);
});

test.each(COMMANDS.map(({ name, help }) => ({ name, help })))("the help of $name fits narrow terminals", ({ help }) => {
  const words = (text: string): string => text.replaceAll(/\s+/g, " ");
  for (const columns of [60, 80, 120, 200]) {
    const page = refitted(help, columns);
    expect(words(page)).toBe(words(help));
    const isWhole = (line: string): boolean => line.length <= columns || /^ {2,}\S/.test(line) || !/\S \S/.test(line);
    expect(page.split("\n").filter((line) => !isWhole(line))).toEqual([]);
  }
});
