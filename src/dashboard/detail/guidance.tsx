import type { VNode } from "preact";
import type { Guide } from "../../core/incident/rule.ts";
import type { Investigation } from "../../core/triage/investigation.ts";
import { CopyButton } from "./copy-button.tsx";
import { Inert } from "./inert.tsx";
import { Markdown } from "./markdown.tsx";
import { SafeLink } from "./safe-link.tsx";

interface GuidanceProps {
  readonly guide: Guide | null;
  readonly investigation: Investigation;
}

/** The rule's guide, queries with this incident's values and, for settings of PIM, the requests that restore them. */
export function Guidance({ guide, investigation }: GuidanceProps): VNode {
  const { queries, graph, links } = investigation;
  return (
    <section class="block" aria-labelledby="guide-title">
      <h3 id="guide-title">What to do</h3>
      <ul class="portal-links">
        {links.map(({ label, href }) => (
          <li>
            <SafeLink href={href} text={label} />
          </li>
        ))}
      </ul>
      {guide !== null && (
        <>
          <h4>Triage</h4>
          <Markdown text={guide.triage} />
        </>
      )}
      {queries.length > 0 && <h4>Queries for Log Analytics</h4>}
      {queries.map(({ question, kql }) => (
        <Snippet title={question} text={kql} />
      ))}
      {guide !== null && (
        <>
          <h4>Response</h4>
          <Markdown text={guide.response} />
        </>
      )}
      {graph.length > 0 && <h4>Read and restore with Microsoft Graph</h4>}
      {graph.map(({ purpose, method, url, body }) => (
        <Snippet title={purpose} text={`${method} ${url}${body === "" ? "" : `\n\n${body}`}`} />
      ))}
      {guide !== null && (
        <>
          <details>
            <summary>When this is a false positive</summary>
            <Markdown text={guide.falsePositiveGuidance} />
          </details>
          <details>
            <summary>Hypothesis and technique</summary>
            <Markdown text={guide.huntingHypothesis} />
            <Markdown text={guide.mitreAttackContext} />
          </details>
          <details>
            <summary>References</summary>
            <Markdown text={guide.references} />
          </details>
        </>
      )}
    </section>
  );
}

function Snippet({ title, text }: { readonly title: string; readonly text: string }): VNode {
  return (
    <details class="snippet">
      <summary>
        <Inert text={title} />
      </summary>
      <div class="code">
        <CopyButton text={text} label="Copy" />
        <pre tabIndex={0} aria-label={title}>
          <Inert text={text} lines />
        </pre>
      </div>
    </details>
  );
}
