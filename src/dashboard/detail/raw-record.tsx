import type { VNode } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { laidOutJson } from "../../kql/run/dynamic-text.ts";
import { parseExactJson } from "../../kql/run/exact-json.ts";
import { CopyButton } from "./copy-button.tsx";
import { Inert } from "./inert.tsx";

interface RawProps {
  readonly record: string;
  readonly incident: IncidentRow;
}

/** The audit record, indented if it is JSON. */
export function RawRecord({ record, incident }: RawProps): VNode {
  const [isOpen, setOpen] = useState(false);
  const text = useMemo(() => (isOpen ? laidOut(record) : ""), [record, isOpen]);
  return (
    <section class="block" aria-labelledby="record-title">
      <h3 id="record-title">Audit record</h3>
      {incident["Truncated"] === true && <p class="soft">The record was cut to fit the limits of the services.</p>}
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>The record as Entra wrote it</summary>
        <div class="code">
          <CopyButton text={record} label="Copy" />
          <pre tabIndex={0} aria-label="Audit record">
            <Inert text={text} lines />
          </pre>
        </div>
      </details>
    </section>
  );
}

function laidOut(record: string): string {
  try {
    return laidOutJson(parseExactJson(record));
  } catch {
    return record; // cut to fit
  }
}
