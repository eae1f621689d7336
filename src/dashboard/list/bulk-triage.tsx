import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { NOBODY, STATUSES } from "../../core/triage/incident-filters.ts";
import type { TriageChange } from "../../core/triage/triage-change.ts";
import { CLASSIFICATIONS, MAX_COMMENT, MAX_OWNER } from "../../core/triage/triage-fields.ts";
import { Inert } from "../detail/inert.tsx";
import { count, field, inWords, shortTime } from "../format.ts";
import { headlineOf, roleOf } from "../headline.ts";
import { Explained } from "../trouble.tsx";
import type { FilterChoices } from "./filters.tsx";
import { sendChanges, type Sent, type Target, targetOf } from "./send-changes.ts";
import { idOf } from "./use-incidents.ts";
import type { Selection } from "./use-selection.ts";

interface BulkProps {
  readonly selection: Selection;
  readonly choices: FilterChoices;
  readonly now: number;
  onChanged(): void;
}

/** What was typed; "" leaves a field as it is. */
interface Draft {
  readonly status: string;
  readonly classification: string;
  readonly owner: string;
  /** Used if the owner is somebody who is not in the list. */
  readonly otherOwner: string;
  readonly comment: string;
}

const EMPTY: Draft = { status: "", classification: "", owner: "", otherOwner: "", comment: "" };
const SOMEBODY_ELSE = "\n"; // no name
type Problem = { readonly target: Target } & Extract<Sent, { readonly kind: "conflict" | "failed" }>;

/** Changes all selected incidents. What was typed stays until every one of them is changed or given up. */
export function BulkTriage({ selection, choices, now, onChanged }: BulkProps): VNode | null {
  const [draft, setDraft] = useState(EMPTY);
  const [problems, setProblems] = useState<ReadonlyMap<string, Problem>>(new Map());
  const [progress, setProgress] = useState<{ readonly done: number; readonly of: number }>();
  const [said, setSaid] = useState("");
  const isSending = progress !== undefined;
  const number = selection.rows.size;
  useWarningBeforeLeaving(isSending || problems.size > 0);
  useEffect(() => {
    if (number > 0) setSaid("");
  }, [number]);

  async function send(targets: readonly Target[]): Promise<void> {
    const change = changeOf(draft);
    const left = new Map(problems);
    const finished: Target[] = [];
    let same = 0;
    setSaid("");
    setProgress({ done: 0, of: targets.length });
    await sendChanges(targets, change, (target, sent) => {
      if (sent.kind === "conflict" || sent.kind === "failed") left.set(idOf(target.row), { target, ...sent });
      else {
        left.delete(idOf(target.row));
        finished.push(target);
        if (sent.kind === "same") same += 1;
      }
      setProblems(new Map(left));
      setProgress((before) => before && { ...before, done: before.done + 1 });
    });
    setProgress(undefined);
    selection.set(
      finished.map(({ row }) => row),
      false,
    );
    const parts = [
      `${count(finished.length - same, "incident")} changed`,
      ...(same > 0 ? [`${same} so already`] : []),
      ...(left.size > 0 ? [`${left.size} not changed`] : []),
    ];
    setSaid(`${parts.join(", ")}.`);
    if (left.size === 0 && finished.length === number) setDraft(EMPTY);
    onChanged();
  }

  function giveUp(given: readonly Problem[]): void {
    const left = new Map(problems);
    for (const { target } of given) left.delete(idOf(target.row));
    setProblems(left);
    selection.set(
      given.map(({ target }) => target.row),
      false,
    );
    if (left.size === 0 && given.length === number) setDraft(EMPTY);
  }

  if (number === 0)
    return (
      <p class={said === "" ? "unseen" : "bulk-said"} role="status">
        {said}
      </p>
    );
  const all = [...problems.values()];
  return (
    <section class="bulk" aria-label="Change the selected incidents">
      <div class="bulk-head">
        <h2>{count(number, "incident")} selected</h2>
        <p role="status">{progress === undefined ? said : `Changing: ${progress.done} of ${progress.of} …`}</p>
        <button
          type="button"
          class="quiet"
          disabled={isSending || all.length > 0}
          onClick={() => selection.set([...selection.rows.values()], false)}
        >
          Clear the selection
        </button>
      </div>
      {all.length > 0 && !isSending && (
        <Problems problems={all} now={now} onAgain={(these) => void send(these.map(freshTarget))} onGiveUp={giveUp} />
      )}
      <BulkForm
        draft={draft}
        choices={choices}
        button={`Change ${count(number - all.length, "incident")}`}
        isDisabled={isSending || number === all.length || !isWhole(draft, selection)}
        isClosing={isClosing(draft, selection)}
        onInput={(changed) => setDraft({ ...draft, ...changed })}
        onSend={() => {
          const rows = [...selection.rows.values()].filter((row) => !problems.has(idOf(row)));
          void send(rows.map(targetOf));
        }}
      />
    </section>
  );
}

/** Whether a classification can be given: all will be closed. */
function isClosing({ status }: Draft, { rows }: Selection): boolean {
  return status === "Closed" || (status === "" && [...rows.values()].every((row) => field(row, "Status") === "Closed"));
}

