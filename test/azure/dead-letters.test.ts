import { randomUUID } from "node:crypto";
import { ContainerClient } from "@azure/storage-blob";
import fc from "fast-check";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import { type Container, type DeadLetter, type DeadLetters, deadLetters } from "../../src/azure/dead-letters.ts";
import { sha256Hex } from "../../src/core/json/content-hash.ts";
import { VERSION } from "../../src/version.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "../fault-proxy.ts";
import { collected } from "./tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const POSITION = { partitionId: "3", sequenceNumber: 42, enqueuedTime: "2026-03-04T09:12:45.123Z" };
const BYTES = Buffer.from([0xff, 0x00, 0x7b, 0x0d, 0x0a, 0xc3]);

const NOT_DISCARDED = { discarded: "", discardedBy: "", discardedTime: "" };

test("bytes are kept as they are, with reason and position", async () => {
  const { letters, container } = await open();

  await letters.add(letter());

  const blob = container.getBlockBlobClient(sha256Hex(BYTES));
  expect(await blob.downloadToBuffer()).toEqual(BYTES);
  expect(await blob.getProperties()).toMatchObject({
    contentType: "application/octet-stream",
    metadata: {
      reason: "not%20JSON",
      partition: "3",
      sequencenumber: "42",
      enqueuedtime: "2026-03-04T09%3A12%3A45.123Z",
    },
  });
  expect(await collected(letters.list())).toEqual([
    {
      name: sha256Hex(BYTES),
      size: 6,
      reason: "not JSON",
      partition: "3",
      sequenceNumber: "42",
      enqueuedTime: POSITION.enqueuedTime,
      version: VERSION,
      ...NOT_DISCARDED,
    },
  ]);
});

test("a discarded dead letter stays with the reason, no longer counts, and stays discarded when it is delivered again", async () => {
  const { letters } = await open();
  await letters.add(letter());
  await letters.add(letter({ bytes: Buffer.from("another") }));
  const decision = { reason: "a test: prüfen\n", by: "alex", at: new Date("2026-03-05T08:00:00Z") };

  expect(await letters.discard(sha256Hex(BYTES), decision)).toBe(true);
  await letters.add(letter());

  expect(await letters.waiting(10)).toHaveLength(1);
  const kept = (await collected(letters.list())).find(({ name }) => name === sha256Hex(BYTES));
  expect(kept).toMatchObject({
    reason: "not JSON",
    partition: "3",
    sequenceNumber: "42",
    discarded: "a test: prüfen\n",
    discardedBy: "alex",
    discardedTime: "2026-03-05T08:00:00.000Z",
  });
  expect(Buffer.from((await letters.read(sha256Hex(BYTES))) ?? [])).toEqual(BYTES);
  expect(await letters.discard(sha256Hex("gone"), decision)).toBe(false);
});

test("the same bytes are kept once, with their first reason and position", async () => {
  const { letters } = await open();

  await letters.add(letter());
  await letters.add(letter({ reason: "another", position: { ...POSITION, partitionId: "9" } }));

  expect(await collected(letters.list())).toMatchObject([{ reason: "not JSON", partition: "3" }]);
});

test("several writers can keep the same bytes at the same time", async () => {
  const { letters } = await open();

  await Promise.all(Array.from({ length: 8 }, () => letters.add(letter())));

  expect(await collected(letters.list())).toHaveLength(1);
});

test.each([
  { why: "no bytes", bytes: new Uint8Array() },
  { why: "1 MB", bytes: new Uint8Array(1_048_576).fill(0x61) },
  { why: "a part of a larger buffer", bytes: new Uint8Array(Buffer.from("before{after")).subarray(6, 7) },
])("$why: byte for byte", async ({ bytes }) => {
  const { letters, container } = await open();

  await letters.add(letter({ bytes }));

  const kept = await container.getBlockBlobClient(sha256Hex(bytes)).downloadToBuffer();
  expect(kept.equals(bytes)).toBe(true);
});

test("the position is empty if the host did not give one", async () => {
  const { letters, container } = await open();

  await letters.add(letter({ position: { partitionId: null, sequenceNumber: null, enqueuedTime: null } }));

  expect(await collected(letters.list())).toEqual([
    {
      name: sha256Hex(BYTES),
      size: 6,
      reason: "not JSON",
      partition: "",
      sequenceNumber: "",
      enqueuedTime: "",
      version: VERSION,
      ...NOT_DISCARDED,
    },
  ]);
  const { metadata = {} } = await container.getBlockBlobClient(sha256Hex(BYTES)).getProperties();
  expect(Object.keys(metadata).toSorted((a, b) => a.localeCompare(b))).toEqual(["reason", "version"]);
});

