/** What `pimwatch doctor` found out about one thing. */
export interface Finding {
  /** What was looked at. */
  readonly check: string;
  /** `warning`: events are stored, and somebody has to look. `unchecked`: something else has to be put right first. */
  readonly status: "ok" | "warning" | "problem" | "unchecked";
  readonly found: string;
  /** Names of the settings that decide it. */
  readonly settings: readonly string[];
  /** What to do. Empty where there is nothing to do. */
  readonly remedy: string;
}

/** Something to look at, and what a person does about each way in which that fails. */
export interface Subject {
  readonly check: string;
  readonly settings: readonly string[];
  readonly remedies: Readonly<Record<FailureKind, string>>;
}

/** `refused`: sign-in, key or right. `missing`: the service answered that it has no such thing. */
export type FailureKind = "unreachable" | "refused" | "missing" | "other";

type Answer = Pick<Finding, "found"> & Partial<Pick<Finding, "status" | "remedy">>;

/** Looks at one thing. Every failure becomes a finding: the others are looked at all the same. */
export async function examine(subject: Subject, question: () => Promise<Answer>): Promise<Finding> {
  const { check, settings, remedies } = subject;
  try {
    const { status = "ok", found, remedy = "" } = await question();
    return { check, status, found, settings, remedy };
  } catch (error) {
    return { check, status: "problem", found: wordsOf(error), settings, remedy: remedies[failureKind(error)] };
  }
}

export function unchecked({ check, settings }: Subject, first: string): Finding {
  return { check, status: "unchecked", found: "not looked at", settings, remedy: `First put right: ${first}` };
}

export function failureKind(error: unknown): FailureKind {
  const status = fieldOf(error, "statusCode");
  const code = fieldOf(error, "code");
  if (status === 401 || status === 403 || code === "UnauthorizedError") return "refused";
  if (status === 404 || code === "MessagingEntityNotFoundError") return "missing";
  return typeof status === "number" || code === "ReceiverDisconnectedError" ? "other" : "unreachable";
}

/** A field of an error or of what caused it; of several attempts, of the last. */
export function fieldOf(error: unknown, name: "code" | "statusCode"): unknown {
  if (!(error instanceof Error)) return undefined;
  const value = Object.entries(error).find(([field]) => field === name)?.[1];
  const inner: unknown = error instanceof AggregateError ? error.errors.at(-1) : error.cause;
  return value ?? fieldOf(inner, name);
}

/** The first line of an error's message, with its status where it has one. Table Storage answers in JSON. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const status = fieldOf(error, "statusCode");
  const message = error.message.replace(
    /\{"odata\.error".*$/s,
    (json) => /"value":"((?:[^"\\]|\\["\\])*)/.exec(json)?.[1] ?? json,
  );
  const [line = ""] = message.split("\n", 1);
  return typeof status === "number" ? `${line} (${status})` : line || error.name;
}
