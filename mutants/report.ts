import type { Mutation } from "./mutation-list.ts";
import type { Result } from "./run-mutations.ts";

/** Summary of the results. */
export interface Verdict {
  /** No test notices them, and no reason is given. */
  readonly survivors: readonly Result[];
  /** A reason says that no test can notice them. */
  readonly equivalent: readonly Result[];
  /** Undecided: noticed though listed as equivalent, no test ran, or the tests fail without a mutation. */
  readonly wrong: readonly Result[];
  readonly noticed: number;
  readonly timedOut: number;
}

export function verdictOn(results: readonly Result[]): Verdict {
  const isExplained = ({ mutation }: Result): boolean => mutation.equivalent !== undefined;
  const survived = results.filter(({ outcome }) => outcome === "survived");
  const isNoticed = ({ outcome }: Result): boolean => outcome === "noticed" || outcome === "timed out";
  const isUnknown = ({ outcome }: Result): boolean => outcome === "no test ran" || outcome === "not tried";
  return {
    survivors: survived.filter((result) => !isExplained(result)),
    equivalent: survived.filter(isExplained),
    wrong: results.filter((result) => isUnknown(result) || (isNoticed(result) && isExplained(result))),
    noticed: results.filter(isNoticed).length,
    timedOut: results.filter(({ outcome }) => outcome === "timed out").length,
  };
}

export function progressText({ mutation, outcome, by, seconds }: Result, done: number, all: number): string {
  const why = outcome === "noticed" ? ` by ${by}` : "";
  return `[${done}/${all}] ${mutation.id}: ${outcome}${why} (${seconds.toFixed(1)} s)`;
}

/** Everything that a person must look at, then one line of figures. */
export function reportText(results: readonly Result[]): string {
  const { survivors, equivalent, wrong, noticed, timedOut } = verdictOn(results);
  const figures = [
    `${results.length} mutations: ${noticed} noticed`,
    ...(timedOut > 0 ? [`${timedOut} of these because the tests did not end`] : []),
    `${equivalent.length} equivalent`,
    `${survivors.length} survived`,
    ...(wrong.length > 0 ? [`${wrong.length} to be corrected`] : []),
  ];
  return [
    ...equivalent.map((result) => section(result, `equivalent: ${result.mutation.equivalent}`)),
    ...survivors.map((result) => section(result, SURVIVED)),
    ...wrong.map((result) => section(result, wrongText(result))),
    figures.join(", "),
  ].join("\n");
}

const SURVIVED = "SURVIVED: write a test that fails, or give the reason why none can as `equivalent`";

function wrongText({ mutation, outcome, by }: Result): string {
  if (outcome === "no test ran" || outcome === "not tried") return `${outcome.toUpperCase()}: ${by}`;
  return `NOTICED though listed as equivalent, by ${by}: remove the reason from ${mutation.list}`;
}

function section({ mutation, line }: Result, verdict: string): string {
  return `${mutationText(mutation, line)}\n  ${verdict}\n`;
}

/** A mutation as text for a person. */
export function mutationText({ id, file, in: place, breaks, find, replace, tests }: Mutation, line: number): string {
  const marked = (text: string, mark: string): string[] => text.split("\n").map((one) => `  ${mark} ${one}`);
  return [
    `${id}  ${file}:${line} (${place})`,
    ...breaks.map((promise) => `  breaks: ${promise}`),
    ...marked(find, "-"),
    ...marked(replace, "+"),
    `  tests: ${tests.join(", ")}`,
  ].join("\n");
}

/** One object for a machine: the figures, then each result with its mutation. */
export function reportJson(results: readonly Result[]): string {
  const { survivors, equivalent, wrong, noticed, timedOut } = verdictOn(results);
  const figures = { survived: survivors.length, equivalent: equivalent.length, wrong: wrong.length, noticed, timedOut };
  const each = results.map(({ mutation, ...result }) => ({ ...mutation, ...result }));
  return JSON.stringify({ mutations: results.length, ...figures, results: each });
}
