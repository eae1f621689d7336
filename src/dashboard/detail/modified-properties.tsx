import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { targetChanges, type TargetChanges, type ValueChange } from "../../core/triage/target-changes.ts";
import { count, field } from "../format.ts";
import { Inert } from "./inert.tsx";

interface ModifiedProps {
  readonly incident: IncidentRow;
  readonly record: string;
}

/** What the record says of each target: properties with old and new value. For incidents that nothing assessed. */
export function ModifiedProperties({ incident, record }: ModifiedProps): VNode {
  const targets = useMemo(() => targetChanges(incident, record), [incident, record]);
  const reason = field(incident, "ResultReason");
  return (
    <section class="block" aria-labelledby="changes-title">
      <h3 id="changes-title">What changed</h3>
      {targets.map((target) => (
        <Target target={target} />
      ))}
      {targets.length === 0 && <p class="soft">The record names no target.</p>}
      {reason !== "" && (
        <details>
          <summary>The event's own words</summary>
          <p class="verbatim">
            <Inert text={reason} lines />
          </p>
        </details>
      )}
    </section>
  );
}

function Target({ target }: { readonly target: TargetChanges }): VNode {
  const { type, name, id, changes, unchanged, others } = target;
  return (
    <div class="target">
      <h4>
        <Inert text={type || "Target"} /> <Inert text={name || id} />
      </h4>
      {changes.length > 0 ? (
        <ul class="diff">
          {changes.map((change) => (
            <Property change={change} />
          ))}
        </ul>
      ) : (
        <p class="soft">The record names no property of it that changed.</p>
      )}
      {others > 0 && <p class="note">{count(others, "more change")}: see the audit record below.</p>}
      {unchanged.length > 0 && (
        <details>
          <summary>{count(unchanged.length, "property", "properties")} with the same value before and after</summary>
          <dl class="facts">
            {unchanged.map((property) => (
              <>
                <dt>
                  <Inert text={property.name} />
                </dt>
                <dd>
                  <Values texts={property.values} />
                </dd>
              </>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}

function Property({ change: { name, before, after, kept } }: { readonly change: ValueChange }): VNode {
  return (
    <li class="change is-other">
      <div class="change-setting">
        <Inert text={name} />
      </div>
      <div class="change-sides">
        <del>
          <Values texts={before} none={kept > 0 ? "nothing removed" : "none"} />
        </del>
        <span class="arrow" aria-label="to" role="img">
          →
        </span>
        <ins>
          <Values texts={after} none={kept > 0 ? "nothing added" : "none"} />
        </ins>
      </div>
      {kept > 0 && (
        <p class="note">
          {before.length + after.length === 0
            ? "The same members are in another order."
            : `${count(kept, "member")} of the list stayed.`}
        </p>
      )}
    </li>
  );
}

const SHORT = 240;

/** Each value on lines of its own. The end of a long one is folded away. */
function Values({ texts, none = "none" }: { readonly texts: readonly string[]; readonly none?: string }): VNode {
  if (texts.length === 0) return <span class="soft">{none}</span>;
  return (
    <>
      {texts.map((text) => (
        <span class="value">
          {text === "" && <span class="soft">empty text</span>}
          {text.length <= SHORT ? (
            <Inert text={text} lines />
          ) : (
            <details>
              <summary>
                <Inert text={`${text.slice(0, SHORT / 3).toWellFormed()} …`} />{" "}
                <span class="soft">{count(text.length, "character")}</span>
              </summary>
              <Inert text={text} lines />
            </details>
          )}
        </span>
      ))}
    </>
  );
}
