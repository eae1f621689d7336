import { build } from "../build.ts";

/** Builds dist/ once before the tests: what they load is what is published. */
export async function setup(): Promise<void> {
  await build();
}
