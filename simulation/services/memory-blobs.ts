import { RestError } from "@azure/storage-blob";
import type { Container } from "../../src/azure/dead-letters.ts";
import type { Reach } from "../process.ts";

type Metadata = Readonly<Record<string, string>>;

interface Blob {
  readonly bytes: Uint8Array;
  readonly metadata: Metadata | undefined;
}

interface UploadOptions {
  readonly metadata?: Metadata;
  readonly conditions?: { readonly ifNoneMatch?: "*" };
}

interface PageOptions {
  readonly continuationToken?: string;
  readonly maxPageSize?: number;
}

/** The service's own limit: https://learn.microsoft.com/rest/api/storageservices/list-blobs */
const MAX_PAGE_SIZE = 5_000;

/**
 * A container of blobs in memory, with what the dead letters need of it. test/simulation/blobs-contract.test.ts compares
 * its client with the SDK's client and Azurite.
 *
 * It does not imitate: anything but creation, upload and listing, limits of size, names and metadata, conditions other than
 * `If-None-Match: *`, abort signals, fields of answers that the app does not read.
 */
export function memoryBlobs() {
  const blobs = new Map<string, Blob>();
  let exists = false;

  function create(): { succeeded: boolean } {
    const succeeded = !exists;
    exists = true;
    return { succeeded };
  }

  function upload(name: string, bytes: Uint8Array, { metadata, conditions }: UploadOptions): void {
    if (conditions?.ifNoneMatch === "*" && blobs.has(name)) throw refusal(409, "BlobAlreadyExists");
    blobs.set(name, { bytes: Uint8Array.from(bytes), metadata });
  }

  function page(includeMetadata: boolean, { continuationToken = "", maxPageSize = MAX_PAGE_SIZE }: PageOptions) {
    const following = [...blobs]
      .filter(([name]) => name > continuationToken)
      .toSorted(([one], [other]) => (one < other ? -1 : 1));
    const some = following.slice(0, maxPageSize);
    const blobItems = some.map(([name, { bytes, metadata }]) => ({
      name,
      metadata: includeMetadata ? metadata : undefined,
      properties: { contentLength: bytes.length },
    }));
    return { segment: { blobItems }, continuationToken: following.length > some.length ? some.at(-1)?.[0] : "" };
  }

  function clientFor(process: Reach): Container {
    const call = <T>(operation: string, effect: () => T): Promise<T> =>
      process.call("blobs", operation, () => {
        if (!exists) throw refusal(404, "ContainerNotFound");
        return effect();
      });
    const client = {
      createIfNotExists: () => process.call("blobs", "create", create),
      getBlockBlobClient: (name: string) => ({
        upload: (bytes: Uint8Array, _length: number, options: UploadOptions) =>
          call(`upload ${name.slice(0, 8)}`, () => upload(name, bytes, options)),
      }),
      listBlobsFlat: ({ includeMetadata = false }: { readonly includeMetadata?: boolean } = {}) => ({
        async *byPage(options: PageOptions = {}) {
          let { continuationToken } = options;
          do {
            const found = await call("list", () =>
              page(includeMetadata, { ...options, ...(continuationToken && { continuationToken }) }),
            );
            yield found;
            ({ continuationToken } = found);
          } while (continuationToken);
        },
      }),
    };
    return client as unknown as Container;
  }

  return { blobs, clientFor };
}

/** As the SDK reports a request that the service refuses. */
function refusal(statusCode: number, code: string): RestError {
  return new RestError(code, { statusCode, code });
}
