import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { ContainerClient } from "@azure/storage-blob";
import { sha256Hex } from "../../core/json/content-hash.ts";
import { CALL_TIMEOUT_MS } from "../../core/timing.ts";
import { DependencyError } from "../../errors.ts";
import { MACHINE } from "../../machine.ts";
import { isMissingBlob } from "../blob-errors.ts";
import { firstOf, inTime } from "../calls.ts";
import { MANIFEST, type Manifest, type Part, type Progress, PROGRESS } from "./manifest.ts";

/*
 * The exports of the incident table, in a container of blobs:
 *
 *     <start>/<number>-<hash>.jsonl.gz   a part
 *     <start>/progress.json              the parts so far, and where to go on
 *     <start>/manifest.json              all parts: written last, and only if the export is whole
 *
 * No part is ever written again under its name. So if two invocations work on one export at once, the manifest of either
 * names parts that fit it.
 */

/** The part of the SDK's client that this file uses. */
export type BackupContainer = Pick<ContainerClient, "createIfNotExists" | "getBlockBlobClient" | "listBlobsFlat">;

export interface ListedExport {
  /** When it began, as in `2026-11-30T02-37-00Z`: the names of its blobs begin with it. */
  readonly id: string;
  readonly isWhole: boolean;
}

const SERVICE = "Blob Storage";
const [compress, expand] = [promisify(gzip), promisify(gunzip)];

export type Backups = ReturnType<typeof backupsIn>;

/** @param timeoutMs how long one call may take with its retries */
export function backupsIn(container: BackupContainer, timeoutMs = CALL_TIMEOUT_MS, machine = MACHINE) {
  const call = <T>(make: (options: { abortSignal: AbortSignal }) => Promise<T>) =>
    inTime(SERVICE, timeoutMs, make, machine);

  async function put(name: string, bytes: Uint8Array, contentType: string): Promise<void> {
    const blob = container.getBlockBlobClient(name);
    await call((options) =>
      blob.upload(Buffer.from(bytes), bytes.length, { ...options, blobHTTPHeaders: { blobContentType: contentType } }),
    );
  }

  async function read(name: string): Promise<Buffer | undefined> {
    const blob = container.getBlockBlobClient(name);
    try {
      return await call((options) => blob.downloadToBuffer(0, undefined, options));
    } catch (error) {
      if (isMissingBlob(error)) return undefined;
      throw error;
    }
  }

  async function readJson(name: string): Promise<unknown> {
    const bytes = await read(name);
    if (bytes === undefined) return undefined;
    try {
      return JSON.parse(bytes.toString("utf8"));
    } catch (error) {
      throw new DependencyError(SERVICE, `${name} is not JSON`, { cause: error });
    }
  }

  return {
    /** Makes the container unless it exists. For local runs: in Azure, Bicep makes it. */
    async create(): Promise<void> {
      await call((options) => container.createIfNotExists(options));
    },

    /** All exports, oldest first. */
    async list(): Promise<ListedExport[]> {
      const isWhole = new Map<string, boolean>();
      let continuationToken: string | undefined;
      do {
        const page = await call(async (options) =>
          firstOf(container.listBlobsFlat(options).byPage({ ...(continuationToken && { continuationToken }) })),
        );
        for (const { name } of page?.segment.blobItems ?? []) {
          const [id = "", file] = name.split("/");
          if (exportTime(id) === undefined) continue;
          isWhole.set(id, isWhole.get(id) === true || file === "manifest.json");
        }
        continuationToken = page?.continuationToken;
      } while (continuationToken);
      return [...isWhole].map(([id, whole]) => ({ id, isWhole: whole })).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    },

    /** Stores lines as the next part. */
    async addPart(id: string, range: number, lines: readonly string[], number: number): Promise<Part> {
      const bytes = await compress(lines.map((line) => `${line}\n`).join(""));
      const sha256 = sha256Hex(bytes);
      const name = `${id}/${String(number).padStart(6, "0")}-${sha256.slice(0, 16)}.jsonl.gz`;
      await put(name, bytes, "application/gzip");
      return { name, range, rows: lines.length, bytes: bytes.length, sha256 };
    },

    /**
     * The lines of a part.
     *
     * @throws {DependencyError} when it is missing, or is not what the manifest says
     */
    async readPart({ name, rows, bytes: size, sha256 }: Part): Promise<string[]> {
      const bytes = await read(name);
      const damaged = (problem: string): DependencyError =>
        new DependencyError(SERVICE, `the backup is damaged: ${name} ${problem}. Choose another one`);
      if (bytes === undefined) throw damaged("is missing");
      if (bytes.length !== size) throw damaged(`has ${bytes.length} bytes instead of ${size}`);
      if (sha256Hex(bytes) !== sha256) throw damaged("has another sha256 than the manifest says");
      const lines = (await expand(bytes)).toString("utf8").split("\n").slice(0, -1);
      if (lines.length !== rows) throw damaged(`has ${lines.length} rows instead of ${rows}`);
      return lines;
    },

    /** Undefined if there is none, or if another version wrote it in another form: then the export begins anew. */
    async progress(id: string): Promise<Progress | undefined> {
      return PROGRESS.safeParse(await readJson(`${id}/progress.json`)).data;
    },

    async saveProgress(id: string, progress: Progress): Promise<void> {
      await put(`${id}/progress.json`, Buffer.from(JSON.stringify(progress)), "application/json");
    },

    /**
     * The manifest of a whole export; undefined if it has none.
     *
     * @throws {DependencyError} when it is not readable
     */
    async manifest(id: string): Promise<Manifest | undefined> {
      const json = await readJson(`${id}/manifest.json`);
      if (json === undefined) return undefined;
      const { data } = MANIFEST.safeParse(json);
      if (data === undefined)
        throw new DependencyError(SERVICE, `${id}/manifest.json is damaged, or a newer version of pimwatch wrote it`);
      const counted = data.parts.reduce((sum, { rows }) => sum + rows, 0);
      if (counted !== data.rows)
        throw new DependencyError(
          SERVICE,
          `${id}/manifest.json is damaged: its parts have ${counted} rows, not ${data.rows}`,
        );
      return data;
    },

    async finish(id: string, manifest: Manifest): Promise<void> {
      await put(`${id}/manifest.json`, Buffer.from(JSON.stringify(manifest)), "application/json");
    },
  };
}

/** The id of an export that begins at this time. */
export function exportId(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
}

/** When an export began, in milliseconds since 1970; undefined if this is no export's id. */
export function exportTime(id: string): number | undefined {
  const [, day, hour, minute, second] = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z$/.exec(id) ?? [];
  const time = Date.parse(`${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? undefined : time;
}
