import { fieldOf, wordsOf } from "../errors/failure.ts";
import { isMissingSignIn, SIGN_IN } from "../errors/failure-text.ts";

/** The result of one check of `pimwatch doctor`. */
export interface Finding {
  /** Name of the thing that was checked. */
  readonly check: string;
  /** `warning`: events are stored, but a person should look. `unchecked`: another problem must be fixed first. */
  readonly status: "ok" | "warning" | "problem" | "unchecked";
  readonly found: string;
  /** Names of the settings behind it. */
  readonly settings: readonly string[];
  /** What to do; empty if there is nothing to do. */
  readonly remedy: string;
}

/** A thing to check, and what a person does about each kind of failure. */
export interface Subject {
  readonly check: string;
  readonly settings: readonly string[];
  readonly remedies: Readonly<Record<FailureKind, string>>;
}

/** `refused`: sign-in, key or right is wrong. `missing`: the service answered that it has no such thing. */
export type FailureKind = "unreachable" | "refused" | "missing" | "other";

type Answer = Pick<Finding, "found"> & Partial<Pick<Finding, "status" | "remedy">>;

/** Checks one thing. A failure becomes a finding, so that the other checks still run. */
export async function examine(subject: Subject, question: () => Promise<Answer>): Promise<Finding> {
  const { check, settings, remedies } = subject;
  try {
    const { status = "ok", found, remedy = "" } = await question();
    return { check, status, found, settings, remedy };
  } catch (error) {
    const remedy = isMissingSignIn(error) ? SIGN_IN : remedies[failureKind(error)];
    return { check, status: "problem", found: wordsOf(error), settings, remedy };
  }
}

export function unchecked({ check, settings }: Subject, first: string): Finding {
  return { check, status: "unchecked", found: "not checked", settings, remedy: `Fix this first: ${first}` };
}

export function failureKind(error: unknown): FailureKind {
  const status = fieldOf(error, "statusCode");
  const code = fieldOf(error, "code");
  if (status === 401 || status === 403 || code === "UnauthorizedError") return "refused";
  if (status === 404 || code === "MessagingEntityNotFoundError") return "missing";
  return typeof status === "number" || code === "ReceiverDisconnectedError" ? "other" : "unreachable";
}
