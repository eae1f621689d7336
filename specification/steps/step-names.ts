export type Role = "trigger" | "healer" | "sweep" | "reconciliation";

/** Where an instance stands: the name of the step that it takes next. */
export const STAGES = [
  "idle",
  "store",
  "finish",
  "send",
  "acknowledge",
  "acknowledge alone",
  "write checkpoint",
  "read ledger",
  "ask hub",
  "write larger rows",
  "remove smaller rows",
  "note loss",
  "read again",
  "close numbers",
  "ask hub again",
  "settle holes",
  "look up outbox",
  "look up acknowledgements",
  "look for outbox row",
  "look for acknowledgement",
  "queue again",
  // Of broken variants only:
  "second call",
  "remove from outbox",
] as const;
export type Stage = (typeof STAGES)[number];

interface StepInfo {
  /** The function of the app that makes this call: file, exported name and, if that returns operations, the operation. */
  readonly of: `src/${string}.ts#${string}`;
}

const TRIGGER = "src/invocations/audit-events.ts#detectDelivered";
const LEDGER = "src/azure/ledger/ledger-table.ts#ledgerTable";
const OUTBOX = "src/azure/incidents/incident-outbox.ts#incidentOutbox";
const HUB = "src/azure/audit-hub.ts#auditHub";

/** One call to a service each, and what it stands for. */
export const STEPS = {
  "receives a batch": { of: TRIGGER },
  "stores an incident with its outbox row": { of: "src/azure/incidents/incident-table.ts#incidentTable.addAll" },
  "stores a dead letter": { of: "src/azure/dead-letters.ts#deadLetters.add" },
  "notes the rules that evaluate": { of: "src/azure/ledger/evaluation-table.ts#evaluationTable.evaluating" },
  "notes finished events": { of: `${LEDGER}.finished` },
  "sends an incident": { of: "src/workflows/delivery/deliver.ts#deliver" },
  "moves a row from the outbox to the acknowledgements": { of: `${OUTBOX}.markForwarded` },
  "writes an acknowledgement alone": { of: `${OUTBOX}.markForwarded` },
  "writes the checkpoint": { of: TRIGGER },
  "asks which hub it is": { of: `${HUB}.describe` },
  "reads the ledger": { of: `${LEDGER}.read` },
  "asks which numbers the hub has": { of: `${HUB}.partition` },
  "writes a larger row": { of: `${LEDGER}.replace` },
  "removes a smaller row": { of: `${LEDGER}.replace` },
  "reports and notes a loss": { of: "src/workflows/healing/check-ledger.ts#checkLedger" },
  "reads events again": { of: `${HUB}.read` },
  "notes numbers that were read again": { of: "src/workflows/healing/heal-chunk.ts#closeRange" },
  "asks again which numbers the hub has": { of: `${HUB}.partition` },
  "notes a hole as finished": { of: "src/workflows/healing/heal-chunk.ts#healChunk" },
  "reads the outbox": { of: `${OUTBOX}.pending` },
  "reads the incidents": { of: `${OUTBOX}.accounts` },
  "reads which incidents wait": { of: `${OUTBOX}.accounts` },
  "reads which incidents are acknowledged": { of: `${OUTBOX}.accounts` },
  "looks for the outbox row": { of: `${OUTBOX}.requeue` },
  "looks for the acknowledgement": { of: `${OUTBOX}.requeue` },
  "queues an incident again": { of: `${OUTBOX}.requeue` },
} as const satisfies Readonly<Record<string, StepInfo>>;

/** Steps of no function: faults, and steps that only a broken variant has. */
export const OTHER_STEPS = [
  "an event reaches the hub",
  "dies",
  "retention drops the oldest event",
  "the checkpoint jumps",
  "the hub is created again",
  "an outbox row is deleted by hand",
  "a late write takes effect",
  "stores the other of the two in a call of its own",
  "removes a row from the outbox in a call of its own",
] as const;

export type StepName = keyof typeof STEPS | (typeof OTHER_STEPS)[number];
