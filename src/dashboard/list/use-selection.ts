import { useCallback, useMemo, useState } from "preact/hooks";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { idOf } from "./use-incidents.ts";

/** The selected incidents, as they were shown when they were selected: a change is of that state. */
export interface Selection {
  readonly rows: ReadonlyMap<string, IncidentRow>;
  set(rows: readonly IncidentRow[], isSelected: boolean): void;
}

export function useSelection(): Selection {
  const [rows, setRows] = useState<ReadonlyMap<string, IncidentRow>>(new Map());
  const set = useCallback((changed: readonly IncidentRow[], isSelected: boolean) => {
    setRows((before) => {
      const after = new Map(before);
      for (const row of changed) {
        if (!isSelected) after.delete(idOf(row));
        else if (!after.has(idOf(row))) after.set(idOf(row), row);
      }
      return after;
    });
  }, []);
  return useMemo(() => ({ rows, set }), [rows, set]);
}

/** How many of these are selected, for a box. */
export function selected(rows: readonly IncidentRow[], { rows: chosen }: Selection): "all" | "some" | "none" {
  const number = rows.filter((row) => chosen.has(idOf(row))).length;
  if (number === 0) return "none";
  return number === rows.length ? "all" : "some";
}