test("the first of a hub's events has sequence number 0", async () => {
  const { letters } = await open();

  await letters.add(letter({ position: { ...POSITION, sequenceNumber: 0 } }));

  expect(await collected(letters.list())).toMatchObject([{ sequenceNumber: "0" }]);
});

test.each([
  { why: "non-ASCII", reason: "größer als 1 MB – 大きすぎる 😀", kept: "größer als 1 MB – 大きすぎる 😀" },
  { why: "lines", reason: "one\r\ntwo\n\tthree\u0000", kept: "one\r\ntwo\n\tthree\u0000" },
  { why: "percent signs and blanks around", reason: " 100% of %41 ", kept: " 100% of %41 " },
  { why: "half a character", reason: "a\ud83d", kept: "a\ufffd" },
  { why: "nothing", reason: "", kept: "" },
  { why: "more than a header holds", reason: "大".repeat(10_000), kept: "大".repeat(500) },
])("a reason of $why is kept", async ({ reason, kept }) => {
  const { letters } = await open();

  await letters.add(letter({ reason }));

  expect(await collected(letters.list())).toMatchObject([{ reason: kept }]);
});

test("any bytes, reason and position are kept", async () => {
  const { letters, container } = await open();
  const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.string({ minLength: 200, unit: "grapheme" }));
  const any = fc.record({
    bytes: fc.uint8Array(),
    reason: text,
    position: fc.record({
      partitionId: fc.option(text),
      sequenceNumber: fc.option(fc.maxSafeInteger()),
      enqueuedTime: fc.option(text),
    }),
  });
  await fc.assert(
    fc.asyncProperty(any, async (one) => {
      await letters.add(one);
      const kept = await container.getBlockBlobClient(sha256Hex(one.bytes)).downloadToBuffer();
      expect(kept.equals(one.bytes)).toBe(true);
    }),
    { numRuns: 50 },
  );
  await collected(letters.list());
});

test("a blob that another program wrote is listed, too", async () => {
  const { letters, container } = await open();
  await container.getBlockBlobClient("notes").upload("x", 1, { metadata: { reason: "100%" } });
  await container.getBlockBlobClient("other").upload("xy", 2);
  const unsaid = { partition: "", sequenceNumber: "", enqueuedTime: "", version: "", ...NOT_DISCARDED };

  expect(await collected(letters.list())).toEqual([
    { name: "notes", size: 1, reason: "100%", ...unsaid },
    { name: "other", size: 2, reason: "", ...unsaid },
  ]);
});

test("a list covers all pages", async () => {
  const pages: Record<string, { names: string[]; next: string }> = {
    first: { names: ["a", "b"], next: "second" },
    second: { names: [], next: "third" },
    third: { names: ["c"], next: "" },
  };
  const listBlobsFlat = () => ({
    async *byPage({ continuationToken = "first" }: { continuationToken?: string }) {
      const { names = [], next } = pages[continuationToken] ?? {};
      const blobItems = names.map((name) => ({ name, properties: { contentLength: 1 } }));
      yield await Promise.resolve({ segment: { blobItems }, continuationToken: next });
    },
  });
  const letters = deadLetters({ listBlobsFlat } as unknown as Container);

  expect((await collected(letters.list())).map(({ name }) => name)).toEqual(["a", "b", "c"]);
});

test("making the container twice keeps what it holds", async () => {
  const { letters } = await open();
  await letters.add(letter());

  await letters.create();

  expect(await collected(letters.list())).toHaveLength(1);
});

test("a missing container is a failure", async () => {
  const { letters, container } = await open();
  await container.delete();

  await expect(letters.add(letter())).rejects.toMatchObject({ statusCode: 404, code: "ContainerNotFound" });
  await expect(collected(letters.list())).rejects.toMatchObject({ statusCode: 404 });
});

test("adding throws if nobody listens", async () => {
  const { letters, proxy } = await openBehindProxy();
  await proxy.close();

  await expect(letters.add(letter())).rejects.toThrow(`connect ECONNREFUSED ${new URL(proxy.origin).host}`);
});

const page: Fault = { kind: "answer", status: 200, headers: { "content-type": "text/html" }, body: "<html>a</html>" };

