import type { ComponentChildren, VNode } from "preact";
import { SINK_TITLE } from "../core/incident/sinks.ts";
import type { UntakenRow } from "../core/incident/outbox.ts";
import type { Health } from "./api.ts";
import { CopyButton } from "./detail/copy-button.tsx";
import { Dialog } from "./dialog.tsx";
import { ago, count, fullTime, instant } from "./format.ts";
import { Inert } from "./detail/inert.tsx";
import { figureSentences, missingSentences, stateSentence } from "./pipeline-text.ts";
import { Silence } from "./silence.tsx";
import { Trouble } from "./trouble.tsx";
import type { Polled } from "./use-polled.ts";

interface HealthState {
  readonly tone: "ok" | "warn" | "bad" | "idle";
  readonly words: string;
}

/** The pipeline's state in a few words. It is not "ok" while anything waits for a person. */
export function healthState({ value, error, isLoading }: Polled<Health>): HealthState {
  if (isLoading) return { tone: "idle", words: "Pipeline …" };
  if (value === undefined || error !== undefined) return { tone: "bad", words: "Pipeline: no answer" };
  const { status, problems, unmatchedOperations = [], sinks = {} } = value;
  if (status !== "ok") {
    const words = count(problems.length, "problem");
    return status === "down"
      ? { tone: "bad", words: `Pipeline down: ${words}` }
      : { tone: "warn", words: `Pipeline: ${words}` };
  }
  if (unmatchedOperations.length > 0)
    return { tone: "warn", words: `Pipeline ok, ${unmatchedOperations.length} to check` };
  const pending = Object.values(sinks).reduce((sum, sink) => sum + sink.pending, 0);
  return { tone: "ok", words: pending > 0 ? `Pipeline ok, ${pending} to forward` : "Pipeline ok" };
}

interface PipelineProps {
  readonly health: Polled<Health>;
  readonly now: number;
  onClose(): void;
}

export function PipelineDialog({ health, now, onClose }: PipelineProps): VNode {
  const { tone } = healthState(health);
  const { value } = health;
  return (
    <Dialog title="Pipeline health" onClose={onClose}>
      <Trouble read={health} what="the pipeline's health" />
      {value === undefined ? (
        health.error === undefined && <p class="soft">Asking …</p>
      ) : (
        <>
          <p class="health-line">
            <span class={`dot is-${tone}`} aria-hidden="true" />
            <strong>{stateSentence(value)}</strong>
          </p>
          <p class="soft">Asked {ago(health.at, Math.max(now, health.at))}.</p>
          <Problems health={value} />
          <Letters health={value} />
          <UntakenRows health={value} />
          <Missing health={value} />
          <UnmatchedOperations health={value} />
          <Part title="How it is">
            {figureSentences(value, now).map((sentence) => (
              <li>
                <Inert text={sentence} />
              </li>
            ))}
          </Part>
          {value.silence !== undefined && <Silence proof={value.silence} />}
        </>
      )}
      <p class="soft">
        The same as JSON: <a href="pipeline">/api/pipeline</a>
      </p>
    </Dialog>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ComponentChildren }): VNode {
  return (
    <section class="part-of-health" aria-label={title}>
      <h3>{title}</h3>
      <ul>{children}</ul>
    </section>
  );
}

interface OfHealth {
  readonly health: Health;
}

function Problems({ health: { problems } }: OfHealth): VNode | null {
  if (problems.length === 0) return null;
  return (
    <Part title="What to do">
      {problems.map(({ what, next }) => (
        <li>
          <strong>
            <Inert text={asSentence(what)} />
          </strong>{" "}
          <Commands text={next} />
        </li>
      ))}
    </Part>
  );
}

function asSentence(what: string): string {
  return `${what.charAt(0).toUpperCase()}${what.slice(1)}.`;
}

