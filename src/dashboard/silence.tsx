import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { type DelayFigures, delayText } from "../core/ledger/delays.ts";
import type { ProofOfSilence, ProvenRule, ProvenTenant } from "../core/ledger/proof-of-silence.ts";
import { ONCE_MS } from "../core/timing.ts";
import { readStatements } from "./api.ts";
import { CopyButton } from "./detail/copy-button.tsx";
import { Inert } from "./detail/inert.tsx";
import { count, fullTime, instant } from "./format.ts";
import { Trouble } from "./trouble.tsx";
import { usePolled } from "./use-polled.ts";

/** How far "no incident" can be trusted, by rule and tenant. */
export function Silence({ proof }: { readonly proof: ProofOfSilence }): VNode {
  const [chosen, setChosen] = useState<string>();
  return (
    <section aria-label="Proof of silence">
      <h3>Proof of silence</h3>
      <p>
        Every event that reached the hub before <Time at={proof.evaluatedThrough} /> was evaluated by each rule below,
        from its own time on{exceptions(proof)}.
      </p>
      <dl class="facts">
        <dt>From occurred to hub</dt>
        <dd>{delays(proof.delays.occurredToHub, "audit record")}</dd>
        <dt>From hub to stored</dt>
        <dd>{delays(proof.delays.hubToStored, "event")}</dd>
        {proof.app.map(({ version, from, until }) => (
          <>
            <dt>pimwatch {version}</dt>
            <dd>
              evaluated events from <Time at={from} /> to <Time at={until} />
            </dd>
          </>
        ))}
      </dl>
      <div class="proof">
        <table>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">Version and plan</th>
              <th scope="col">Evaluates events since</th>
              <th scope="col">Dead letters</th>
              <th scope="col">For each tenant</th>
            </tr>
          </thead>
          <tbody>
            {proof.rules.map((rule) => (
              <Rule
                rule={rule}
                isChosen={rule.id === chosen}
                onChoose={() => setChosen(rule.id === chosen ? undefined : rule.id)}
              />
            ))}
          </tbody>
        </table>
      </div>
      <div class="proof">
        <table>
          <thead>
            <tr>
              <th scope="col">Tenant</th>
              <th scope="col">Allowed since</th>
              <th scope="col">Latest record that was read</th>
            </tr>
          </thead>
          <tbody>{proof.tenants.map(tenantRow)}</tbody>
        </table>
      </div>
    </section>
  );
}

interface RuleProps {
  readonly rule: ProvenRule;
  readonly isChosen: boolean;
  onChoose(): void;
}

function Rule({ rule, isChosen, onChoose }: RuleProps): VNode {
  const { id, name, version, plan, since, deadLetters, earlier } = rule;
  return (
    <>
      <tr>
        <th scope="row">
          <Inert text={name} />
        </th>
        <td>
          {version} <code>{plan}</code>
          {earlier.map((one) => (
            <div class="soft">
              {one.version} <code>{one.plan}</code> until <Time at={one.until} />
            </div>
          ))}
        </td>
        <td>
          <Time at={since} />
        </td>
        <td>{deadLetters ?? "unknown"}</td>
        <td>
          <button type="button" class="quiet" aria-expanded={isChosen} onClick={onChoose}>
            What is proven
          </button>
        </td>
      </tr>
      {isChosen && <Statements ruleId={id} />}
    </>
  );
}

/** The sentences of one rule, one for each tenant. */
function Statements({ ruleId }: { readonly ruleId: string }): VNode {
  const read = usePolled(ruleId, readStatements, ONCE_MS);
  const { value } = read;
  return (
    <tr>
      <td colSpan={5}>
        <Trouble read={read} what="what is proven" />
        {value === undefined && read.error === undefined && <p class="soft">Asking …</p>}
        {value?.map(({ sentence }) => (
          <p class="statement">
            <Inert text={sentence} /> <CopyButton text={sentence} label="Copy" />
          </p>
        ))}
      </td>
    </tr>
  );
}

function tenantRow({ id, since, lastRecordAt }: ProvenTenant): VNode {
  return (
    <tr>
      <th scope="row">{id}</th>
      <td>
        <Time at={since} />
      </td>
      <td>{lastRecordAt === undefined ? "none yet: nothing is proven here" : <Time at={lastRecordAt} />}</td>
    </tr>
  );
}

function Time({ at }: { readonly at: string | undefined }): VNode {
  const milliseconds = instant(at ?? "");
  return milliseconds === undefined ? <>an unknown time</> : <time dateTime={at}>{fullTime(milliseconds)}</time>;
}

function exceptions({ openEvents, lostEvents, deadLetters }: ProofOfSilence): string {
  const all = [
    openEvents > 0 && `${count(openEvents, "event")} not stored yet`,
    lostEvents > 0 && count(lostEvents, "lost event"),
    deadLetters === undefined && "an unknown number of dead letters",
    deadLetters !== undefined && deadLetters > 0 && count(deadLetters, "dead letter"),
  ].filter((one) => one !== false);
  return all.length === 0 ? "" : `, except ${all.join(", ")}`;
}

function delays(figures: DelayFigures | undefined, what: string): string {
  return `${delayText(figures)}${figures === undefined ? "" : `; ${count(figures.count, what)} of up to a day`}`;
}
