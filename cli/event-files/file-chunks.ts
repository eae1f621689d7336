import { open, type FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { UsageError } from "../../src/errors.ts";
import { fileReason } from "../errors/failure-text.ts";

/** Small enough that two fit the processor's caches, large enough that the switch between threads costs little. */
const CHUNK_BYTES = 1_048_576;
/** Compressed bytes are fewer, and stay in memory until they are unpacked. */
const PACKED_CHUNK_BYTES = 65_536;

/** Memory to read files into: a read fills one half while the caller uses the other. */
export type ReadBuffers = readonly [Buffer, Buffer];

/** Reuse them for all files: new memory costs more than reading into it. */
export function readBuffers(): ReadBuffers {
  return [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)];
}

/**
 * A file's bytes in chunks, unpacked if the file is gzip, whatever its name. A chunk is valid until you ask for the next,
 * which reuses its memory.
 *
 * @throws {UsageError} for a file that is missing, unreadable or damaged gzip
 */
export async function* fileChunks(file: string, buffers: ReadBuffers = readBuffers()): AsyncGenerator<Buffer> {
  try {
    const handle = await open(file);
    try {
      yield* unpacked(handle, buffers);
    } finally {
      await handle.close(); // waits for what is still being read
    }
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function* unpacked(handle: FileHandle, buffers: ReadBuffers): AsyncGenerator<Buffer> {
  const first = await firstChunk(handle, buffers[0]);
  const isPacked = first[0] === 0x1f && first[1] === 0x8b;
  yield* isPacked ? gunzipped(packedChunks(handle, first)) : readAhead(handle, first, buffers);
}

async function* gunzipped(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // The reader of gunzip gets the error.
  pipeline(Readable.from(packed), gunzip).catch(() => undefined);
  yield* gunzip;
}

/** At least the two bytes that identify gzip, if the file has them: a pipe may give one byte at a time. */
async function firstChunk(handle: FileHandle, buffer: Buffer): Promise<Buffer> {
  let length = 0;
  while (length < 2) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

async function* readAhead(handle: FileHandle, first: Buffer, buffers: ReadBuffers): AsyncGenerator<Buffer> {
  let chunk = first;
  for (let turn = 1; chunk.length > 0; turn += 1) {
    const next = nextChunk(handle, buffers[turn % 2 === 0 ? 0 : 1]);
    next.catch(() => undefined); // awaited below, after this chunk was used
    yield chunk;
    chunk = await next;
  }
}

async function* packedChunks(handle: FileHandle, first: Buffer): AsyncGenerator<Buffer> {
  for (let chunk = first; chunk.length > 0;) {
    yield chunk;
    chunk = await nextChunk(handle, Buffer.allocUnsafeSlow(PACKED_CHUNK_BYTES));
  }
}

async function nextChunk(handle: FileHandle, buffer: Buffer): Promise<Buffer> {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length);
  return buffer.subarray(0, bytesRead);
}

/** The error for a file that cannot be read. */
export function unreadable(path: string, error: unknown): UsageError {
  if (!(error instanceof Error)) throw error;
  return new UsageError(`${path}: ${fileReason(error) ?? error.message}`, { cause: error });
}
