import { fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { UsageError } from "../src/errors.ts";

/** The account and key of every storage emulator. Microsoft publishes them, so they are not secrets. */
// https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** What the child reports: both ports, or why it cannot run. */
export type AzuriteReport = { readonly tablePort: number; readonly blobPort: number } | { readonly failure: string };

/** Ports for the child; 0 takes a free one. */
export interface AzuritePorts {
  readonly tablePort?: number | undefined;
  readonly blobPort?: number | undefined;
}

/** A running storage emulator. */
export interface Azurite {
  readonly tableEndpoint: string;
  readonly blobEndpoint: string;
  /** For tables and blobs, with explicit endpoints because `UseDevelopmentStorage=true` implies fixed ports. */
  readonly connectionString: string;
  /** How its process ended. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/**
 * Starts Microsoft's own storage emulator (table and blob) on 127.0.0.1, in memory.
 *
 * It runs in one child process, which ends when this process ends for any reason. It is ready once both services have
 * answered a request. It does NOT imitate the queue service, which nothing here uses.
 *
 * @throws {UsageError} if a wanted port is taken
 */
export async function startAzurite({ tablePort = 0, blobPort = 0 }: AzuritePorts = {}): Promise<Azurite> {
  const child = fork(new URL("azurite-process.ts", import.meta.url), [String(tablePort), String(blobPort)], {
    execArgv: ["--disable-warning=ExperimentalWarning", "--disable-warning=DEP0169", "--disable-warning=DEP0040"],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"] },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const reason = errorOn(child.stderr);
  // "close" comes when stderr has been read to its end.
  const ended = once(child, "close").then(
    ([code, signal]) =>
      `its process ended with ${signal === null ? `code ${String(code)}` : String(signal)}${reason()}`,
  );
  const { promise, resolve } = Promise.withResolvers<AzuriteReport>();
  child.once("message", (report: AzuriteReport) => resolve(report));
  void ended.then((failure) => resolve({ failure }));
  const report = await promise;
  if ("failure" in report) {
    child.kill("SIGKILL");
    throw new UsageError(`Azurite did not start: ${report.failure}`);
  }

  const tableEndpoint = `http://127.0.0.1:${report.tablePort}/${ACCOUNT}`;
  const blobEndpoint = `http://127.0.0.1:${report.blobPort}/${ACCOUNT}`;
  await Promise.all([answers(tableEndpoint), answers(blobEndpoint)]);
  return {
    tableEndpoint,
    blobEndpoint,
    connectionString: [
      "DefaultEndpointsProtocol=http",
      `AccountName=${ACCOUNT}`,
      `AccountKey=${KEY}`,
      `BlobEndpoint=${blobEndpoint}`,
      `TableEndpoint=${tableEndpoint}`,
    ].join(";"),
    ended,
    async close() {
      child.kill("SIGKILL"); // everything is in memory, so there is nothing to save
      await ended;
    },
  };
}

/** Keeps the last error that a process prints, without its stack. */
function errorOn(stream: Readable | null): () => string {
  let last = "";
  if (stream !== null)
    createInterface({ input: stream }).on("line", (line) => {
      if (/^(?:\w*Error\b|FATAL)/.test(line)) last = `: ${line}`;
    });
  return () => last;
}

/** Any HTTP answer proves that the service runs, also the refusal of this unsigned request. */
async function answers(endpoint: string): Promise<void> {
  const response = await fetch(endpoint);
  await response.arrayBuffer();
}
