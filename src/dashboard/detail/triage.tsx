import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Analyst, TriageChange } from "../../core/triage/triage-change.ts";
import { field, inWords } from "../format.ts";
import { CommentField, useFocus } from "./comment.tsx";
import { Inert } from "./inert.tsx";
import { NotStored } from "./not-stored.tsx";
import type { Changing } from "./use-changing.ts";
import type { ReadIncident } from "../api.ts";

interface TriageProps {
  readonly read: ReadIncident;
  readonly me: Analyst | undefined;
  readonly now: number;
  readonly changing: Changing;
}

type Form = "close" | "assign";

/** Status and owner, with the actions on them. Stays in view while the incident scrolls. */
export function Triage({ read, me, now, changing }: TriageProps): VNode {
  const { incident } = read;
  const [form, setForm] = useState<Form>();
  const bar = useBarHeight();
  const { isSending, saved } = changing;
  const status = field(incident, "Status");
  // Entra ignores the case of principal names.
  const isMine = field(incident, "Owner").toLowerCase() === me?.name.toLowerCase();
  const send = (change: TriageChange): void => void changing.send(change, "bar");
  useEffect(() => {
    if (saved?.place !== "bar") return;
    setForm(undefined);
    // The button or form that had the focus is gone, or goes now.
    if (document.activeElement === document.body || bar.current?.contains(document.activeElement) === true)
      bar.current?.querySelector<HTMLElement>('[data-action="close"]')?.focus();
  }, [saved]);
  const toggle = (wanted: Form) => (): void => setForm(form === wanted ? undefined : wanted);

  return (
    <section class="triage" aria-label="Triage" ref={bar}>
      <div class="triage-line">
        <State read={read} />
        <div class="triage-actions">
          {status !== "Closed" && !isMine && (
            <button
              type="button"
              class="primary"
              data-action="take"
              disabled={isSending || me === undefined}
              onClick={() => send({ status: "Active", owner: me?.name ?? "" })}
            >
              Take
            </button>
          )}
          {status === "Closed" ? (
            <button type="button" data-action="close" disabled={isSending} onClick={() => send({ status: "Active" })}>
              Reopen
            </button>
          ) : (
            <button type="button" data-action="close" aria-expanded={form === "close"} onClick={toggle("close")}>
              Close …
            </button>
          )}
          <button type="button" aria-expanded={form === "assign"} onClick={toggle("assign")}>
            Assign …
          </button>
          <button
            type="button"
            data-action="comment"
            onClick={() => document.querySelector<HTMLElement>("#comment")?.focus()}
          >
            Comment …
          </button>
        </div>
      </div>
      <NotStored changing={changing} place="bar" read={read} now={now} />
      {form === "close" && <CloseForm isSending={isSending} onSend={send} />}
      {form === "assign" && <AssignForm owner={field(incident, "Owner")} isSending={isSending} onSend={send} />}
      <p class="triage-saved" role="status">
        {saved?.place === "bar" && saved.comment !== "" && (
          <>
            Saved, with the comment “<Inert text={saved.comment} />”
          </>
        )}
      </p>
    </section>
  );
}

/** Tells the styles how much of the page the bar covers, so that nothing that has the focus is behind it. */
function useBarHeight() {
  const bar = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const { style } = document.documentElement;
    const observer = new ResizeObserver(() =>
      style.setProperty("--triage-height", `${bar.current?.offsetHeight ?? 0}px`),
    );
    if (bar.current !== null) observer.observe(bar.current);
    return () => {
      observer.disconnect();
      style.removeProperty("--triage-height");
    };
  }, []);
  return bar;
}

function State({ read: { incident } }: Pick<TriageProps, "read">): VNode {
  const [owner, classification] = [field(incident, "Owner"), field(incident, "Classification")];
  return (
    <p class="triage-state" role="status">
      <span class={`state is-${field(incident, "Status").toLowerCase()}`}>{field(incident, "Status")}</span>
      {classification !== "" && <span>{inWords(classification)}</span>}
      <span class="soft">{owner === "" ? "no owner" : <Inert text={owner} />}</span>
    </p>
  );
}

interface FormProps {
  readonly isSending: boolean;
  onSend(change: TriageChange): void;
}

const CLASSIFICATIONS = [
  ["TruePositive", "an attack, or a change that nobody was allowed to make"],
  ["BenignPositive", "the change was real, and planned"],
  ["FalsePositive", "the rule should not have found it"],
  ["Undetermined", "there is not enough information"],
] as const;

function CloseForm({ isSending, onSend }: FormProps): VNode {
  const [classification, setClassification] = useState<(typeof CLASSIFICATIONS)[number][0]>();
  const [comment, setComment] = useState("");
  const first = useFocus<HTMLInputElement>();
  return (
    <form
      class="triage-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (classification !== undefined)
          onSend({ status: "Closed", classification, ...(comment.trim() !== "" && { comment }) });
      }}
    >
      <fieldset>
        <legend>Classification</legend>
        {CLASSIFICATIONS.map(([name, words], index) => (
          <label class="radio">
            <input
              ref={index === 0 ? first : null}
              type="radio"
              name="classification"
              value={name}
              checked={classification === name}
              required
              onChange={() => setClassification(name)}
            />
            <span>
              {inWords(name)} <span class="soft">{words}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <CommentField value={comment} onInput={setComment} label="Comment (optional)" />
      <div class="form-end">
        <button type="submit" class="primary" disabled={isSending || classification === undefined}>
          Close incident
        </button>
      </div>
    </form>
  );
}

function AssignForm({ owner, isSending, onSend }: FormProps & { readonly owner: string }): VNode {
  const [name, setName] = useState(owner);
  const first = useFocus<HTMLInputElement>();
  return (
    <form
      class="triage-form"
      onSubmit={(event) => {
        event.preventDefault();
        onSend({ owner: name });
      }}
    >
      <label>
        Owner
        <input
          ref={first}
          type="text"
          maxLength={200}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <div class="form-end">
        <button type="submit" class="primary" disabled={isSending || name.trim() === owner}>
          {name.trim() === "" && owner !== "" ? "Remove the owner" : "Assign"}
        </button>
      </div>
    </form>
  );
}