/** Our own text, whose commands stand in backticks. */
function Commands({ text }: { readonly text: string }): VNode {
  return <>{text.split("`").map((part, index) => (index % 2 === 1 ? <code>{part}</code> : part))}</>;
}

/** Characters of a name that tell dead letters apart; `pimwatch dead-letters` takes the beginning of a name. */
const SHORT_NAME = 12;

function Letters({ health: { latestDeadLetters = [], deadLetters = 0 } }: OfHealth): VNode | null {
  if (latestDeadLetters.length === 0) return null;
  const shown = latestDeadLetters.length;
  return (
    <Part title="Dead letters">
      {latestDeadLetters.map(({ name, reason, rules, partition, sequenceNumber, enqueuedTime }) => {
        const command = `npx pimwatch dead-letters ${name.slice(0, SHORT_NAME)}`;
        const at = instant(enqueuedTime);
        return (
          <li key={name}>
            <Inert text={`${reason}.`} />{" "}
            {rules.length > 0 && (
              <>
                {rules.length === 1 ? "Rule" : "Rules"} <Inert text={rules.join(", ")} />.{" "}
              </>
            )}
            <span class="soft">
              {at === undefined ? "Nobody knows when it reached the hub." : `It reached the hub at ${fullTime(at)}`}
              {at !== undefined && partition !== "" && ` as event ${sequenceNumber} of partition ${partition}`}
              {at !== undefined && "."}
            </span>
            <div class="command">
              <code>{command}</code> <CopyButton text={command} label="Copy" />
            </div>
          </li>
        );
      })}
      {deadLetters > shown && (
        <li class="soft">
          These are the latest {shown} of {deadLetters}. <code>npx pimwatch dead-letters</code> lists all.
        </li>
      )}
    </Part>
  );
}

function UntakenRows({ health: { sinks = {} } }: OfHealth): VNode | null {
  const states = Object.values(sinks);
  const rows = states.flatMap(({ untaken }) => untaken);
  if (rows.length === 0) return null;
  const others = states.reduce((sum, { refused, failing }) => sum + refused + failing, 0) - rows.length;
  return (
    <Part title="Rows that were not accepted">
      {rows.map((row) => (
        <li key={row.rowKey}>
          <UntakenRowText row={row} />
        </li>
      ))}
      {others > 0 && (
        <li class="soft">
          And {count(others, "more row")}. <code>npx pimwatch dead-letters</code> lists all.
        </li>
      )}
    </Part>
  );
}

function UntakenRowText({
  row: { state, sink, incidentId, revision, reason, retryAt },
}: {
  readonly row: UntakenRow;
}): VNode {
  const again = instant(retryAt ?? "");
  return (
    <>
      {state === "refused" ? "Refused by" : "Failing at"} {SINK_TITLE.get(sink) ?? sink}:{" "}
      <a href={`?status=all&incident=${encodeURIComponent(incidentId)}`}>incident {incidentId.slice(0, SHORT_NAME)}</a>,
      revision {revision}. <Inert text={`${reason}.`} />
      {again !== undefined && <span class="soft"> It is sent again from {fullTime(again)}.</span>}
    </>
  );
}

function Missing({ health: { silence } }: OfHealth): VNode | null {
  const sentences = silence === undefined ? [] : missingSentences(silence);
  if (sentences.length === 0) return null;
  return (
    <Part title="Events that are missing">
      {sentences.map((sentence) => (
        <li>{sentence}</li>
      ))}
    </Part>
  );
}

function UnmatchedOperations({ health: { unmatchedOperations = [] } }: OfHealth): VNode | null {
  if (unmatchedOperations.length === 0) return null;
  return (
    <Part title="To check">
      {unmatchedOperations.map(({ operation, lastSeenAt }) => (
        <li>
          No rule matched the operation “<Inert text={operation} />
          ”, last seen at {fullTime(instant(lastSeenAt) ?? 0)}. Microsoft may have renamed an operation that a rule
          names: compare the rules with it.
        </li>
      ))}
    </Part>
  );
}
