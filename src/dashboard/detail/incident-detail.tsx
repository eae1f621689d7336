import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { isAboutPimSettings } from "../../core/pim-settings/role-tiers.ts";
import { LIST_EVERY_MS } from "../../core/timing.ts";
import type { Analyst } from "../../core/triage/triage-change.ts";
import { readIncident, type ReadIncident } from "../api.ts";
import type { Burst } from "../../workflows/incidents/summarize-incidents.ts";
import { Changes } from "./changes.tsx";
import { CopyButton } from "./copy-button.tsx";
import { EffectLabel, PriorityBadge, TierTag } from "./effect.tsx";
import { Evidence } from "./evidence.tsx";
import { Facts } from "./facts.tsx";
import { ago, burstTime, field, fullTime, instant } from "../format.ts";
import { Guidance } from "./guidance.tsx";
import { HistoryList } from "./history.tsx";
import { headlineOf, roleOf, tenantOf, titleOf } from "../headline.ts";
import { Inert } from "./inert.tsx";
import { ModifiedProperties } from "./modified-properties.tsx";
import { RawRecord } from "./raw-record.tsx";
import { Triage } from "./triage.tsx";
import { useChanging } from "./use-changing.ts";
import { Trouble } from "../trouble.tsx";
import { usePolled } from "../use-polled.ts";
import { type ChangeView, NARROW, NO_FILTERS } from "../list/view.ts";

interface DetailProps {
  readonly id: string;
  readonly now: number;
  readonly me: Analyst | undefined;
  /** Whether the tenant is shown: there are several. */
  readonly showsTenant: boolean;
  readonly change: ChangeView;
  onClose(): void;
  onChanged(): void;
}

/** One incident: the changes first, then what to do and what was done; the ids and the record at the end. */
export function IncidentDetail({ id, now, me, showsTenant, change, onClose, onChanged }: DetailProps): VNode {
  const read = usePolled(id, readIncident, LIST_EVERY_MS);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    panel.current?.scrollTo(0, 0);
    if (matchMedia(NARROW).matches) scrollTo(0, 0); // there the page scrolls, not the panel
  }, [id]);
  return (
    <article class="detail" aria-label="Incident" aria-busy={read.isLoading} ref={panel}>
      <div class="detail-top">
        <button type="button" class="quiet back" onClick={onClose}>
          <span aria-hidden="true">←</span> <span class="back-word">Back to the list</span>
        </button>
        {read.value !== undefined && <CopyButton text={location.href} label="Copy link" />}
      </div>
      <Trouble read={read} what="the incident" />
      {read.isLoading && <div class="skeleton is-detail" role="img" aria-label="Loading" />}
      {read.value !== undefined && (
        <Body
          read={read.value}
          now={now}
          me={me}
          showsTenant={showsTenant}
          change={change}
          onNewer={(newer) => {
            read.replace(newer);
            onChanged();
          }}
        />
      )}
    </article>
  );
}

interface BodyProps {
  readonly read: ReadIncident;
  readonly now: number;
  readonly me: Analyst | undefined;
  readonly showsTenant: boolean;
  readonly change: ChangeView;
  onNewer(newer: ReadIncident): void;
}

