// The child process of azurite.ts: Azurite's table and blob server in one process, in memory.
//
// Its classes are used instead of its command line because only they can say which free port they took. They are not a
// public interface: package.json pins the version, and test/local/azurite.test.ts shows that this one works.
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AzuritePorts, AzuriteReport } from "./azurite.ts";

interface Server {
  start(): Promise<void>;
  getHttpServerAddress(): string;
}

const require = createRequire(import.meta.url);
const load = <Class>(module: string) => (require(`azurite/dist/src/${module}`) as { default: Class }).default;

/** Named arguments for two constructors with 16 and 18 parameters. */
const TABLE_CONFIGURATION = [
  ...["host", "port", "keepAliveSeconds", "database", "debugLog", "accessLog", "accessLogStream", "debugLogFile"],
  ...["loose", "skipApiVersionCheck", "cert", "key", "pwd", "oauth", "disableProductStyleUrl", "inMemory"],
] as const;
const BLOB_CONFIGURATION = [
  ...["host", "port", "keepAliveSeconds", "database", "extentDatabase", "extentFolders", "accessLog"],
  ...["accessLogStream", "debugLog", "debugLogFile", "loose", "skipApiVersionCheck", "cert", "key", "pwd", "oauth"],
  ...["disableProductStyleUrl", "inMemory"],
] as const;

type Named = Readonly<Record<string, unknown>>;
type Configuration = new (...values: unknown[]) => object;

/** Leaves out (undefined) means Azurite's own default; nothing is ever written, so the paths only have to be paths. */
function configuration(kind: Configuration, names: readonly string[], port: number | undefined): object {
  const values: Named = {
    host: "127.0.0.1",
    port: port ?? 0,
    database: join(tmpdir(), "azurite-in-memory.json"),
    extentDatabase: join(tmpdir(), "azurite-in-memory-extents.json"),
    debugLog: false,
    accessLog: false,
    skipApiVersionCheck: true, // the SDKs are newer than any emulator
    inMemory: true,
  };
  return new kind(...names.map((name) => values[name]));
}

async function start(server: Server): Promise<number> {
  await server.start();
  return Number(new URL(server.getHttpServerAddress()).port);
}

async function startBoth({ tablePort, blobPort }: AzuritePorts): Promise<AzuriteReport> {
  type ServerClass = new (configuration: object) => Server;
  const TableServer = load<ServerClass>("table/TableServer");
  const BlobServer = load<ServerClass>("blob/BlobServer");
  const table = configuration(load("table/TableConfiguration"), TABLE_CONFIGURATION, tablePort);
  const blob = configuration(load("blob/BlobConfiguration"), BLOB_CONFIGURATION, blobPort);
  return { tablePort: await start(new TableServer(table)), blobPort: await start(new BlobServer(blob)) };
}

// The channel closes when the parent ends, even by SIGKILL.
process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => undefined); // Ctrl+C reaches the whole group; the parent stops what needs us first

startBoth(JSON.parse(process.env["AZURITE_PORTS"] ?? "{}") as AzuritePorts).then(
  (report) => process.send?.(report),
  (error: Error) => process.send?.({ failure: error.message } satisfies AzuriteReport),
);