test.each([
  { why: "an answer that is lost", fault: { kind: "cut", effect: true } },
  { why: "a 500 after it was stored", fault: { kind: "answer", status: 500, effect: true } },
  { why: "a connection that breaks", fault: { kind: "cut" } },
  { why: "a 503", fault: { kind: "answer", status: 503, headers: { "retry-after": "3600" } } },
] satisfies { why: string; fault: Fault }[])("after $why it is stored once", async ({ fault }) => {
  const { letters, proxy } = await openBehindProxy();
  proxy.failNext(fault);

  await letters.add(letter());

  expect(await collected(letters.list())).toHaveLength(1);
});

test.each([
  { why: "a 403", fault: { kind: "answer", status: 403 } },
  { why: "a 404", fault: { kind: "answer", status: 404 } },
  { why: "a 409 of another kind", fault: { kind: "answer", status: 409, headers: { "x-ms-error-code": "LeaseLost" } } },
  { why: "a page with status 409", fault: { ...page, status: 409 } },
  { why: "a page with status 200", fault: page },
  { why: "an empty 202", fault: { kind: "answer", status: 202 } },
  { why: "a 500 for ever", fault: { kind: "answer", status: 500 } },
] satisfies { why: string; fault: Fault }[])(
  "$why: adding and listing throw, and nothing is kept",
  async ({ fault }) => {
    const { letters, proxy } = await openBehindProxy();
    proxy.failAll(fault);

    await expect(letters.add(letter())).rejects.toThrow(Error);
    await expect(collected(letters.list())).rejects.toThrow(Error);

    proxy.restore();
    expect(await collected(letters.list())).toEqual([]);
  },
);

test("a 404 that is not the service's own does not mean that a dead letter is gone", async () => {
  const { letters, proxy } = await openBehindProxy();
  await letters.add(letter());
  const name = sha256Hex(BYTES);
  const decision = { reason: "a test", by: "alex", at: new Date(0) };
  proxy.failAll({ kind: "answer", status: 404 });

  await expect(letters.read(name)).rejects.toMatchObject({ statusCode: 404 });
  await expect(letters.discard(name, decision)).rejects.toMatchObject({ statusCode: 404 });
  await expect(letters.remove(name)).rejects.toMatchObject({ statusCode: 404 });

  proxy.restore();
  expect(await letters.waiting(10)).toHaveLength(1);
  expect(await letters.read(sha256Hex("gone"))).toBeUndefined();
});

test.each([
  { why: "nothing", fault: { kind: "answer", status: 200 } },
  { why: "other XML", fault: { ...page, headers: { "content-type": "application/xml" }, body: "<a><b/></a>" } },
  { why: "JSON", fault: { ...page, headers: { "content-type": "application/json" }, body: "{}" } },
] satisfies { why: string; fault: Fault }[])(
  "$why with status 200 never reads as no dead letters",
  async ({ fault }) => {
    const { letters, proxy } = await openBehindProxy();
    proxy.failAll(fault);

    await expect(collected(letters.list())).rejects.toThrow(Error);
  },
);

test("each call ends in time without any answer", async () => {
  const { letters, proxy } = await openBehindProxy(300);
  proxy.failAll({ kind: "hang" });
  const late = "Blob Storage: did not answer within 0.3 s";

  await expect(letters.add(letter())).rejects.toThrow(late);
  await expect(collected(letters.list())).rejects.toThrow(late);
  await expect(letters.create()).rejects.toThrow(late);
});

function letter(fields: Partial<DeadLetter> = {}): DeadLetter {
  return { bytes: BYTES, reason: "not JSON", position: POSITION, ...fields };
}

async function open(): Promise<{ letters: DeadLetters; container: ContainerClient }> {
  const container = new ContainerClient(azurite.connectionString, `c${randomUUID()}`);
  const letters = deadLetters(container);
  await letters.create();
  return { letters, container };
}

async function openBehindProxy(timeoutMs?: number): Promise<{ letters: DeadLetters; proxy: FaultProxy }> {
  const { container } = await open();
  const { origin } = new URL(azurite.blobEndpoint);
  const proxy = await startFaultProxy(origin);
  onTestFinished(() => proxy.close().catch(() => undefined));
  const behind = new ContainerClient(
    azurite.connectionString.replaceAll(origin, proxy.origin),
    container.containerName,
    { retryOptions: { maxTries: 3, retryDelayInMs: 1 } },
  );
  return { letters: deadLetters(behind, timeoutMs), proxy };
}
