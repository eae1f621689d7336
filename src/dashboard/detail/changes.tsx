import type { VNode } from "preact";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import type { Json } from "../../kql/run/values.ts";
import { EffectIcon, effectWord, seriesOf } from "./effect.tsx";
import { field } from "../format.ts";
import { Inert } from "./inert.tsx";
import { SafeLink } from "./safe-link.tsx";

type Change = Readonly<Record<string, Json>>;

/** The changes as a diff: setting, old and new value, effect; then the sentences that pimwatch does not understand. */
export function Changes({ incident }: { readonly incident: IncidentRow }): VNode {
  const changes = objects(incident["Changes"]);
  const unread = Array.isArray(incident["UnrecognizedChanges"]) ? incident["UnrecognizedChanges"] : [];
  const text = field(incident, "ResultReason");
  return (
    <section class="block" aria-labelledby="changes-title">
      <h3 id="changes-title">What changed</h3>
      {changes.length > 0 && (
        <ul class="diff">
          {changes.map((change) => (
            <ChangeRow change={change} />
          ))}
        </ul>
      )}
      {changes.length > 0 && changes.every((change) => textOf(change["oldValue"]) === "") && (
        <p class="note">
          The event has only new values. Use the Microsoft Graph request below to see who changed the policy last.
        </p>
      )}
      {unread.length > 0 && (
        <div class="unread">
          <p>pimwatch does not understand these sentences of the event. They may weaken the role:</p>
          <ul>
            {unread.map((sentence) => (
              <li>
                <Inert text={String(sentence)} lines />
              </li>
            ))}
          </ul>
        </div>
      )}
      {changes.length === 0 && unread.length === 0 && (
        <p class="soft">
          {text === ""
            ? "The event does not say what changed. Read the role's policy with the request below."
            : "The event names no setting."}
        </p>
      )}
      {text !== "" && (
        <details>
          <summary>The event's own words</summary>
          <p class="verbatim">
            <Inert text={text} lines />
          </p>
        </details>
      )}
    </section>
  );
}

function ChangeRow({ change }: { readonly change: Change }): VNode {
  const effect = seriesOf(textOf(change["effect"]));
  const [before, after] = [textOf(change["oldValue"]), textOf(change["newValue"])];
  return (
    <li class={`change is-${effect}`}>
      <div class="change-line">
        <span class="change-mark">
          <EffectIcon effect={effect} />
          <span class="unseen">{effectWord(effect)}: </span>
        </span>
        <span class="change-setting">
          <Inert text={textOf(change["settingName"]) || textOf(change["setting"])} />
        </span>
        <span class="change-values">
          {before === "" ? (
            <span class="soft">now</span>
          ) : (
            <>
              <del>
                <Inert text={before} />
              </del>
              <span class="arrow" aria-label="to" role="img">
                →
              </span>
            </>
          )}
          {after === "" ? (
            <span class="soft">changed</span>
          ) : (
            <ins>
              <Inert text={after} />
            </ins>
          )}
        </span>
      </div>
      <p class="change-why">
        <Inert text={textOf(change["reason"])} />
      </p>
      <Baselines of={objects(change["baselines"])} />
    </li>
  );
}

/** The requirements of published baselines that a change affects. */
function Baselines({ of: baselines }: { readonly of: readonly Change[] }): VNode | null {
  if (baselines.length === 0) return null;
  return (
    <ul class="baselines" aria-label="Baselines">
      {baselines.map((baseline) => (
        <li>
          <SafeLink href={textOf(baseline["link"])} text={textOf(baseline["id"])} />
        </li>
      ))}
    </ul>
  );
}

function objects(value: Json | undefined): Change[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (member): member is Change => typeof member === "object" && member !== null && !Array.isArray(member),
  );
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