function Body({ read, now, me, showsTenant, change, onNewer }: BodyProps): VNode {
  const { incident, record, guide, investigation, burst } = read;
  const changing = useChanging(read, onNewer);
  const { rest } = headlineOf(incident);
  return (
    <>
      <header class="detail-head">
        <div class="detail-badges">
          <PriorityBadge priority={field(incident, "Priority")} />
          <EffectLabel effect={field(incident, "Effect")} times={Number(incident["WeakenedSettings"])} />
          {field(incident, "RoleTier") === "critical" && <TierTag />}
          <span class="soft">Severity {field(incident, "Severity")}</span>
          {showsTenant && (
            <span class="tag" title={`Tenant ${field(incident, "EntraTenantId")}`}>
              <Inert text={tenantOf(incident)} />
            </span>
          )}
          {incident["Expected"] === true && <ExpectedTag ticket={field(incident, "ExpectedTicket")} />}
        </div>
        <h2 id="incident-title" tabIndex={-1}>
          <Inert text={titleOf(incident)} />
        </h2>
        {rest !== "" && !hasChanges(incident) && (
          <p class="below">
            <Inert text={rest} />
          </p>
        )}
        <Byline incident={incident} now={now} change={change} />
        <IdentityNotes incident={incident} />
        {burst !== null && <BurstLine burst={burst} now={now} change={change} />}
      </header>
      <Triage read={read} me={me} now={now} changing={changing} />
      <Evidence incident={incident} />
      {isAboutPimSettings(incident) ? (
        <Changes incident={incident} />
      ) : (
        <ModifiedProperties incident={incident} record={record} />
      )}
      <Guidance guide={guide} investigation={investigation} />
      <HistoryList read={read} now={now} changing={changing} />
      <Facts incident={incident} />
      <RawRecord record={record} incident={incident} />
    </>
  );
}

function hasChanges(incident: IncidentRow): boolean {
  return Array.isArray(incident["Changes"]) && incident["Changes"].length > 0;
}

function Byline({ incident, now, change }: Pick<BodyProps, "now" | "change"> & { incident: IncidentRow }): VNode {
  const happened = instant(field(incident, "ActivityDateTime"));
  const target = field(incident, "TargetResourceName");
  return (
    <p class="byline">
      {isAboutPimSettings(incident) ? (
        <button
          type="button"
          class="inline"
          title="Only this role"
          onClick={() => change({ role: field(incident, "RoleScope") || field(incident, "RoleName"), status: "all" })}
        >
          <Inert text={roleOf(incident)} />
        </button>
      ) : (
        <strong>
          <Inert text={target} />
        </strong>
      )}
      {isAboutPimSettings(incident) || target !== "" ? " by " : "By "}
      <button
        type="button"
        class="inline"
        title="Only this actor"
        onClick={() => change({ actor: field(incident, "InitiatedBy"), status: "all" })}
      >
        <Inert text={field(incident, "InitiatedBy")} />
      </button>
      {field(incident, "ClientIpAddress") !== "" && (
        <>
          {" from "}
          <span class="address">
            <Inert text={field(incident, "ClientIpAddress")} />
          </span>
        </>
      )}
      <span class="soft">
        {" · "}
        {happened === undefined ? "the record has no time" : `${fullTime(happened)}, ${ago(happened, now)}`}
      </span>
    </p>
  );
}

/** What to know about actor and targets beyond their names. */
function IdentityNotes({ incident }: { readonly incident: IncidentRow }): VNode | null {
  const notes = incident["IdentityNotes"];
  if (!Array.isArray(notes) || notes.length === 0) return null;
  const isMismatch = incident["InitiatedByNameMismatch"] === true;
  return (
    <ul class={`identity-notes${isMismatch ? " is-bad" : ""}`} aria-label="About the identities">
      {notes.map((note) => (
        <li>
          <Inert text={typeof note === "string" ? note : ""} />
        </li>
      ))}
    </ul>
  );
}

function BurstLine({ burst, now, change }: Pick<BodyProps, "now" | "change"> & { readonly burst: Burst }): VNode {
  return (
    <p class="burst-line">
      <button
        type="button"
        class="inline"
        onClick={() => change({ ...NO_FILTERS, burst: burst.id, range: "all", status: "all", order: "newest" })}
      >
        One of {burst.count}
        {burst.complete ? "" : " and more"} by this actor
      </button>
      <span class="soft"> within the hour · {burstTime(burst.id, now)}</span>
    </p>
  );
}

function ExpectedTag({ ticket }: { readonly ticket: string }): VNode {
  return (
    <span class="tag">
      expected{ticket === "" ? "" : ": "}
      <Inert text={ticket} />
    </span>
  );
}
