import { RestError } from "@azure/storage-blob";
import type { Container } from "../../src/azure/dead-letters.ts";
import type { Reach } from "../process.ts";

interface Blob {
  readonly bytes: Uint8Array;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * A container of blobs in memory, with what the dead letters need of it.
 *
 * It does not imitate: pages, limits of size, ETags of single blobs, anything but upload, reading, listing and deletion.
 */
export function memoryBlobs() {
  const blobs = new Map<string, Blob>();

  function clientFor(process: Reach): Container {
    const client = {
      createIfNotExists: () => process.call("blobs", "create", () => ({ succeeded: true })),
      getBlockBlobClient: (name: string) => ({
        upload: (bytes: Uint8Array, _length: number, { metadata }: { readonly metadata: Blob["metadata"] }) =>
          process.call("blobs", `upload ${name.slice(0, 8)}`, () => {
            if (blobs.has(name)) throw new RestError("exists", { statusCode: 409, code: "BlobAlreadyExists" });
            blobs.set(name, { bytes: Uint8Array.from(bytes), metadata });
          }),
      }),
      listBlobsFlat: () => ({
        async *byPage() {
          yield await process.call("blobs", "list", () => ({
            segment: {
              blobItems: [...blobs].map(([name, { bytes, metadata }]) => ({
                name,
                metadata,
                properties: { contentLength: bytes.length },
              })),
            },
          }));
        },
      }),
    };
    return client as unknown as Container;
  }

  return { blobs, clientFor };
}
