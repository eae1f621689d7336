import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../src/errors.ts";
import { parsed, placeIn } from "./code-place.ts";
import type { Mutation } from "./mutation-list.ts";

export interface Mutated {
  /** The whole file with the fault in it. */
  readonly source: string;
  /** Line where the fault begins, from 1. */
  readonly line: number;
}

/**
 * The mutated file.
 *
 * @throws {UsageError} unless the place holds the text exactly once and the result can be parsed
 */
export function mutate(source: string, mutation: Omit<Mutation, "tests" | "breaks">): Mutated {
  const { id, list, file, in: name, find, replace } = mutation;
  const fail = (problem: string): never => {
    throw new UsageError(`${list}: ${id}: ${problem}`);
  };
  if (find === replace) fail("find and replace are the same");
  const { start, end } = placeIn(file, source, name);
  const at = source.indexOf(find, start);
  const count = source.slice(start, end).split(find).length - 1;
  if (count !== 1) fail(`${name} of ${file} holds the text ${count} times, not once: ${find}`);
  const result = source.slice(0, at) + replace + source.slice(at + find.length);
  if (/\.tsx?$/.test(file)) parsed(file, result);
  return { source: result, line: source.slice(0, at).split("\n").length };
}

/** Every mutation applied to the files of a repository. @throws {UsageError} with all problems of the list */
export function mutateAll(root: string, mutations: readonly Mutation[]): Map<Mutation, Mutated> {
  const problems: string[] = [];
  const mutated = new Map<Mutation, Mutated>();
  for (const mutation of mutations) {
    try {
      mutated.set(mutation, mutate(readFileSync(join(root, mutation.file), "utf8"), mutation));
      for (const test of mutation.tests) readFileSync(join(root, test));
    } catch (error) {
      problems.push(`${mutation.id}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
  return mutated;
}
