import type { TableClient } from "@azure/data-tables";
import type { ContainerClient } from "@azure/storage-blob";
import { inTime } from "../../src/azure/calls.ts";
import { CALL_TIMEOUT_MS, CLOCK_DIFFERENCE } from "../../src/core/timing.ts";
import { fieldOf, wordsOf } from "../errors/failure.ts";
import { examine, failureKind, type Finding, type Subject, unchecked } from "./finding.ts";

export interface StorageToCheck {
  /** Whether the app reaches it with a key from its settings rather than with its identity. */
  readonly isByKey: boolean;
  /** Whether this sign-in is a person's, whose rights say nothing about those of the app. */
  readonly isOwnSignIn: boolean;
}

interface Store extends StorageToCheck {
  readonly check: string;
  readonly service: string;
  readonly setting: string;
  readonly role: string;
}

/** A row or blob that nobody creates. Deleting it changes nothing but needs the right to write. */
const NOBODYS = "pimwatch-doctor-probe";

/** Checks that a table exists and can be read and written. */
export function tableFinding(name: string, open: () => Promise<TableClient>, how: StorageToCheck): Promise<Finding> {
  const setting = how.isByKey ? "INCIDENTS_STORAGE" : "INCIDENTS_TABLE_ENDPOINT";
  const store = { ...how, check: `table ${name}`, service: "Table Storage", setting, role: "Storage Table Data" };
  return storeFinding(store, async () => {
    const table = await open();
    return {
      read: (options) => table.listEntities(options).byPage({ maxPageSize: 1 }).next(),
      write: (options) => table.deleteEntity(NOBODYS, NOBODYS, options),
    };
  });
}

/** Checks the container of dead letters in the same way. */
export function containerFinding(open: () => Promise<ContainerClient>, how: StorageToCheck): Promise<Finding> {
  const setting = how.isByKey ? "INCIDENTS_STORAGE" : "DEAD_LETTERS_CONTAINER_URL";
  const service = "Dead letters";
  return storeFinding(
    { ...how, check: "container of dead letters", service, setting, role: "Storage Blob Data" },
    async () => {
      const container = await open();
      return {
        read: (options) => container.getProperties(options),
        write: (options) => container.getBlobClient(NOBODYS).delete(options),
      };
    },
  );
}

interface Questions {
  read(options: { abortSignal: AbortSignal }): Promise<unknown>;
  write(options: { abortSignal: AbortSignal }): Promise<unknown>;
}

function storeFinding(store: Store, open: () => Promise<Questions>): Promise<Finding> {
  return examine(subjectOf(store), async () => {
    const { read, write } = await open();
    try {
      await inTime(store.service, CALL_TIMEOUT_MS, read);
    } catch (error) {
      if (!store.isByKey || failureKind(error) !== "missing") throw error;
      return { found: "does not exist yet; with a connection string, the app creates it when it first needs it" };
    }
    try {
      await inTime(store.service, CALL_TIMEOUT_MS, write);
    } catch (error) {
      const kind = failureKind(error);
      if (kind === "refused" && store.isOwnSignIn)
        return {
          status: "warning",
          found: "can be read; this sign-in may not write, so the app's right to write was not checked",
          remedy: `Check that the app's identity has the role ${store.role} Contributor`,
        };
      if (kind === "refused") throw new Error(`can be read but not written: ${wordsOf(error)}`, { cause: error });
      if (kind !== "missing") throw error;
    }
    return { found: "can be read and written" };
  });
}

function subjectOf({ check, setting, role, isByKey }: Store): Subject {
  return {
    check,
    settings: [setting],
    remedies: {
      unreachable: `Check the address in ${setting}, and that the account's firewall lets this machine in`,
      refused: isByKey
        ? `Copy the connection string into ${setting} again: its key or signature is not accepted or lacks a right`
        : `Give this sign-in the role ${role} Reader and the app's identity ${role} Contributor; a new role takes up to 30 minutes`,
      missing: `Correct ${setting}, or create what it names (azd provision does)`,
      other: `Check the storage account that ${setting} names`,
    },
  };
}

/** Compares this machine's clock with the service's, which dates even its refusals. */
export async function clockFinding(open: () => Promise<TableClient>, now: () => Date): Promise<Finding> {
  const remedy = "Set the clock of this machine (NTP): services refuse tokens and signatures from another time";
  const remedies = { unreachable: remedy, refused: remedy, missing: remedy, other: remedy };
  const subject = { check: "clock", settings: [], remedies };
  let date: string | undefined;
  try {
    const table = await open();
    const onResponse = ({ headers }: { headers: { get(name: string): string | undefined } }): void => {
      date = headers.get("date");
    };
    await inTime("Table Storage", CALL_TIMEOUT_MS, (options) =>
      table
        .listEntities({ ...options, onResponse })
        .byPage({ maxPageSize: 1 })
        .next(),
    );
  } catch (error) {
    if (fieldOf(error, "statusCode") === undefined) return unchecked(subject, "table incidents");
  }
  const service = Date.parse(date ?? "");
  if (Number.isNaN(service)) return unchecked(subject, "table incidents");
  const behindMs = service - now().getTime();
  const seconds = Math.round(Math.abs(behindMs) / 1_000);
  if (seconds * 1_000 < CLOCK_DIFFERENCE.warningMs)
    return {
      check: "clock",
      status: "ok",
      found: `differs from the storage account's by ${seconds} s`,
      settings: [],
      remedy: "",
    };
  return {
    check: "clock",
    status: seconds * 1_000 < CLOCK_DIFFERENCE.problemMs ? "warning" : "problem",
    found: `is ${seconds} s ${behindMs > 0 ? "behind" : "ahead of"} the storage account's`,
    settings: [],
    remedy,
  };
}
