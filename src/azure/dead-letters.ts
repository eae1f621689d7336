import { RestError, type BlobItem, type ContainerClient } from "@azure/storage-blob";
import { type Bound, boundedText } from "../core/json/bounded.ts";
import { sha256Hex } from "../core/json/content-hash.ts";
import type { HubPosition } from "../core/incident/incident.ts";
import { VERSION } from "../version.ts";
import { CALL_TIMEOUT_MS } from "../core/timing.ts";
import { MACHINE } from "../machine.ts";
import { isMissingBlob } from "./blob-errors.ts";
import { firstOf, inTime } from "./calls.ts";

/** The part of the SDK's client that this file uses. */
export type Container = Pick<ContainerClient, "createIfNotExists" | "getBlockBlobClient" | "listBlobsFlat">;

export interface DeadLetter {
  readonly bytes: Uint8Array;
  /** One sentence for a person; never holds data from the record. */
  readonly reason: string;
  readonly position: HubPosition;
}

/** A dead letter as lists show it. A field that the host did not give is "". */
export interface DeadLetterEntry {
  readonly name: string;
  readonly size: number;
  readonly reason: string;
  readonly partition: string;
  readonly sequenceNumber: string;
  /** When the event reached the hub. */
  readonly enqueuedTime: string;
  /** The version of the app that stored it. */
  readonly version: string;
  /** Why a person discarded it; "" if nobody did. */
  readonly discarded: string;
  readonly discardedBy: string;
  readonly discardedTime: string;
}

/** A person's decision that a dead letter needs no more work. */
export interface Discarding {
  readonly reason: string;
  /** Who decided. */
  readonly by: string;
  readonly at: Date;
}

const SERVICE = "Blob Storage";
/** All metadata of a blob together is at most 8 KB, and a character may take 9 bytes of it. */
// https://learn.microsoft.com/rest/api/storageservices/setting-and-retrieving-properties-and-metadata-for-blob-resources
const REASON = { characters: 500, bytes: 2_000 };
const POSITION = { characters: 50, bytes: 200 };

/**
 * Events that could not be processed, byte for byte. The sha256 of its bytes names a blob, so an event that is delivered
 * again is kept once. Its metadata says why it failed and where it came from. A discarded dead letter stays, with the
 * reason: others can check the decision, and the same bytes do not come back when they are delivered again.
 *
 * @param timeoutMs how long one call may take with its retries
 */
export function deadLetters(container: Container, timeoutMs = CALL_TIMEOUT_MS, machine = MACHINE) {
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>) =>
    inTime(SERVICE, timeoutMs, make, machine);

  return {
    /** Makes the container unless it exists. For local runs: in Azure, Bicep makes it. */
    async create(): Promise<void> {
      await call((options) => container.createIfNotExists(options));
    },

    /**
     * Keeps the bytes. A repeated call is harmless: the first reason and position stay.
     *
     * @throws when it is unknown whether they are kept
     */
    async add({ bytes, reason, position }: DeadLetter): Promise<void> {
      const blob = container.getBlockBlobClient(sha256Hex(bytes));
      const metadata = {
        reason: toHeader(reason, REASON),
        partition: toHeader(position.partitionId ?? "", POSITION),
        sequencenumber: String(position.sequenceNumber ?? ""),
        enqueuedtime: toHeader(position.enqueuedTime ?? "", POSITION),
        version: VERSION,
      };
      // The service refuses a header without a value.
      const known = Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== ""));
      try {
        await call((options) =>
          blob.upload(Buffer.from(bytes), bytes.length, {
            ...options,
            conditions: { ifNoneMatch: "*" },
            blobHTTPHeaders: { blobContentType: "application/octet-stream" },
            metadata: known,
          }),
        );
      } catch (error) {
        const isThere = error instanceof RestError && (error.statusCode === 409 || error.statusCode === 412);
        if (!isThere || !["BlobAlreadyExists", "ConditionNotMet"].includes(error.code ?? "")) throw error;
      }
    },

    /** The bytes as they were kept, or undefined if no dead letter has that name. */
    async read(name: string): Promise<Uint8Array | undefined> {
      try {
        const blob = container.getBlockBlobClient(name);
        return await call((options) => blob.downloadToBuffer(0, undefined, options));
      } catch (error) {
        if (isMissingBlob(error)) return undefined;
        throw error;
      }
    },

    /** Notes that a dead letter needs no more work. @returns false if no dead letter has that name */
    async discard(name: string, { reason, by, at }: Discarding): Promise<boolean> {
      const blob = container.getBlockBlobClient(name);
      try {
        const { metadata = {}, etag } = await call((options) => blob.getProperties(options));
        const noted = {
          ...metadata,
          discarded: toHeader(reason, REASON),
          discardedby: toHeader(by, POSITION),
          discardedtime: at.toISOString(),
        };
        await call((options) =>
          blob.setMetadata(noted, { ...options, conditions: { ...(etag !== undefined && { ifMatch: etag }) } }),
        );
        return true;
      } catch (error) {
        if (isMissingBlob(error)) return false;
        throw error;
      }
    },

    /** Removes a dead letter. A repeated call is harmless. */
    async remove(name: string): Promise<void> {
      try {
        const blob = container.getBlockBlobClient(name);
        await call((options) => blob.delete(options));
      } catch (error) {
        if (!isMissingBlob(error)) throw error;
      }
    },

    /** The dead letters that wait for a person, at most `limit`. */
    async waiting(limit: number): Promise<DeadLetterEntry[]> {
      const waiting: DeadLetterEntry[] = [];
      for await (const letter of this.list()) {
        if (!isWaiting(letter)) continue;
        waiting.push(letter);
        if (waiting.length >= limit) break;
      }
      return waiting;
    },

    /** All dead letters with reason and origin, discarded ones too, in the order of their names. */
    async *list(): AsyncGenerator<DeadLetterEntry> {
      let continuationToken: string | undefined;
      do {
        const page = await call(async (options) => {
          const pages = container.listBlobsFlat({ includeMetadata: true, ...options });
          return firstOf(pages.byPage({ ...(continuationToken && { continuationToken }) }));
        });
        for (const blob of page?.segment.blobItems ?? []) yield entryOf(blob);
        continuationToken = page?.continuationToken;
      } while (continuationToken);
    },
  };
}

export function isWaiting({ discarded }: DeadLetterEntry): boolean {
  return discarded === "";
}

export type DeadLetters = ReturnType<typeof deadLetters>;

function entryOf({ name, properties, metadata = {} }: BlobItem): DeadLetterEntry {
  return {
    name,
    size: properties.contentLength ?? 0,
    reason: fromHeader(metadata["reason"]),
    partition: fromHeader(metadata["partition"]),
    sequenceNumber: fromHeader(metadata["sequencenumber"]),
    enqueuedTime: fromHeader(metadata["enqueuedtime"]),
    version: fromHeader(metadata["version"]),
    discarded: fromHeader(metadata["discarded"]),
    discardedBy: fromHeader(metadata["discardedby"]),
    discardedTime: fromHeader(metadata["discardedtime"]),
  };
}

/** Metadata travels in HTTP headers, which are ASCII. No text may make this throw: a retry would throw again, for ever. */
function toHeader(text: string, bound: Bound): string {
  return encodeURIComponent(boundedText(text, bound).value);
}

/** The text unchanged if another program wrote it. */
function fromHeader(text = ""): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
