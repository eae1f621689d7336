import * as z from "zod/mini";
import { EXPORT_RANGES } from "../tables/row-keys.ts";

/** A blob with rows of one range of keys, as gzipped lines of JSON. Its hash is part of its name, so it never changes. */
const PART = z.object({
  name: z.string(),
  range: z.int().check(z.gte(0), z.lt(EXPORT_RANGES.length)),
  rows: z.int().check(z.gte(0)),
  /** Of the blob. */
  bytes: z.int().check(z.gte(0)),
  sha256: z.string(),
});

const EXPORT = {
  format: z.literal(1),
  table: z.string(),
  /** Of the app that began it. */
  version: z.string(),
  startedAt: z.string(),
  parts: z.array(PART),
};

/** What an unfinished export has written, and where it goes on. */
export const PROGRESS = z.object({
  ...EXPORT,
  position: z.object({
    range: z.int(),
    /** Undefined: before the first partition. */
    partitionKey: z.optional(z.string()),
    /** Behind this row; undefined: from the beginning of the range. */
    after: z.optional(z.string()),
    /** The range of this partition was read to its end. */
    isDone: z.optional(z.boolean()),
  }),
});

/** All parts of a whole export. It is written last, so an export without it is not whole. */
export const MANIFEST = z.object({ ...EXPORT, endedAt: z.string(), rows: z.int() });

export type Part = z.infer<typeof PART>;
export type Progress = z.infer<typeof PROGRESS>;
export type Position = Progress["position"];
export type Manifest = z.infer<typeof MANIFEST>;
