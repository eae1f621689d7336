// The child process of azurite.ts: Azurite's table and blob server in one process, in memory.
//
// We use its classes, not its command line, because only the classes report which free port they took. They are not a
// public interface: package.json pins the version, and test/local/azurite.test.ts shows that this version works.
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AzuritePorts, AzuriteReport } from "./azurite.ts";

interface Server {
  start(): Promise<void>;
  getHttpServerAddress(): string;
}

const require = createRequire(import.meta.url);

/** The class that a module of Azurite exports. */
function load(module: string): new (...args: unknown[]) => object {
  const exports: unknown = require(`azurite/dist/src/${module}`);
  if (typeof exports === "object" && exports !== null && "default" in exports && isClass(exports.default)) {
    return exports.default;
  }
  throw new TypeError(`azurite/dist/src/${module} is not what it was in 3.37`);
}

function isClass(value: unknown): value is new (...args: unknown[]) => object {
  return typeof value === "function";
}

function isServer(value: object): value is Server {
  return "start" in value && "getHttpServerAddress" in value;
}

/** Names for the positional arguments of two constructors, which take 16 and 17. */
const TABLE_CONFIGURATION =
  "host port keepAliveSeconds database debugLog accessLog accessLogStream debugLogFile loose skipApiVersionCheck " +
  "cert key pwd oauth disableProductStyleUrl inMemory";
const BLOB_CONFIGURATION =
  "host port keepAliveSeconds database extentDatabase extentFolders accessLog accessLogStream debugLog debugLogFile " +
  "loose skipApiVersionCheck cert key pwd oauth disableProductStyleUrl inMemory";

/** Undefined values get Azurite's own defaults. Nothing is ever written, so the paths need not exist. */
function configuration(kind: new (...values: unknown[]) => object, names: string, port: number | undefined): object {
  const values: Readonly<Record<string, unknown>> = {
    host: "127.0.0.1",
    port: port ?? 0,
    database: join(tmpdir(), "azurite-in-memory.json"),
    extentDatabase: join(tmpdir(), "azurite-in-memory-extents.json"),
    debugLog: false,
    accessLog: false,
    skipApiVersionCheck: true, // the SDKs are newer than any emulator
    inMemory: true,
  };
  return new kind(...names.split(" ").map((name) => values[name]));
}

async function start(server: object): Promise<number> {
  if (!isServer(server)) throw new TypeError("Azurite's server is not what it was in 3.37");
  await server.start();
  return Number(new URL(server.getHttpServerAddress()).port);
}

async function startBoth({ tablePort, blobPort }: AzuritePorts): Promise<AzuriteReport> {
  const TableServer = load("table/TableServer");
  const BlobServer = load("blob/BlobServer");
  const table = configuration(load("table/TableConfiguration"), TABLE_CONFIGURATION, tablePort);
  const blob = configuration(load("blob/BlobConfiguration"), BLOB_CONFIGURATION, blobPort);
  return { tablePort: await start(new TableServer(table)), blobPort: await start(new BlobServer(blob)) };
}

// The channel closes when the parent ends, even if it is killed.
process.on("disconnect", () => process.exit(0));
// Ctrl+C and `timeout` signal the whole process group; the parent stops this process last.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

const [tablePort, blobPort] = process.argv.slice(2).map(Number);
startBoth({ tablePort, blobPort }).then(
  (report) => process.send?.(report),
  (error: Error) => process.send?.({ failure: error.message } satisfies AzuriteReport),
);
