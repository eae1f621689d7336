import type { PinnedList } from "../../plan.ts";
import type { QueryProblem } from "../problem.ts";

/** A local copy of a list that queries read by its URL. */
interface ListFile {
  /** Its path, for messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** When the copy was last changed. */
  readonly modified: Date;
}

/** Finds the local copy of a list. Where there is none, `problem` says why, and what to do. */
export type FindList = (url: string) => ListFile | { readonly problem: string };

/** How to find the lists that externaldata reads, and those that the query has read so far. */
export interface Lists {
  readonly find: FindList;
  readonly pinned: PinnedList[];
  /** Says of each of them which copy it is, at its place. */
  readonly notes: QueryProblem[];
}
