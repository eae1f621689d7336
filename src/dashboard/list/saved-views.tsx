import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { store, stored } from "../browser-storage.ts";
import { CopyButton } from "../detail/copy-button.tsx";
import { Inert } from "../detail/inert.tsx";
import { Dialog } from "../dialog.tsx";
import { addressOf, type ChangeView, readView, searchOf, type View } from "./view.ts";

interface SavedViewsProps {
  readonly view: View;
  readonly change: ChangeView;
  onClose(): void;
}

interface SavedView {
  readonly name: string;
  /** The part of the address behind the path. */
  readonly search: string;
}

const KEY = "pimwatch-views";
const MAX_NAME = 60;
const REFUSED = "This browser does not let the page store anything, so nothing was saved. Copy the link instead.";

/** Names the present view, and opens, deletes and shares views. They are kept in this browser; the address shares one. */
export function SavedViews({ view, change, onClose }: SavedViewsProps): VNode {
  const [views, setViews] = useState(readViews);
  const [name, setName] = useState("");
  const [said, setSaid] = useState("");
  const present = searchOf({ ...view, incident: "" });
  const keep = (kept: readonly SavedView[], words: string): void => {
    if (!store(KEY, JSON.stringify(kept))) return setSaid(REFUSED);
    setViews(kept);
    setSaid(words);
  };
  return (
    <Dialog title="Views" onClose={onClose}>
      {views.length === 0 && (
        <p>No view is saved in this browser yet. A view is the filters and the order of the list.</p>
      )}
      <ul class="views" aria-label="Saved views">
        {views.map((one) => (
          <li>
            <button
              type="button"
              aria-current={one.search === present}
              onClick={() => {
                change({ ...readView(one.search), incident: "" });
                onClose();
              }}
            >
              <Inert text={one.name} />
            </button>
            <CopyButton
              text={`${location.origin}${location.pathname}${one.search}`}
              label="Copy link"
              what={one.name}
            />
            <button
              type="button"
              class="quiet"
              aria-label={`Delete ${one.name}`}
              onClick={() =>
                keep(
                  views.filter((other) => other !== one),
                  `“${one.name}” is deleted.`,
                )
              }
            >
              Delete
            </button>
          </li>
        ))}
      </ul>
      <form
        class="views-form"
        onSubmit={(event) => {
          event.preventDefault();
          const named = { name: name.trim(), search: present };
          if (named.name === "") return;
          const others = views.filter((one) => one.name !== named.name);
          keep([...others, named], `“${named.name}” is saved in this browser.`);
          setName("");
        }}
      >
        <label>
          Name of the present view
          <input
            type="text"
            maxLength={MAX_NAME}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary" disabled={name.trim() === ""}>
          Save
        </button>
        <CopyButton text={`${location.origin}${addressOf({ ...view, incident: "" })}`} label="Copy link to this view" />
      </form>
      <p role="status">{said}</p>
    </Dialog>
  );
}

/** What another version of the page, or another page of this origin, may have stored is not trusted. */
function readViews(): readonly SavedView[] {
  try {
    const views: unknown = JSON.parse(stored(KEY) ?? "[]");
    return Array.isArray(views) ? views.filter(isSavedView) : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

function isSavedView(value: unknown): value is SavedView {
  if (typeof value !== "object" || value === null) return false;
  const { name, search }: { readonly name?: unknown; readonly search?: unknown } = value;
  return typeof name === "string" && typeof search === "string";
}
