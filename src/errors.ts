/**
 * Base of every error that pimwatch raises on purpose. `retryable` answers the caller's only
 * question: could the same call succeed later with nobody changing anything?
 */
export abstract class PimwatchError extends Error {
  abstract readonly retryable: boolean;
}

/** One or more settings are missing or wrong. The message names every one of them and what is expected. */
export class SettingsError extends PimwatchError {
  override readonly name = "SettingsError";
  readonly retryable = false;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Settings: ${problems.length} problem(s)\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/** What a person asked a command for cannot be done as asked. Shown as one line, without a stack. */
export class UsageError extends PimwatchError {
  override readonly name = "UsageError";
  readonly retryable = false;
}

/** A service that we depend on did not do what was asked, and may do it later. */
export class DependencyError extends PimwatchError {
  override readonly name = "DependencyError";
  readonly retryable = true;

  constructor(dependency: string, problem: string, options?: ErrorOptions) {
    super(`${dependency}: ${problem}`, options);
  }
}

/** Whether an error says that a service did not do what was asked, in our words or in those of its SDK: no mistake of ours. */
export function isOfADependency(error: unknown): boolean {
  return error instanceof PimwatchError || (error instanceof Error && error.name === "RestError");
}

const MAX_REASON_CHARACTERS = 300;

/** An error as one line for logs and pages. Words that are not ours are left out: they may quote a record. */
export function reasonOf(error: unknown): string {
  if (error instanceof PimwatchError) return (error.message.split("\n", 1)[0] ?? "").slice(0, MAX_REASON_CHARACTERS);
  if (!(error instanceof Error)) return typeof error;
  const status = "statusCode" in error && typeof error.statusCode === "number" ? ` ${error.statusCode}` : "";
  const code = "code" in error && typeof error.code === "string" ? ` ${error.code}` : "";
  return `${error.name}${status}${code}`.slice(0, MAX_REASON_CHARACTERS);
}
