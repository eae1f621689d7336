import { FAULT_KINDS, CELLS, isRequired, nameOfCell, OPERATIONS } from "./faults/fault-matrix.ts";
import { median, type Receiver, RECEIVERS } from "./forwarding.ts";
import type { RoundResult } from "./round.ts";

/** The figures of all rounds, summed. */
export interface Totals {
  readonly kills: number;
  readonly workerKills: number;
  readonly hostKills: number;
  readonly restarts: number;
  readonly storeRefusals: number;
  readonly storeFailures: number;
  readonly faults: number;
  readonly byCell: ReadonlyMap<string, number>;
  readonly events: number;
  readonly expectedIncidents: number;
  readonly expectedOfWindows: number;
  readonly incidents: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly forwardedDistinct: number;
  readonly rawDuplicates: number;
  readonly refused: number;
  readonly failing: number;
  /** Median milliseconds from sending an event to the arrival of its incident. */
  readonly forwarding: Readonly<Record<Receiver, ForwardingTimes>>;
  readonly deadLetters: number;
  readonly failedAttempts: number;
  readonly batchesGivenUp: number;
  readonly healedEvents: number;
  readonly requeuedRows: number;
  readonly redriven: number;
  readonly problems: readonly string[];
  /** Cells that were wanted but not reached, with the reason. */
  readonly unreachable: readonly string[];
}

interface ForwardingTimes {
  /** While the receivers accept everything. */
  readonly quietMs: number;
  /** For accepted incidents, while receivers fail for others. */
  readonly besideFailingMs: number;
}

/** Upper limit for the second median, as a multiple of the quiet one. */
const MOST_BESIDE_FAILING = 2;

function forwardingOf(rounds: readonly RoundResult[]): Totals["forwarding"] {
  const times = (receiver: Receiver): ForwardingTimes => ({
    quietMs: median(rounds.flatMap(({ forwarding }) => forwarding.quiet[receiver])),
    besideFailingMs: median(rounds.flatMap(({ forwarding }) => forwarding.besideFailing[receiver])),
  });
  return { logAnalytics: times("logAnalytics"), webhook: times("webhook") };
}

/** The problem if accepted incidents wait for failing ones. */
export function tooSlow(forwarding: Totals["forwarding"]): string[] {
  return RECEIVERS.flatMap((receiver) => {
    const { quietMs, besideFailingMs } = forwarding[receiver];
    if (besideFailingMs <= MOST_BESIDE_FAILING * quietMs) return []; // false for NaN, if nothing was measured
    const times = `${Math.round(besideFailingMs)} ms beside failing ones, ${Math.round(quietMs)} ms where it is quiet`;
    return [`${receiver}: an incident takes ${times}: more than ${MOST_BESIDE_FAILING} times as long (medians)`];
  });
}

export function totalsOf(rounds: readonly RoundResult[]): Totals {
  const sum = (figure: (round: RoundResult) => number) => rounds.reduce((total, round) => total + figure(round), 0);
  const byCell = new Map<string, number>();
  for (const { faults } of rounds) {
    for (const [name, count] of faults) byCell.set(name, (byCell.get(name) ?? 0) + count);
  }
  const forwarding = forwardingOf(rounds);
  const [workerKills, hostKills] = [sum(({ kills }) => kills.worker), sum(({ kills }) => kills.host)];
  return {
    kills: workerKills + hostKills,
    workerKills,
    hostKills,
    restarts: sum(({ restarts }) => restarts),
    storeRefusals: sum(({ store }) => store.refusals),
    storeFailures: sum(({ store }) => store.failures),
    faults: [...byCell.values()].reduce((total, count) => total + count, 0),
    byCell,
    events: sum(({ events }) => events),
    expectedIncidents: sum(({ expectedIncidents }) => expectedIncidents),
    expectedOfWindows: sum(({ expectedOfWindows }) => expectedOfWindows),
    incidents: sum(({ incidents }) => incidents),
    lost: sum(({ lost }) => lost.length),
    duplicated: sum(({ duplicated }) => duplicated.length),
    forwardedDistinct: sum(({ forwardedDistinct }) => forwardedDistinct),
    rawDuplicates: sum(({ rawDuplicates }) => rawDuplicates),
    refused: sum(({ refused }) => refused),
    failing: sum(({ failing }) => failing),
    forwarding,
    deadLetters: sum(({ deadLetters }) => deadLetters),
    failedAttempts: sum(({ failedAttempts }) => failedAttempts),
    batchesGivenUp: sum(({ batchesGivenUp }) => batchesGivenUp),
    healedEvents: sum(({ healedEvents }) => healedEvents),
    requeuedRows: sum(({ requeuedRows }) => requeuedRows),
    redriven: sum(({ redriven }) => redriven),
    unreachable: rounds.flatMap(({ unreachable }) => unreachable),
    problems: [
      ...rounds.flatMap(({ seed, problems }) => problems.map((problem) => `seed ${seed}: ${problem}`)),
      ...tooSlow(forwarding),
      ...(sum(({ expectedOfWindows }) => expectedOfWindows) === 0
        ? ["no rule over several events had anything to find: too few events were sent"]
        : []),
    ],
  };
}

