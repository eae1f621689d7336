import { ordinalUpper } from "../kql/run/ordinal-text.ts";

/**
 * A spelling of a user principal name, an object id or a name that all spellings of it share: without surrounding blanks,
 * and with case as KQL's `=~` ignores it. So pimwatch and the rules agree on which two spellings are one person. Entra
 * ignores case too: a principal name has ASCII letters only, and in another script no letter becomes an ASCII one.
 *
 * ASCII letters are in lower case, as Entra usually writes them, because `BurstId` holds a hash of this key: stored
 * incidents keep their bursts.
 *
 * @see https://learn.microsoft.com/entra/identity/hybrid/connect/plan-connect-userprincipalname
 */
export function identityKey(text: string): string {
  return ordinalUpper(text.trim()).replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Tells whether a text is one of the given ones. A blank text is no identity and equals nothing. */
export function isOneOf(texts: readonly string[]): (text: string) => boolean {
  const keys = new Set(texts.map(identityKey).filter((key) => key !== ""));
  return (text) => keys.has(identityKey(text));
}
