import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { COMMANDS, run } from "../../cli/pimwatch.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const names = COMMANDS.map(({ name }) => name);
const optionsOf = (name: string): string[] =>
  Object.keys(COMMANDS.find((command) => command.name === name)?.options ?? {}).map((option) => `--${option}`);

async function scriptFor(shell: string): Promise<string> {
  const terminal = fakeTerminal();
  expect(await run(["completion", shell], terminal)).toBe(0);
  return terminal.outs.join("");
}

const isHere = (shell: string): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0;

/** The completions that bash offers for a line, whose last word is being typed. */
function bash(script: string, ...words: string[]): string[] {
  const ask = `${script}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pimwatch; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const out = execFileSync("bash", ["-uc", ask, "bash", ...words], { encoding: "utf8" });
  return out.split("\n").filter((line) => line !== "");
}

describe.skipIf(!isHere("bash"))("bash completes", () => {
  test("every command, and every option of each", async () => {
    const script = await scriptFor("bash");

    expect(bash(script, "pimwatch", "")).toEqual([...names, "help", "--help", "--version"]);
    for (const name of names) expect(bash(script, "pimwatch", name, "--"), name).toEqual(optionsOf(name));
  });

  test.each([
    { words: ["npx", "pimwatch", "li"], offered: ["lint"] },
    { words: ["/usr/bin/npx", "pimwatch", "lint", "--fo"], offered: ["--format"] },
    { words: ["npx", "vitest", ""], offered: [] },
    { words: ["npx", ""], offered: [] },
    { words: ["pimwatch", "help", "back"], offered: ["backtest"] },
    { words: ["pimwatch", "completion", ""], offered: ["bash", "zsh", "fish"] },
    { words: ["pimwatch", "lint", "rul"], offered: [] }, // bash itself offers files
    { words: ["pimwatch", "lint", "--junit", "-"], offered: [] },
    { words: ["pimwatch", "frob", "--"], offered: [] },
  ])("$words as $offered", async ({ words, offered }) => {
    expect(bash(await scriptFor("bash"), ...words)).toEqual(offered);
  });
});

test.skipIf(!isHere("fish"))("fish completes commands and options, with their help", async () => {
  const script = await scriptFor("fish");
  const complete = (line: string): string[] =>
    execFileSync("fish", ["--no-config", "-c", `${script}\ncomplete -C '${line}'`], { encoding: "utf8" })
      .trim()
      .split("\n");

  expect(complete("npx pimwatch cov")).toEqual(["coverage\tPrints the ATT&CK techniques that the rules cover."]);
  const words = complete("pimwatch lint --").map((line) => line.replace(/\t.*/, ""));
  expect(words.toSorted()).toEqual(optionsOf("lint").toSorted());
});

test("zsh gets every command and option, as one word each", async () => {
  const script = await scriptFor("zsh");

  for (const { name, options } of COMMANDS) {
    expect(script).toContain(`\n    '${name}:`);
    for (const option of Object.keys(options)) expect(script).toContain(`\n      '--${option}[`);
  }
  if (isHere("zsh")) expect(spawnSync("zsh", ["-n", "-c", script])).toMatchObject({ status: 0 });
});

test.each([
  { args: [], line: "pimwatch: Give one shell: bash, zsh, fish" },
  { args: ["tcsh"], line: 'pimwatch: Give one shell: bash, zsh, fish, not "tcsh"' },
])("completion $args: $line", async ({ args, line }) => {
  const terminal = fakeTerminal();

  expect({ code: await run(["completion", ...args], terminal), notes: terminal.notes }).toEqual({
    code: 2,
    notes: [line],
  });
});
