import { identityKey } from "../../src/core/identity-key.ts";
import type { Found } from "../../src/workflows/detection/judge-record.ts";
import { textOf } from "../incidents/incident-text.ts";

/** Counts this many different keys one by one, and later ones as "others", so that memory stays bounded. */
const MAX_KEYS = 10_000;
/** Remembers this many incidents, to tell redelivered records from new ones. */
const MAX_INCIDENTS = 1_000_000;
const SAMPLES = 3;

/** One result among those shown. */
interface BacktestSample {
  readonly time: string;
  readonly title: string;
  readonly actor: string;
  readonly where: string;
}

export interface RuleFigures {
  /** Findings, those of redelivered records included. */
  readonly matches: number;
  /** Different incidents, as the table would hold them. */
  readonly incidents: number;
  readonly days: ReadonlyMap<string, number>;
  readonly actors: ReadonlyMap<string, number>;
  readonly samples: readonly BacktestSample[];
}

export const OTHERS = "(others)";

/** Counts the findings by rule, day and actor, in bounded memory. */
export function backtestFigures() {
  /** The content of the record by incident id. */
  const seen = new Map<string, string>();
  const rules = new Map<string, ReturnType<typeof empty>>();
  return {
    /** @returns what the incident table would answer */
    add({ match, incident }: Found, where: string): "added" | "known" | "otherContent" {
      const figures = rules.get(match.rule.id) ?? empty();
      rules.set(match.rule.id, figures);
      figures.matches += 1;
      const id = textOf(incident.row, "IncidentId");
      const content = textOf(incident.row, "ContentHash");
      const known = seen.get(id);
      if (known !== undefined) return known === content ? "known" : "otherContent";
      if (seen.size < MAX_INCIDENTS) seen.set(id, content);
      figures.incidents += 1;
      const time = textOf(incident.row, "ActivityDateTime");
      const actor = textOf(incident.row, "InitiatedBy") || "(nobody named)";
      count(figures.days, time.slice(0, 10));
      count(figures.actors, firstSpelling(figures.spellings, actor));
      if (figures.samples.length < SAMPLES) {
        figures.samples.push({ time, title: textOf(incident.row, "IncidentTitle"), actor, where });
      }
      return "added";
    },
    of(ruleId: string): RuleFigures {
      return rules.get(ruleId) ?? empty();
    },
  };
}

function empty() {
  const samples: BacktestSample[] = [];
  const counts = { days: new Map<string, number>(), actors: new Map<string, number>() };
  return { matches: 0, incidents: 0, ...counts, spellings: new Map<string, string>(), samples };
}

/** One person in several spellings is counted once, as first written. */
function firstSpelling(spellings: Map<string, string>, actor: string): string {
  const key = identityKey(actor);
  const first = spellings.get(key) ?? actor;
  if (spellings.size < MAX_KEYS) spellings.set(key, first);
  return first;
}

function count(counts: Map<string, number>, key: string): void {
  const counted = counts.has(key) || counts.size < MAX_KEYS ? key : OTHERS;
  counts.set(counted, (counts.get(counted) ?? 0) + 1);
}
