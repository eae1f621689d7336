import type { Command } from "./command.ts";

/*
 * Shell completions of commands and options, made from the same table as the help. The shell completes both `pimwatch` and
 * `npx pimwatch`, which is how the documents call it. After an option with a value and for operands, it completes files.
 */

/** For bash 3.2 and later, which macOS has. */
export function bashCompletion(commands: readonly Command[]): string {
  const cases = commands.map(({ name, options, choices }) => {
    const flags = Object.keys(options).map((option) => `--${option}`);
    const withValue = Object.entries(options).flatMap(([option, { type }]) => (type === "string" ? `--${option}` : []));
    return `    ${name}) options="${flags.join(" ")}" with_value="${withValue.join(" ")}" choices="${choices.join(" ")}" ;;`;
  });
  return `# Completion of pimwatch for bash.
_pimwatch() {
  COMPREPLY=()
  local at=$COMP_CWORD options="" with_value="" choices=""
  local -a words=("\${COMP_WORDS[@]}")
  if [[ \${words[0]##*/} == npx ]]; then
    [[ \${words[1]} == pimwatch ]] || return 0
    words=("\${words[@]:1}")
    at=$((at - 1))
  fi
  [ "$at" -gt 0 ] || return 0
  local current=\${words[at]}
  if [ "$at" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${namesOf(commands)} help --help --version" -- "$current"))
    return 0
  fi
  case \${words[1]} in
    help) choices="${namesOf(commands)}" ;;
${cases.join("\n")}
  esac
  [[ " $with_value " == *" \${words[at - 1]} "* ]] && return 0
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [ "$at" -eq 2 ]; then
    COMPREPLY=($(compgen -W "$choices" -- "$current"))
  fi
  return 0
}
complete -o default -F _pimwatch pimwatch npx
`;
}

export function zshCompletion(commands: readonly Command[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, options, choices }) => {
    const specs = Object.entries(options).map(([option, { type, help, value = "VALUE" }]) => {
      const after = type === "string" ? `:${value}:_files` : "";
      return `      ${quoted(`--${option}[${help.replaceAll(/[[\]\\:]/g, String.raw`\$&`)}]${after}`)}`;
    });
    const operands = choices.length > 0 ? `1:choice:(${choices.join(" ")})` : "*:file:_files";
    return `    ${name}) specs=(\n${specs.join("\n")}\n      ${quoted(operands)}\n    ) ;;`;
  });
  return `# Completion of pimwatch for zsh.
_pimwatch() {
  local -a names specs
  if [[ \${words[1]:t} == npx ]]; then
    if [[ \${words[2]} != pimwatch ]]; then
      _files
      return
    fi
    shift words
    (( CURRENT-- ))
  fi
  names=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command names
    return
  fi
  shift words
  (( CURRENT-- ))
  case \${words[1]} in
    help) _describe command names; return ;;
${cases.join("\n")}
  esac
  _arguments -S $specs
}
compdef _pimwatch pimwatch npx
`;
}

export function fishCompletion(commands: readonly Command[]): string {
  const lines = commands.flatMap(({ name, summary, options, choices }) => [
    `    complete -c $program -f -n __pimwatch_needs_command -a ${name} -d ${fishQuoted(summary)}`,
    ...choices.map((choice) => `    complete -c $program -f -n '__pimwatch_runs ${name}' -a ${choice}`),
    ...Object.entries(options).map(([option, { type, help }]) => {
      const value = type === "string" ? " -r" : "";
      return `    complete -c $program -n '__pimwatch_runs ${name}' -l ${option}${value} -d ${fishQuoted(help)}`;
    }),
  ]);
  return `# Completion of pimwatch for fish.
function __pimwatch_words
    set -l words (commandline -opc)
    test "$words[1]" = npx; and set -e words[1]
    string join \\n -- $words
end
function __pimwatch_needs_command
    set -l words (__pimwatch_words)
    test (count $words) -eq 1; and test "$words[1]" = pimwatch
end
function __pimwatch_runs
    set -l words (__pimwatch_words)
    test (count $words) -ge 2; and test "$words[1]" = pimwatch; and test "$words[2]" = $argv[1]
end
for program in pimwatch npx
${lines.join("\n")}
    complete -c $program -f -n '__pimwatch_runs help' -a '${namesOf(commands)}'
end
`;
}

function namesOf(commands: readonly Command[]): string {
  return commands.map(({ name }) => name).join(" ");
}

/** For zsh: as one word, whatever it contains. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