function isWhole(draft: Draft, selection: Selection): boolean {
  if (draft.status === "Closed" && draft.classification === "") return false;
  if (!isClosing(draft, selection) && draft.classification !== "") return false;
  if (draft.owner === SOMEBODY_ELSE && draft.otherOwner.trim() === "") return false;
  return Object.keys(changeOf(draft)).length > 0;
}

function changeOf({ status, classification, owner, otherOwner, comment }: Draft): TriageChange {
  const newStatus = STATUSES.find((one) => one === status);
  const newClassification = CLASSIFICATIONS.find((one) => one === classification);
  const newOwner = owner === SOMEBODY_ELSE ? otherOwner.trim() : owner === NOBODY ? "" : owner;
  return {
    ...(newStatus !== undefined && { status: newStatus }),
    ...(newClassification !== undefined && { classification: newClassification }),
    ...(owner !== "" && { owner: newOwner }),
    ...(comment.trim() !== "" && { comment: comment.trim() }),
  };
}

/** A change after a conflict is one of the present state, which the analyst was shown. */
function freshTarget(problem: Problem): Target {
  if (problem.kind === "failed") return problem.target;
  return { row: problem.now.incident, etag: problem.now.etag };
}

interface FormProps {
  readonly draft: Draft;
  readonly choices: FilterChoices;
  readonly button: string;
  readonly isDisabled: boolean;
  readonly isClosing: boolean;
  onInput(changed: Partial<Draft>): void;
  onSend(): void;
}

function BulkForm({ draft, choices, button, isDisabled, isClosing: closes, onInput, onSend }: FormProps): VNode {
  const { owners, me } = choices;
  return (
    <form
      class="bulk-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isDisabled) onSend();
      }}
    >
      <Field
        label="Status"
        value={draft.status}
        options={STATUSES.map((status) => [status, status])}
        onChange={(status) => onInput({ status, ...(status !== "Closed" && { classification: "" }) })}
      />
      {closes && (
        <Field
          label="Classification"
          value={draft.classification}
          options={CLASSIFICATIONS.map((name) => [name, inWords(name)])}
          onChange={(classification) => onInput({ classification })}
        />
      )}
      <Field
        label="Owner"
        value={draft.owner}
        options={[
          ...(me === "" ? [] : [[me, `Me (${me})`] as const]),
          [NOBODY, "Nobody"],
          ...owners.filter((owner) => owner !== me).map((owner) => [owner, owner] as const),
          [SOMEBODY_ELSE, "Somebody else …"],
        ]}
        onChange={(owner) => onInput({ owner })}
      />
      {draft.owner === SOMEBODY_ELSE && (
        <label>
          Name of the owner
          <input
            type="text"
            maxLength={MAX_OWNER}
            value={draft.otherOwner}
            onInput={(event) => onInput({ otherOwner: event.currentTarget.value })}
          />
        </label>
      )}
      <label class="bulk-comment">
        Comment
        <textarea
          rows={1}
          maxLength={MAX_COMMENT}
          value={draft.comment}
          onInput={(event) => onInput({ comment: event.currentTarget.value })}
        />
      </label>
      <button type="submit" class="primary" disabled={isDisabled}>
        {button}
      </button>
    </form>
  );
}

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, words: string])[];
  onChange(value: string): void;
}

function Field({ label, value, options, onChange }: FieldProps): VNode {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">Leave as it is</option>
        {options.map(([option, words]) => (
          <option value={option}>{words}</option>
        ))}
      </select>
    </label>
  );
}

interface ProblemsProps {
  readonly problems: readonly Problem[];
  readonly now: number;
  onAgain(problems: readonly Problem[]): void;
  onGiveUp(problems: readonly Problem[]): void;
}

function Problems({ problems, now, onAgain, onGiveUp }: ProblemsProps): VNode {
  return (
    <div class="banner is-warn bulk-problems" role="alert">
      <span>{count(problems.length, "incident")} not changed. What you entered is kept.</span>
      <button type="button" onClick={() => onAgain(problems)}>
        Try all again
      </button>
      <ul>
        {problems.map((problem) => (
          <li>
            <div>
              <strong>
                <Inert text={roleOf(problem.target.row)} />
              </strong>{" "}
              <Inert text={headlineOf(problem.target.row).main} />:{" "}
              {problem.kind === "failed" ? (
                <Explained error={problem.error} what="the incident" />
              ) : (
                <Conflict problem={problem} now={now} />
              )}
            </div>
            <button type="button" onClick={() => onAgain([problem])}>
              {problem.kind === "failed" ? "Try again" : "Apply mine as well"}
            </button>
            <button type="button" class="quiet" onClick={() => onGiveUp([problem])}>
              Leave it as it is
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface ConflictProps {
  readonly problem: Extract<Problem, { readonly kind: "conflict" }>;
  readonly now: number;
}

/** Who changed it meanwhile, and to what. */
function Conflict({ problem, now }: ConflictProps): VNode {
  const { incident, history } = problem.now;
  const last = history.at(-1);
  return (
    <>
      <Inert text={last?.by.name ?? "somebody else"} /> changed it
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
    </>
  );
}

/** The browser asks before it closes the page while something was typed that is not stored. */
function useWarningBeforeLeaving(isUnfinished: boolean): void {
  useEffect(() => {
    if (!isUnfinished) return undefined;
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [isUnfinished]);
}
