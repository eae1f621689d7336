import type { VNode } from "preact";
import { Dialog } from "./dialog.tsx";
import { KEYS } from "./use-shortcuts.ts";

export function Help({ onClose }: { onClose(): void }): VNode {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([keys, does]) => (
          <div>
            <dt>
              {keys.split("  ").map((key) => (
                <kbd>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p class="soft">All times are UTC. The list refreshes itself every ten seconds.</p>
      <p class="soft">
        <a href={document.querySelector<HTMLLinkElement>("link[rel=license]")?.href ?? ""}>Licenses</a> of the software
        in this page
      </p>
    </Dialog>
  );
}
