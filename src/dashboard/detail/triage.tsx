import type { VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Analyst, TriageChange } from "../../core/triage/triage-change.ts";
import { ApiError, changeIncident, type ReadIncident } from "../api.ts";
import { field, inWords, shortTime } from "../format.ts";
import { Inert } from "./inert.tsx";

interface TriageProps {
  readonly read: ReadIncident;
  readonly me: Analyst | undefined;
  readonly now: number;
  onNewer(newer: ReadIncident): void;
}

type Form = "close" | "assign" | "comment";

/** A change that was not stored, and why. */
type Failure =
  | { readonly kind: "conflict"; readonly change: TriageChange }
  | { readonly kind: "error"; readonly change: TriageChange; readonly message: string };

/** Status and owner, with the actions on them. */
export function Triage({ read, me, now, onNewer }: TriageProps): VNode {
  const { incident } = read;
  const [form, setForm] = useState<Form>();
  const [failure, setFailure] = useState<Failure>();
  const [isSending, setSending] = useState(false);
  const status = field(incident, "Status");
  // Entra ignores the case of principal names.
  const isMine = field(incident, "Owner").toLowerCase() === me?.name.toLowerCase();

  async function send(change: TriageChange): Promise<void> {
    setSending(true);
    setFailure(undefined);
    try {
      const { outcome, now: newer } = await changeIncident(read, change);
      onNewer(newer);
      if (outcome === "conflict") setFailure({ kind: "conflict", change });
      else setForm(undefined);
    } catch (error) {
      const message = error instanceof ApiError ? error.message : "the answer could not be read";
      setFailure({ kind: "error", change, message });
    } finally {
      setSending(false);
    }
  }
  const toggle = (wanted: Form) => (): void => setForm(form === wanted ? undefined : wanted);

  return (
    <section class="triage" aria-label="Triage">
      <div class="triage-line">
        <State read={read} />
        <div class="triage-actions">
          {status !== "Closed" && !isMine && (
            <button
              type="button"
              class="primary"
              data-action="take"
              disabled={isSending || me === undefined}
              onClick={() => void send({ status: "Active", owner: me?.name ?? "" })}
            >
              Take
            </button>
          )}
          {status === "Closed" ? (
            <button
              type="button"
              data-action="close"
              disabled={isSending}
              onClick={() => void send({ status: "Active" })}
            >
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
          <button type="button" data-action="comment" aria-expanded={form === "comment"} onClick={toggle("comment")}>
            Comment …
          </button>
        </div>
      </div>
      {failure !== undefined && (
        <FailureBanner
          failure={failure}
          read={read}
          now={now}
          onAgain={() => void send(failure.change)}
          onDrop={() => setFailure(undefined)}
        />
      )}
      {form === "close" && <CloseForm isSending={isSending} onSend={(change) => void send(change)} />}
      {form === "assign" && (
        <AssignForm owner={field(incident, "Owner")} isSending={isSending} onSend={(change) => void send(change)} />
      )}
      {form === "comment" && <CommentForm isSending={isSending} onSend={(change) => void send(change)} />}
    </section>
  );
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

interface BannerProps extends Pick<TriageProps, "read" | "now"> {
  readonly failure: Failure;
  onAgain(): void;
  onDrop(): void;
}

function FailureBanner({ failure, read: { incident, history }, now, onAgain, onDrop }: BannerProps): VNode {
  const last = history.at(-1);
  return (
    <div class="banner is-warn" role="alert">
      {failure.kind === "error" ? (
        <span>
          Not stored: <Inert text={failure.message} />.
        </span>
      ) : (
        <span>
          Not stored: <Inert text={last?.by.name ?? "somebody else"} /> changed it
          {last === undefined ? " meanwhile" : ` at ${shortTime(Date.parse(last.time), now)} UTC`}. It is now{" "}
          <strong>{field(incident, "Status")}</strong>, owner{" "}
          <strong>
            <Inert text={field(incident, "Owner") || "nobody"} />
          </strong>
          {last !== undefined && last.comment !== "" && (
            <>
              : “<Inert text={last.comment} />”
            </>
          )}
          .
        </span>
      )}
      <button type="button" onClick={onAgain}>
        {failure.kind === "error" ? "Try again" : "Apply mine as well"}
      </button>
      <button type="button" class="quiet" onClick={onDrop}>
        Discard
      </button>
    </div>
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

function CommentForm({ isSending, onSend }: FormProps): VNode {
  const [comment, setComment] = useState("");
  return (
    <form
      class="triage-form"
      onSubmit={(event) => {
        event.preventDefault();
        onSend({ comment });
      }}
    >
      <CommentField value={comment} onInput={setComment} label="Comment" isFirst />
      <div class="form-end">
        <button type="submit" class="primary" disabled={isSending || comment.trim() === ""}>
          Add comment
        </button>
      </div>
    </form>
  );
}

interface CommentFieldProps {
  readonly value: string;
  readonly label: string;
  readonly isFirst?: boolean;
  onInput(value: string): void;
}

function CommentField({ value, label, isFirst = false, onInput }: CommentFieldProps): VNode {
  const first = useFocus<HTMLTextAreaElement>();
  return (
    <label>
      {label}
      <textarea
        ref={isFirst ? first : null}
        rows={3}
        maxLength={2_000}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

/** Focuses a form that was just opened, before the next key, which may be the first letter of a comment. */
function useFocus<T extends HTMLElement>() {
  const element = useRef<T>(null);
  useLayoutEffect(() => element.current?.focus(), []);
  return element;
}
