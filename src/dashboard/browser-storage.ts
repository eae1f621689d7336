/*
 * What a person keeps in this browser. A browser may refuse to store anything, and then throws even when it is asked to
 * read; the page must work without.
 */

/** The stored text; undefined if there is none or the browser stores nothing. */
export function stored(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch (error) {
    return refused(error);
  }
}

/** @returns whether the browser stored it */
export function store(key: string, text: string): boolean {
  try {
    localStorage.setItem(key, text);
    return true;
  } catch (error) {
    return refused(error) ?? false;
  }
}

/** Blocked (SecurityError) or full (QuotaExceededError). Anything else is a mistake of ours. */
function refused(error: unknown): undefined {
  if (error instanceof DOMException) return undefined;
  throw error;
}
