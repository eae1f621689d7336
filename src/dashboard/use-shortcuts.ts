import { useEffect, useRef } from "preact/hooks";
import { type ChangeView, NARROW, type View } from "./list/view.ts";

interface Shortcuts {
  readonly view: View;
  readonly change: ChangeView;
  refresh(): void;
  close(): void;
  help(): void;
}

/** Keys that work everywhere except in a field or a dialog. `?` shows them. */
export const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ["j  ↓", "next incident"],
  ["k  ↑", "previous incident"],
  ["Enter", "open the incident"],
  ["→  ←", "unfold or fold a burst"],
  ["x", "select the incident; with Shift, all from the last selected one on"],
  ["a", "select all that are shown"],
  ["Esc", "back to the list"],
  ["/", "search"],
  ["t", "take the incident: it becomes active, and you its owner"],
  ["c", "close or reopen it"],
  ["m", "comment on it"],
  ["r", "refresh now"],
  ["?", "these keys"],
];

const ACTIONS: Readonly<Record<string, string>> = { t: "take", c: "close", m: "comment" };

/** Where keys are text. */
const FIELD = "input:not([type=checkbox]), textarea, select";

export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof HTMLElement ? event.target : document.body;
      if (target.closest("dialog") !== null) return;
      if (event.key === "Escape") return onEscape(target, latest.current);
      if (target.closest(FIELD) !== null) return;
      if (handle(event.key, latest.current, target)) event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

function onEscape(target: HTMLElement, { view, close }: Shortcuts): void {
  if (target.closest(FIELD) !== null) target.blur();
  else if (view.incident !== "") close();
}

/** @returns whether the key did something */
function handle(key: string, shortcuts: Shortcuts, target: HTMLElement): boolean {
  const { change, view, refresh, help } = shortcuts;
  // Outside the list, arrow keys keep their usual meaning.
  const inList = target === document.body || target.closest("#incidents") !== null;
  if (key === "j" || (key === "ArrowDown" && inList)) return step(view, change, 1);
  if (key === "k" || (key === "ArrowUp" && inList)) return step(view, change, -1);
  const row = target.closest(".row");
  if (key === "Enter" && inList && (row === null || row.id === rowId(view.incident))) return focus("#incident-title");
  const at = row ?? document.querySelector("#incidents .row.is-open");
  if (key === "ArrowRight" && inList) return click(at?.querySelector(".fold[aria-expanded=false]"));
  if (key === "ArrowLeft" && inList) return click(at?.querySelector(".fold[aria-expanded=true]"));
  if (key.toLowerCase() === "x") return click(at?.querySelector(".row-box"), { shiftKey: key === "X" });
  if (key === "a") return click(document.querySelector("#select-all"));
  if (key === "/") return focus("#search");
  if (key === "?") help();
  else if (key === "r") refresh();
  else if (ACTIONS[key] !== undefined) return click(document.querySelector(`[data-action="${ACTIONS[key]}"]`));
  else return false;
  return true;
}

/** Opens the next row, and focuses it where list and incident stand beside each other. */
function step({ incident }: View, change: ChangeView, by: 1 | -1): boolean {
  const ids = [...document.querySelectorAll("#incidents .row")].map(({ id }) => id);
  const at = ids.indexOf(rowId(incident));
  const next = ids[at < 0 ? 0 : Math.min(Math.max(at + by, 0), ids.length - 1)];
  if (next === undefined) return false;
  change({ incident: next.slice(rowId("").length) });
  if (!matchMedia(NARROW).matches) focusRow(next);
  return true;
}

function rowId(incident: string): string {
  return `i-${incident}`;
}

/** Focuses the link of a row or, if the list does not show it, the list. */
export function focusRow(id: string): void {
  if (!focus(`#${id} .row-role`)) focus("#incidents");
}

function focus(selector: string): boolean {
  const element = document.querySelector<HTMLElement>(selector);
  element?.focus();
  return element !== null;
}

function click(element: Element | null | undefined, keys: { readonly shiftKey?: boolean } = {}): boolean {
  element?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ...keys }));
  return element !== null && element !== undefined;
}
