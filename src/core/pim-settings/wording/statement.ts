import type { Predicate } from "../predicates.ts";
import type { Wording } from "./wordings.ts";

/** One sentence, recognised: how it names the setting and what it says of it. */
export interface Statement {
  readonly wording: Wording;
  /** The named parts of the subject: event and audience of a notification, id of a policy rule. */
  readonly subject: Readonly<Record<string, string | undefined>>;
  readonly predicate: Predicate;
  /** The sentence, verbatim. */
  readonly text: string;
}
