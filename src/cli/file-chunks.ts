import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { UsageError } from "../errors.ts";

/**
 * A file's bytes as they are read, unpacked where it is gzip, whatever its name.
 *
 * @throws {UsageError} for a file that is missing, unreadable or damaged gzip
 */
export async function* fileChunks(file: string): AsyncGenerator<Buffer> {
  try {
    yield* await unpacked(file);
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function unpacked(file: string): Promise<AsyncIterable<Buffer>> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    const packed = bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    const raw = createReadStream(file);
    if (!packed) return raw;
    const gunzip = createGunzip();
    raw.on("error", (error) => gunzip.destroy(error));
    gunzip.on("close", () => raw.destroy());
    return raw.pipe(gunzip);
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder",
  EACCES: "no permission to read it",
  EISDIR: "is a folder",
  Z_DATA_ERROR: "damaged gzip",
  Z_BUF_ERROR: "gzip is cut short",
};

/** What a person is told of a file that cannot be read. */
export function unreadable(path: string, error: unknown): UsageError {
  if (!(error instanceof Error)) throw error;
  const code = "code" in error ? String(error.code) : "";
  return new UsageError(`${path}: ${REASONS[code] ?? error.message}`, { cause: error });
}
