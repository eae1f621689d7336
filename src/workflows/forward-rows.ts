import type { IncidentRow } from "../core/incident-row.ts";
import { packRows } from "../core/packs.ts";
import { DependencyError } from "../errors.ts";

export interface ForwardDependencies {
  readonly outbox: {
    markForwarded(row: IncidentRow): Promise<void>;
    markRefused(row: IncidentRow, reason: string): Promise<void>;
  };
  readonly ingestion: {
    upload(rows: readonly IncidentRow[]): Promise<{ outcome: "accepted" | "refused"; reason?: string }>;
  };
}

export interface Forwarded {
  readonly forwarded: number;
  /** Rows that the endpoint refuses; they stay in the outbox, marked. */
  readonly refused: number;
  /** Why it stopped early, where it did. The rest is still in the outbox. */
  readonly stopped?: string;
}

/**
 * Sends rows of the outbox to Log Analytics, in packs. A row leaves the outbox only after its pack was
 * accepted, so it arrives at least once. A pack that is refused is halved until the row at fault is
 * alone; the others go on. When the endpoint cannot be reached, everything left stays for the next time.
 */
export async function forwardRows(rows: readonly IncidentRow[], deps: ForwardDependencies): Promise<Forwarded> {
  const count = { forwarded: 0, refused: 0 };
  const packs = packRows(rows);
  for (let pack = packs.shift(); pack !== undefined; pack = packs.shift()) {
    let answer;
    try {
      answer = await deps.ingestion.upload(pack);
    } catch (error) {
      if (error instanceof DependencyError) return { ...count, stopped: error.message };
      throw error;
    }
    const [row] = pack;
    if (answer.outcome === "accepted") {
      for (const accepted of pack) await deps.outbox.markForwarded(accepted);
      count.forwarded += pack.length;
    } else if (pack.length === 1 && row !== undefined) {
      await deps.outbox.markRefused(row, answer.reason ?? "refused");
      count.refused += 1;
    } else {
      const half = Math.ceil(pack.length / 2);
      packs.unshift(pack.slice(0, half), pack.slice(half));
    }
  }
  return count;
}
