import { UsageError } from "../src/errors.ts";

/**
 * Runs a program of development and sets the exit code that it returns. Wrong options are one line, and exit code 2; so is
 * any other error, with its stack.
 */
export async function runProgram(run: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    console.error(isAboutOptions(error) ? error.message : error);
    process.exitCode = 2;
  }
}

function isAboutOptions(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
