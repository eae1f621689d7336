/** Length of a burst's window: a roll-out by a script takes minutes. */
const WINDOW_MS = 3_600_000;
const FORM = /^\d{4}-\d\d-\d\dT\d\dZ-[0-9a-f]{16}$/;

/** Whether a text is the id of a burst: the hour, as `2026-11-22T23Z`, and who, as a part of a hash. */
export function isBurstId(text: string): boolean {
  return FORM.test(text) && !Number.isNaN(startOf(text));
}

/** When a burst was, so that its incidents need not be looked for at other times. */
export function burstWindow(id: string): { readonly from: Date; readonly to: Date } {
  return { from: new Date(startOf(id)), to: new Date(startOf(id) + WINDOW_MS) };
}

function startOf(id: string): number {
  return Date.parse(`${id.slice(0, 13)}:00:00Z`);
}
