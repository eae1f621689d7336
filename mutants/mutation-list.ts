import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { UsageError } from "../src/errors.ts";

const MUTATION = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "expected words in lower case, joined by hyphens"),
  breaks: z.array(z.string().min(1)).min(1),
  file: z.string().min(1),
  in: z.string().min(1),
  find: z.string().min(1),
  replace: z.string(),
  tests: z.array(z.string().regex(/^test\/.*\.test\.ts$/, "expected a test file")).min(1),
  equivalent: z.optional(z.string().min(1)),
});

/**
 * One deliberate fault.
 *
 * - `breaks`: the broken promise: the first cell of a row in SECURITY.md or ARCHITECTURE.md, or a sentence.
 * - `in`: the function or constant of `file` that contains `find` exactly once (see code-place.ts).
 * - `tests`: test files, one of which must fail.
 * - `equivalent`: why no test can fail. A mutation without it must be noticed.
 */
export type Mutation = Readonly<z.infer<typeof MUTATION>> & { readonly list: string };

const LISTS = "mutants/list/*.yaml";

/**
 * The mutations of a repository, in the order of their files.
 *
 * @throws {UsageError} if a file is malformed, or two mutations share an id
 */
export function readMutations(root: string): Mutation[] {
  const mutations = globSync(LISTS, { cwd: root })
    .toSorted()
    .flatMap((list) => readList(root, list));
  const ids = mutations.map(({ id }) => id);
  const repeated = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (repeated.length > 0) throw new UsageError(`${LISTS}: more than one mutation is called ${repeated.join(", ")}`);
  if (mutations.length === 0) throw new UsageError(`${LISTS}: no mutations in ${root}`);
  return mutations;
}

function readList(root: string, list: string): Mutation[] {
  const parsed = z.array(MUTATION).safeParse(parse(readFileSync(join(root, list), "utf8")));
  if (parsed.success) return parsed.data.map((mutation) => ({ ...mutation, list }));
  const problems = parsed.error.issues.map(({ path, message }) => `${list}: ${path.join(".")}: ${message}`);
  throw new UsageError(problems.join("\n"));
}

/** Mutations whose id, file or broken promise contains one of the texts, ignoring case; all if none is given. */
export function chosen(mutations: readonly Mutation[], texts: readonly string[]): Mutation[] {
  if (texts.length === 0) return [...mutations];
  const wanted = texts.map((text) => text.toLowerCase());
  const found = mutations.filter(({ id, file, breaks }) => {
    const content = [id, file, ...breaks].join("\n").toLowerCase();
    return wanted.some((text) => content.includes(text));
  });
  if (found.length === 0) throw new UsageError(`--only ${texts.join(" --only ")}: no mutation; --list prints them all`);
  return found;
}
