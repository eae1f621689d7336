import { RestError, type ContainerClient } from "@azure/storage-blob";
import { sha256Hex } from "../core/content-hash.ts";
import type { HubPosition } from "../core/incident.ts";
import { VERSION } from "../version.ts";
import { callDeadline } from "./calls.ts";

/** The part of the SDK's client that this file uses. */
export type Container = Pick<ContainerClient, "createIfNotExists" | "getBlockBlobClient" | "listBlobsFlat">;

export interface DeadLetter {
  readonly bytes: Uint8Array;
  /** One sentence for a person; never holds data from the record. */
  readonly reason: string;
  readonly position: HubPosition;
}

/**
 * What could not be processed, byte for byte. A blob is named by the sha256 of its bytes, so that one
 * that is delivered again is kept once; why and where from is in its metadata.
 */
export function deadLetters(container: Container) {
  return {
    /** Makes the container unless it exists. For local runs: in Azure, Bicep makes it. */
    async create(): Promise<void> {
      await container.createIfNotExists({ abortSignal: callDeadline() });
    },

    /** Keeps the bytes. Doing it twice is harmless. */
    async add({ bytes, reason, position }: DeadLetter): Promise<void> {
      const blob = container.getBlockBlobClient(sha256Hex(bytes));
      const metadata = {
        reason: encodeURIComponent(reason), // metadata travels in HTTP headers, which are ASCII
        partition: position.partitionId ?? "",
        sequencenumber: String(position.sequenceNumber ?? ""),
        enqueuedtime: position.enqueuedTime ?? "",
        version: VERSION,
      };
      // A header without a value is refused by the service.
      const known = Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== ""));
      try {
        await blob.upload(Buffer.from(bytes), bytes.length, {
          conditions: { ifNoneMatch: "*" },
          blobHTTPHeaders: { blobContentType: "application/octet-stream" },
          metadata: known,
          abortSignal: callDeadline(),
        });
      } catch (error) {
        const isThere = error instanceof RestError && (error.statusCode === 409 || error.statusCode === 412);
        if (!isThere || !["BlobAlreadyExists", "ConditionNotMet"].includes(error.code ?? "")) throw error;
      }
    },

    /** All dead letters with reason and origin, in the order of their names. */
    async *list(): AsyncGenerator<{
      name: string;
      size: number;
      reason: string;
      partition: string;
      sequenceNumber: string;
    }> {
      for await (const blob of container.listBlobsFlat({ includeMetadata: true, abortSignal: callDeadline() })) {
        const metadata = blob.metadata ?? {};
        yield {
          name: blob.name,
          size: blob.properties.contentLength ?? 0,
          reason: decodeURIComponent(metadata["reason"] ?? ""),
          partition: metadata["partition"] ?? "",
          sequenceNumber: metadata["sequencenumber"] ?? "",
        };
      }
    },
  };
}

export type DeadLetters = ReturnType<typeof deadLetters>;
