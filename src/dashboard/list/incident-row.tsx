import type { VNode } from "preact";
import { isTierZero } from "../../core/triage/urgency.ts";
import { EffectLabel, PriorityBadge, TierTag } from "../detail/effect.tsx";
import { Inert } from "../detail/inert.tsx";
import { ago, field, fullTime, instant, shortTime } from "../format.ts";
import { changeOf, headlineOf, roleOf } from "../headline.ts";
import type { Line } from "./lines.ts";
import { idOf } from "./use-incidents.ts";

export interface RowProps {
  readonly line: Line;
  /** The number of all known incidents in its burst. */
  readonly burstSize: number;
  readonly isSelected: "all" | "some" | "none";
  /** "" if it is not shown. */
  readonly tenant: string;
  readonly now: number;
  /** The address of the page with this incident. */
  readonly href: string;
  readonly isOpen: boolean;
  readonly isFresh: boolean;
  onOpen(id: string): void;
  /** @param isRange - whether everything from the last selected line on is meant */
  onSelect(line: Line, isRange: boolean): void;
  onFold(burst: string): void;
}

/** One incident of the list, or one burst. */
export function Row({ line, isSelected, tenant, now, href, isOpen, isFresh, ...props }: RowProps): VNode {
  const { row, burst } = line;
  const id = idOf(row);
  const happened = instant(field(row, "ActivityDateTime"));
  const [status, owner] = [field(row, "Status"), field(row, "Owner")];
  const { main, rest } = headlineOf(row);
  const folded = burst?.isUnfolded === false ? burst : undefined;
  const classes = [
    `row is-${status.toLowerCase()}`,
    ...(isOpen ? ["is-open"] : []),
    ...(isFresh ? ["is-fresh"] : []),
    ...(line.isBelow === true ? ["is-below"] : []),
  ];
  const failed = /fail|error|denied/i.test(field(row, "Result"));
  return (
    <li id={`i-${id}`} class={classes.join(" ")}>
      <SelectBox line={line} isSelected={isSelected} onSelect={props.onSelect} />
      <PriorityBadge priority={field(row, "Priority")} />
      {/* Its area covers the row, so a click anywhere opens the incident; a new tab works as for any link. */}
      <a
        class="row-role"
        href={href}
        aria-current={isOpen}
        aria-describedby={`change-${id}`}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          props.onOpen(id);
        }}
      >
        <Inert text={roleOf(row) || "No role named"} />
        {isTierZero(row) && <TierTag />}
      </a>
      <span class="row-change" id={`change-${id}`} title={[main, rest].filter((part) => part !== "").join("; ")}>
        {tenant !== "" && (
          <span class="tag" title={`Tenant ${field(row, "EntraTenantId")}`}>
            <Inert text={tenant} />
          </span>
        )}
        {failed && <span class="tag">failed</span>}
        {row["Expected"] === true && <span class="tag">expected</span>}
        <BurstTag line={line} size={props.burstSize} onFold={props.onFold} />
        <Inert text={changeOf(row)} />
      </span>
      <span class="row-who">
        <EffectLabel
          effect={folded?.effect ?? field(row, "Effect")}
          times={folded?.times ?? Number(row["WeakenedSettings"])}
        />
        <span class="row-actor">
          <Inert text={field(row, "InitiatedBy")} />
        </span>
        <span class="row-address">
          <Inert text={field(row, "ClientIpAddress")} />
        </span>
        <span class="row-state">
          {status === "New" ? (
            <span>{happened === undefined ? "" : ago(happened, now)}</span>
          ) : (
            <span class={`state is-${status.toLowerCase()}`}>{status}</span>
          )}
          {owner !== "" && (
            <span class="row-owner">
              <Inert text={owner} />
            </span>
          )}
        </span>
      </span>
      <time title={happened === undefined ? "The record holds no time" : fullTime(happened)}>
        {happened === undefined ? "no time" : shortTime(happened, now)}
      </time>
    </li>
  );
}

function SelectBox({ line, isSelected, onSelect }: Pick<RowProps, "line" | "isSelected" | "onSelect">): VNode {
  const { row, selects } = line;
  const what = selects.length > 1 ? `the ${selects.length} incidents of the burst` : "the incident";
  return (
    <input
      type="checkbox"
      class="row-box"
      aria-label={`Select ${what}: ${roleOf(row)}`}
      checked={isSelected === "all"}
      ref={(box) => {
        if (box !== null) box.indeterminate = isSelected === "some";
      }}
      onClick={(event) => onSelect(line, event.shiftKey)}
    />
  );
}

interface BurstTagProps extends Pick<RowProps, "line" | "onFold"> {
  readonly size: number;
}

function BurstTag({ line: { burst, isBelow }, size, onFold }: BurstTagProps): VNode | null {
  const all = Math.max(size, burst?.size ?? 1);
  if (all < 2 || isBelow === true) return null;
  if (burst === undefined) {
    return (
      <span class="tag" title={`${all} incidents by this actor within the hour`}>
        burst of {all}
      </span>
    );
  }
  return (
    <button
      type="button"
      class="fold"
      aria-expanded={burst.isUnfolded}
      title={`${all} incidents by this actor within the hour, ${burst.size} of them here`}
      onClick={() => onFold(burst.key)}
    >
      <span aria-hidden="true">{burst.isUnfolded ? "▾" : "▸"}</span> burst of {all}
      {burst.size < all && `, ${burst.size} here`}
    </button>
  );
}
