import type { VNode } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { HEALTH_EVERY_MS, LIST_EVERY_MS, ONCE_MS } from "../core/timing.ts";
import { readHealth, summarize, whoAmI } from "./api.ts";
import { BulkTriage } from "./list/bulk-triage.tsx";
import { Filters } from "./list/filters.tsx";
import { Help } from "./help.tsx";
import { IncidentDetail } from "./detail/incident-detail.tsx";
import { IncidentList } from "./list/incident-list.tsx";
import { Overview } from "./list/overview.tsx";
import { PipelineDialog } from "./pipeline.tsx";
import { TopBar } from "./top-bar.tsx";
import { useIncidents } from "./list/use-incidents.ts";
import { useSelection } from "./list/use-selection.ts";
import { useNow } from "./use-now.ts";
import { useLast, usePolled } from "./use-polled.ts";
import { focusRow, useShortcuts } from "./use-shortcuts.ts";
import { summaryQuery, useView } from "./list/view.ts";

export function App(): VNode {
  const [view, change] = useView();
  const now = useNow();
  const [dialog, setDialog] = useState<"help" | "pipeline" | undefined>(undefined);
  const list = useIncidents(view, now, LIST_EVERY_MS);
  const summary = usePolled(
    summaryQuery(view, now).toString(),
    (question, signal) => summarize(new URLSearchParams(question), signal),
    LIST_EVERY_MS,
  );
  const health = usePolled("health", (_question, signal) => readHealth(signal), HEALTH_EVERY_MS);
  const me = usePolled("me", (_question, signal) => whoAmI(signal), ONCE_MS);
  const tenants = me.value?.tenants ?? [];
  const refresh = useCallback(() => {
    list.refresh();
    summary.refresh();
    health.refresh();
  }, [list.refresh, summary.refresh, health.refresh]);
  const open = useCallback((incident: string) => change({ incident }), [change]);
  const close = useCallback(() => {
    const row = document.querySelector("#incidents .row.is-open")?.id ?? "incidents";
    change({ incident: "" });
    setTimeout(() => focusRow(row)); // a narrow screen shows the list again first
  }, [change]);

  useShortcuts({
    view,
    change,
    refresh,
    close,
    help: () => setDialog("help"),
  });
  const figures = useLast(summary.value);
  const choices = { owners: figures?.owners ?? [], rules: figures?.rules ?? [], me: me.value?.name ?? "" };
  const selection = useSelection();
  const urgent = summary.value === undefined ? 0 : summary.value.open.P1;
  useEffect(() => {
    document.title = urgent > 0 ? `(${urgent}) P1 open · pimwatch` : "pimwatch";
  }, [urgent]);
  const onChanged = useMemo(() => () => (list.refresh(), summary.refresh()), [list.refresh, summary.refresh]);

  return (
    <div class={view.incident === "" ? "page" : "page has-incident"}>
      <a class="skip" href="#incidents">
        Skip to the incidents
      </a>
      <TopBar
        health={health}
        list={list}
        me={me.value}
        now={now}
        onHealth={() => setDialog("pipeline")}
        onHelp={() => setDialog("help")}
        onRefresh={refresh}
      />
      <main class="work">
        <div class="pane-list">
          <Overview summary={summary} view={view} change={change} now={now} />
          <Filters view={view} change={change} shown={list.rows.length} tenants={tenants} choices={choices} now={now} />
          <IncidentList
            list={list}
            bursts={figures?.bursts ?? {}}
            selection={selection}
            showsTenant={tenants.length > 1}
            view={view}
            change={change}
            now={now}
            onOpen={open}
          />
          <BulkTriage selection={selection} choices={choices} now={now} onChanged={onChanged} />
        </div>
        {view.incident !== "" && (
          <IncidentDetail
            key={view.incident}
            id={view.incident}
            now={now}
            me={me.value}
            showsTenant={tenants.length > 1}
            change={change}
            onClose={close}
            onChanged={onChanged}
          />
        )}
      </main>
      {dialog === "help" && <Help onClose={() => setDialog(undefined)} />}
      {dialog === "pipeline" && <PipelineDialog health={health} now={now} onClose={() => setDialog(undefined)} />}
    </div>
  );
}
