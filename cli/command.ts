import { parseArgs } from "node:util";
import { UsageError } from "../src/errors.ts";
import { refitted } from "./line-width.ts";
import type { Terminal } from "./terminal.ts";

interface Option {
  readonly type: "boolean" | "string";
  readonly help: string;
  /** Placeholder for the value in the help, such as FILE. Only for `string`. */
  readonly value?: string;
}

type Options = Readonly<Record<string, Option>>;

/** The options that a person gave; the others are undefined. */
export type Values<O extends Options> = {
  readonly [Name in keyof O]?: O[Name]["type"] extends "boolean" ? boolean : string;
};

interface Definition<O extends Options> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Shown after the name in the usage line, such as `[options] FILE...`. */
  readonly operands?: string;
  /** The words that may be the first operand, for the shell's completion. */
  readonly choices?: readonly string[];
  readonly options: O;
  /** Paragraphs after the options: explanations and examples. */
  readonly notes: string;
  /** When the command returns 0 and 1, and what else than CANNOT_BE_DONE makes it return 2. */
  readonly exitCodes: { readonly 0: string; readonly 1?: string; readonly 2?: string };
  /** @returns the exit code */
  run(given: { readonly values: Values<O>; readonly operands: readonly string[] }, terminal: Terminal): Promise<number>;
}

/** A command of `pimwatch`, made by `command`. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly help: string;
  /** All options, those of every command included. */
  readonly options: Options;
  readonly choices: readonly string[];
  /**
   * @returns the exit code
   * @throws {UsageError} for an option or operand that the command does not have
   */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** Options of every command. */
const COMMON = {
  debug: { type: "boolean", help: "if it fails, also print the details of the error" },
  help: { type: "boolean", help: "show this help" },
} as const;

/** Turns a definition into a command that parses its own arguments and prints its own help. */
export function command<const O extends Options>(definition: Definition<O>): Command {
  const { name, summary, notes, exitCodes, choices = [] } = definition;
  const options: Options = { ...definition.options, ...COMMON };
  const help = `${[usageLine(definition), summary, optionList(options), notes, exitCodeList(exitCodes)].join("\n\n")}\n`;
  return {
    name,
    summary,
    help,
    options,
    choices,
    async run(args, terminal) {
      const { values, operands } = parse(definition, args);
      if (values["help"] === true) {
        terminal.out(refitted(help, terminal.columns));
        return 0;
      }
      refuseEmpty(definition.options, values, operands);
      terminal.progress("Starting …"); // loading compiler and SDKs can take seconds
      try {
        // parseArgs has checked the values against the same options.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        return await definition.run({ values: values as Values<O>, operands }, terminal);
      } finally {
        terminal.progress("");
      }
    },
  };
}

function usageLine({ name, operands }: { readonly name: string; readonly operands?: string }): string {
  return `Usage: pimwatch ${name} ${operands ?? "[options]"}`;
}

function optionList(options: Options): string {
  const left = Object.entries(options).map(
    ([name, { value }]) => `  --${name}${value === undefined ? "" : ` ${value}`}`,
  );
  const width = Math.max(...left.map((text) => text.length)) + 2;
  const indent = `\n${" ".repeat(width)}`;
  return Object.values(options)
    .map(({ help }, index) => `${left[index]?.padEnd(width) ?? ""}${wrapped(help, COLUMNS - width).join(indent)}`)
    .join("\n");
}

const COLUMNS = 120;

/** The text in lines of at most this many characters, broken at spaces. */
function wrapped(text: string, width: number): string[] {
  return text.match(new RegExp(String.raw`\S.{0,${width - 1}}(?=\s|$)`, "g")) ?? [];
}

const CANNOT_BE_DONE = "an argument or setting is wrong, or a file or service cannot be used";

function exitCodeList({ 0: done, 1: failed, 2: more }: Definition<Options>["exitCodes"]): string {
  const texts = [done, failed, more === undefined ? CANNOT_BE_DONE : `${CANNOT_BE_DONE};\nor ${more}`];
  const lines = texts.flatMap((text, code) =>
    text === undefined ? [] : [`  ${code}  ${text.replaceAll("\n", "\n     ")}`],
  );
  return `Exit code:\n${lines.join("\n")}`;
}

/** A shell variable that is not set often gives an empty text: no option or operand means anything by it. */
function refuseEmpty(options: Options, values: Readonly<Record<string, unknown>>, operands: readonly string[]): void {
  const name = Object.keys(options).find((option) => values[option] === "");
  if (name !== undefined) throw new UsageError(`--${name} is empty. Give a ${options[name]?.value ?? "value"}`);
  if (operands.includes("")) throw new UsageError("An argument is empty. Give a value, or leave the argument out");
}

function parse<O extends Options>(definition: Definition<O>, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries({ ...definition.options, ...COMMON }).map(([name, { type }]) => [name, { type }]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: definition.operands !== undefined,
      strict: true,
    });
    return { values, operands: positionals };
  } catch (error) {
    // The first sentence of parseArgs is for everyone; the rest advises developers on `--`.
    if (!(error instanceof TypeError)) throw error;
    const [sentence = error.message] = error.message.split(/\. |\n/);
    throw new UsageError(`${sentence.replace(/\.$/, "")}. See: pimwatch ${definition.name} --help`, { cause: error });
  }
}

/** The value of an option that takes a whole number. */
export function wholeNumber(
  option: string,
  text: string | undefined,
  range: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= range.min && number <= range.max) return number;
  throw new UsageError(`--${option} must be a whole number from ${range.min} to ${range.max}, not "${text}"`);
}

/** A TCP port. With 0 or none, the system chooses one. */
export function port(option: string, text: string | undefined): number | undefined {
  return wholeNumber(option, text, { min: 0, max: 65_535 });
}