/** The result in one line. */
export function sentence(totals: Totals): string {
  const { kills, faults, lost, duplicated, incidents, expectedIncidents, expectedOfWindows } = totals;
  const cells = `${totals.byCell.size} of ${CELLS.length} cells`;
  return `${kills} kills, ${faults} faults, ${cells}; ${incidents} incidents of ${expectedIncidents} (${expectedOfWindows} over several events), ${lost} lost, ${duplicated} duplicated`;
}

/** Unreached cells that are optional: each costs a start of an app, which requests one token. */
export function optionalCellsLeft({ byCell }: Totals): string[] {
  return CELLS.filter((cell) => !isRequired(cell))
    .map(nameOfCell)
    .filter((name) => !byCell.has(name));
}

/** The table for docs/reliability.md: figures, then faults by kind and operation. */
export function markdown(totals: Totals): string {
  const figures: readonly (readonly [string, string])[] = [
    ["SIGKILLs survived", `${totals.kills} (worker ${totals.workerKills}, whole host ${totals.hostKills})`],
    ["times a host restarted itself after its worker died too often", String(totals.restarts)],
    ["faults injected", String(totals.faults)],
    ["cells of the fault matrix reached", `${totals.byCell.size} of ${CELLS.length}`],
    ["attempts that failed", String(totals.failedAttempts)],
    ["batches that a host gave up", String(totals.batchesGivenUp)],
    ["events of such gaps healed by the ledger", String(totals.healedEvents)],
    ["rows queued again by reconciliation", String(totals.requeuedRows)],
    ["events sent", String(totals.events)],
    ["incidents expected from them", String(totals.expectedIncidents)],
    ["of these, of a rule over several events", String(totals.expectedOfWindows)],
    ["incidents stored", String(totals.incidents)],
    ["**lost**", `**${totals.lost}**`],
    ["**duplicated**", `**${totals.duplicated}**`],
    ["forwarded to Log Analytics, distinct", String(totals.forwardedDistinct)],
    ["rows that arrived there more than once", String(totals.rawDuplicates)],
    ["rows refused and kept", String(totals.refused)],
    ["incidents that the receivers fail for: they wait with the reason", String(totals.failing)],
    ["median to Log Analytics: quiet, and beside incidents that it fails for", inMs(totals.forwarding.logAnalytics)],
    ["median to the webhook: quiet, and beside incidents that it fails for", inMs(totals.forwarding.webhook)],
    ["requests that the table refused for one incident: a dead letter", String(totals.storeRefusals)],
    ["requests that the table failed for one incident: stored in the end", String(totals.storeFailures)],
    ["dead letters, each byte-exact", String(totals.deadLetters)],
    ["records quarantined after several kills, then redriven", String(totals.redriven)],
  ];
  return `${table(["figure", ""], figures)}\n\n${table(["fault", ...OPERATIONS], faultRows(totals))}\n`;
}

function inMs({ quietMs, besideFailingMs }: ForwardingTimes): string {
  return `${Math.round(quietMs)} ms, ${Math.round(besideFailingMs)} ms`;
}

function faultRows({ byCell }: Totals): string[][] {
  return FAULT_KINDS.map((kind) => {
    const counts = OPERATIONS.map((operation) => {
      const cells = CELLS.filter((cell) => cell.kind === kind && cell.operation === operation);
      const count = cells.reduce((total, cell) => total + (byCell.get(nameOfCell(cell)) ?? 0), 0);
      return cells.length === 0 ? "" : String(count);
    });
    return [kind, ...counts];
  });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
