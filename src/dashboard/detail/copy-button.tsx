import type { VNode } from "preact";
import { COPIED_SHOWN_MS } from "../../core/timing.ts";

interface CopyProps {
  readonly text: string;
  readonly label: string;
  /** What it copies, where several buttons have one label. */
  readonly what?: string;
}

/** Copies a text, and shows that on the button for a moment. */
export function CopyButton({ text, label, what }: CopyProps): VNode {
  return (
    <button
      type="button"
      class="quiet copy"
      aria-label={what === undefined ? undefined : `${label}: ${what}`}
      onClick={({ currentTarget }) => {
        navigator.clipboard.writeText(text).then(
          () => say(currentTarget, "Copied", label),
          () => say(currentTarget, "The browser did not allow it", label),
        );
      }}
    >
      {label}
    </button>
  );
}

function say(button: HTMLButtonElement, words: string, label: string): void {
  button.textContent = words;
  setTimeout(() => (button.textContent = label), COPIED_SHOWN_MS);
}
