/**
 * Base of every error that pimwatch raises on purpose. `retryable`: the same call can succeed later without any change.
 */
export abstract class PimwatchError extends Error {
  abstract readonly retryable: boolean;
}

/** Settings are missing or wrong. The message names each of them and the expected value. */
export class SettingsError extends PimwatchError {
  override readonly name = "SettingsError";
  readonly retryable = false;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `Settings: ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}\n${problems.map((problem) => `  ${problem}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

/** A command cannot do what its user asked for. Shown as one line, without a stack. */
export class UsageError extends PimwatchError {
  override readonly name = "UsageError";
  readonly retryable = false;
}

/** A call to a service that we depend on failed, and may succeed later. */
export class DependencyError extends PimwatchError {
  override readonly name = "DependencyError";
  readonly retryable = true;

  constructor(dependency: string, problem: string, options?: ErrorOptions) {
    super(`${dependency}: ${problem}`, options);
  }
}

/** Whether an error is a failed call to a service, reported by us or by its SDK, and not a bug. */
export function isOfADependency(error: unknown): boolean {
  return error instanceof PimwatchError || (error instanceof Error && error.name === "RestError");
}

/** Whether an error is of a kind that only a bug in the code throws. */
export function isMistake(error: unknown): boolean {
  return [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
}

const MAX_REASON_CHARACTERS = 300;

/** An error as one line for logs and pages. The messages of other libraries are left out: they may quote a record. */
export function reasonOf(error: unknown): string {
  if (error instanceof PimwatchError) return (error.message.split("\n", 1)[0] ?? "").slice(0, MAX_REASON_CHARACTERS);
  if (!(error instanceof Error)) return typeof error;
  const status = "statusCode" in error && typeof error.statusCode === "number" ? ` ${error.statusCode}` : "";
  const code = "code" in error && typeof error.code === "string" ? ` ${error.code}` : "";
  return `${error.name}${status}${code}`.slice(0, MAX_REASON_CHARACTERS);
}
