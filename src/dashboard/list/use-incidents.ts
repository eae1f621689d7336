import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { ApiError, type IncidentPage, listIncidents } from "../api.ts";
import { field } from "../format.ts";
import { type Polled, usePolled } from "../use-polled.ts";
import { listQuery, type View } from "./view.ts";

const PAGE = 100;
/** The API's largest page. */
const LARGEST_PAGE = 200;

export interface Incidents extends Omit<Polled<IncidentPage>, "value" | "replace"> {
  readonly rows: readonly IncidentRow[];
  /** Whether the API may have more. */
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  loadMore(): void;
  /** Ids that the latest refresh with new incidents added to this list. */
  readonly fresh: ReadonlySet<string>;
}

/** Keeps the list fresh: it loads the first page again at intervals and keeps the pages loaded after it. */
export function useIncidents(view: View, now: number, everyMs: number): Incidents {
  const question = listQuery(view, now).toString();
  const [more, setMore] = useState<{ question: string; rows: readonly IncidentRow[]; continuation: string | null }>();
  const [isLoadingMore, setLoadingMore] = useState(false);
  const [moreError, setMoreError] = useState<ApiError>();
  const loaded = more?.question === question ? more : undefined;
  const limit = loaded === undefined ? PAGE : LARGEST_PAGE;
  const first = usePolled(question, (asked, signal) => firstPage(asked, limit, signal), everyMs);

  const rows = useMemo(() => {
    const beginning = first.value?.incidents ?? [];
    const ids = new Set(beginning.map(idOf));
    return [...beginning, ...(loaded?.rows ?? []).filter((row) => !ids.has(idOf(row)))];
  }, [first.value, loaded]);
  const continuation = loaded === undefined ? (first.value?.continuation ?? null) : loaded.continuation;

  const loadMore = useCallback(() => {
    if (continuation === null || isLoadingMore) return;
    setLoadingMore(true);
    setMoreError(undefined);
    const asked = new URLSearchParams(question);
    asked.set("limit", String(PAGE));
    asked.set("continuation", continuation);
    const load = async (): Promise<void> => {
      try {
        const page = await listIncidents(asked, new AbortController().signal);
        const before = loaded?.rows ?? first.value?.incidents ?? [];
        setMore({ question, rows: [...before, ...page.incidents], continuation: page.continuation });
      } catch (error) {
        setMoreError(error instanceof ApiError ? error : new ApiError(0, "pimwatch's answer could not be read"));
      } finally {
        setLoadingMore(false);
      }
    };
    void load();
  }, [question, continuation, isLoadingMore, loaded, first.value]);

  const fresh = useFresh(question, first.value);
  return {
    ...first,
    error: first.error ?? moreError,
    rows,
    hasMore: continuation !== null,
    isLoadingMore,
    loadMore,
    fresh,
  };
}

/** The API may answer a search with a continuation and no incidents yet, so this asks on until some come, five times at most. */
async function firstPage(question: string, limit: number, signal: AbortSignal): Promise<IncidentPage> {
  const asked = new URLSearchParams(question);
  asked.set("limit", String(limit));
  let page = await listIncidents(asked, signal);
  for (let turn = 0; turn < 5 && page.incidents.length === 0 && page.continuation !== null; turn += 1) {
    asked.set("continuation", page.continuation);
    page = await listIncidents(asked, signal);
  }
  return page;
}

function useFresh(question: string, page: IncidentPage | undefined): ReadonlySet<string> {
  const seen = useRef<{ question: string; ids: Set<string> } | undefined>(undefined);
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    if (page === undefined) return;
    const ids = page.incidents.map(idOf);
    if (seen.current?.question === question) {
      const known = seen.current.ids;
      const added = ids.filter((id) => !known.has(id));
      if (added.length > 0) setFresh(new Set(added));
      for (const id of added) known.add(id);
    } else {
      seen.current = { question, ids: new Set(ids) };
      setFresh(new Set());
    }
  }, [question, page]);
  return fresh;
}

export function idOf(row: IncidentRow): string {
  return field(row, "IncidentId");
}
