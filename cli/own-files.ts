import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The folder of pimwatch itself: the checkout, or the installed package. The package holds this code in `bundle/`, which is
 * as deep as `cli/`.
 */
const OWN_FOLDER = new URL("../", import.meta.url);

/** The rules that pimwatch ships, and the samples of their tests. */
export const SHIPPED_RULES = fileURLToPath(new URL("rules", OWN_FOLDER));

/** The checkout's folder for notes of running local stacks, so that a stack is found from every folder, and only by its own pimwatch. */
export const STACK_NOTES = fileURLToPath(new URL(".pimwatch", OWN_FOLDER));

/** The path relative to the current folder, if it lies below it. */
export function nearby(path: string): string {
  const short = relative(process.cwd(), path);
  return short === "" ? "." : short.startsWith("..") ? path : short;
}
