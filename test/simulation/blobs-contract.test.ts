// The simulation trusts the blobs in memory because each call does what the SDK's client does with Azurite.
import { randomUUID } from "node:crypto";
import { ContainerClient, RestError } from "@azure/storage-blob";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import { memoryBlobs } from "../../simulation/services/memory-blobs.ts";
import { firstOf } from "../../src/azure/calls.ts";
import { type Container, deadLetters } from "../../src/azure/dead-letters.ts";
import { type Fault, startFaultProxy } from "../fault-proxy.ts";
import { undisturbedProcess } from "./undisturbed-process.ts";

const { process, ended, failNext } = undisturbedProcess();
let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const containerAt = (connectionString: string): ContainerClient =>
  new ContainerClient(connectionString, `c${randomUUID()}`, { retryOptions: { maxTries: 1 } });

type Call = (container: Container) => Promise<unknown>;

/** The result of a call: its value, or the parts of the error that the app reads. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    return { name: error.name, statusCode: error.statusCode, code: error.code };
  }
}

/** Every page of a list. Each is asked for by itself, as the app does. */
async function pagesOf(container: Container, includeMetadata: boolean, maxPageSize: number): Promise<unknown> {
  const pages: unknown[] = [];
  let continuationToken: string | undefined;
  do {
    const list = container.listBlobsFlat({ includeMetadata });
    const page = await firstOf(list.byPage({ maxPageSize, ...(continuationToken && { continuationToken }) }));
    const blobs = page?.segment.blobItems ?? [];
    pages.push(blobs.map(({ name, metadata, properties }) => ({ name, metadata, size: properties.contentLength })));
    continuationToken = page?.continuationToken;
  } while (continuationToken);
  return pages;
}

/** The pages of one iterator. */
async function allPages(container: Container, maxPageSize: number): Promise<unknown> {
  const pages: unknown[] = [];
  for await (const { segment } of container.listBlobsFlat().byPage({ maxPageSize }))
    pages.push(segment.blobItems.map(({ name }) => name));
  return pages;
}

const names = fc.constantFrom("a", "B", "a.b", "aa", "b", "0f", "f0");
const options = fc.record(
  {
    metadata: fc.record({ reason: fc.constantFrom("not%20JSON", "x"), partition: fc.constantFrom("0", "1") }),
    conditions: fc.constant({ ifNoneMatch: "*" }),
  },
  { requiredKeys: [] },
);
const sizes = fc.constantFrom(1, 2, 3, 5_000);
const calls: fc.Arbitrary<Call> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Call>((container) => container.createIfNotExists().then(succeeded)) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(names, fc.constantFrom("", "x", "大"), options)
      .map(([name, text, how]): Call => async (container) => {
        const bytes = Buffer.from(text);
        await container.getBlockBlobClient(name).upload(bytes, bytes.length, how);
      }),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.boolean(), sizes).map(
      ([includeMetadata, size]): Call =>
        (container) =>
          pagesOf(container, includeMetadata, size),
    ),
  },
  {
    weight: 1,
    arbitrary: sizes.map(
      (size): Call =>
        (container) =>
          allPages(container, size),
    ),
  },
);

function succeeded(answer: { readonly succeeded: boolean }): boolean {
  return answer.succeeded;
}

test("the blobs in memory answer any calls in any order as Azurite does", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { minLength: 5, maxLength: 40 }), async (all) => {
      const theirs = containerAt(azurite.connectionString);
      const ours = memoryBlobs().clientFor(process);
      for (const call of all) expect(await outcome(ended(call(ours)))).toEqual(await outcome(call(theirs)));
    }),
    { numRuns: 30 },
  );
});

const LETTER = {
  bytes: Buffer.from("{"),
  reason: "not JSON",
  position: { partitionId: "0", sequenceNumber: 1, enqueuedTime: null },
};

test.each([
  { fault: "refused", theirs: { kind: "answer", status: 503 }, kind: { name: "RestError", statusCode: 503 }, kept: 0 },
  { fault: "lost", theirs: { kind: "cut", effect: true }, kind: { name: "DependencyError" }, kept: 1 },
] satisfies { fault: "refused" | "lost"; theirs: Fault; kind: object; kept: number }[])(
  "a call that is $fault fails and has its effect as in Azurite",
  async ({ fault, theirs, kind, kept }) => {
    const { origin } = new URL(azurite.blobEndpoint);
    const proxy = await startFaultProxy(origin);
    const real = containerAt(
      azurite.connectionString.replace(`BlobEndpoint=${origin}`, `BlobEndpoint=${proxy.origin}`),
    );
    const memory = memoryBlobs().clientFor(process);
    await Promise.all([real.createIfNotExists(), ended(memory.createIfNotExists())]);

    proxy.failNext(theirs);
    await expect(deadLetters(real).add(LETTER)).rejects.toMatchObject(kind);
    failNext(fault);
    await expect(ended(deadLetters(memory, undefined, process.machine).add(LETTER))).rejects.toMatchObject(kind);

    expect(await deadLetters(real).waiting(9)).toHaveLength(kept);
    expect(await ended(deadLetters(memory, undefined, process.machine).waiting(9))).toHaveLength(kept);
    await proxy.close();
  },
);
