import { UsageError } from "../../src/errors.ts";
import { visible } from "../../src/core/visible-text.ts";
import { command, type Command } from "../command.ts";
import { bashCompletion, fishCompletion, zshCompletion } from "../shell-completion.ts";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

const isShell = (name: string): name is keyof typeof SHELLS => Object.hasOwn(SHELLS, name);

/** The commands, and one that prints a shell completion of them all, itself included. */
export function withCompletion(commands: readonly Command[]): readonly Command[] {
  const all = [...commands];
  const completion = command({
    name: "completion",
    summary: "Prints a completion of commands and options for bash, zsh or fish.",
    operands: `[options] ${Object.keys(SHELLS).join("|")}`,
    choices: Object.keys(SHELLS),
    options: {},
    notes: `The shell completes \`pimwatch\` and \`npx pimwatch\` after it has read the output, for example in its start file:

  bash  eval "$(npx --no pimwatch completion bash)"
  zsh   eval "$(npx --no pimwatch completion zsh)"     (after compinit)
  fish  npx --no pimwatch completion fish | source

Where pimwatch is not installed, save the output as a file and let the shell read that.`,
    exitCodes: { 0: "the completion was printed" },
    async run({ operands }, terminal) {
      const [shell = "", ...more] = operands;
      if (!isShell(shell) || more.length > 0)
        throw new UsageError(
          `Give one shell: ${Object.keys(SHELLS).join(", ")}${shell === "" ? "" : `, not "${visible(operands.join(" "))}"`}`,
        );
      terminal.out(SHELLS[shell](all));
      return Promise.resolve(0);
    },
  });
  all.push(completion);
  return all;
}
