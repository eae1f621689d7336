import type { VNode } from "preact";
import { Inert } from "./inert.tsx";

/** Hosts that this page may link to: the portals, and the sites of guides and baselines. */
const HOSTS: ReadonlySet<string> = new Set([
  "attack.mitre.org",
  "entra.microsoft.com",
  "entra.microsoft.us",
  "github.com",
  "learn.microsoft.com",
  "portal.azure.cn",
  "portal.azure.com",
  "portal.azure.us",
  "security.microsoft.com",
  "security.microsoft.us",
  "www.cisecurity.org",
]);

/** A link, if its host is one of these; otherwise plain text. */
export function SafeLink({ href, text }: { readonly href: string; readonly text: string }): VNode {
  if (!URL.canParse(href)) return <Inert text={text} />;
  const url = new URL(href);
  if (url.protocol !== "https:" || !HOSTS.has(url.host)) return <Inert text={text} />;
  return (
    <a class="reference" href={url.href} target="_blank" rel="noreferrer noopener">
      <Inert text={text} />
    </a>
  );
}
