import { KNOWN_ROLES } from "../roles.ts";

/** Stand-ins for the values of one record. */
export interface StandIns {
  /** For a whole value: an id, an address, a user principal name or a plain name, by its form. */
  of(value: string): string;
  /** For the parts of a text that look like an id, an address or a name from elsewhere in the record. */
  scrub(text: string): string;
  /** For a resource path, segment by segment. */
  path(path: string): string;
}

const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const MAIL = /[^\s@,;:"'<>()]{1,128}@[^\s@,;:"'<>()]{1,200}[\p{L}\p{N}]/gu;
const IPV4 = /(?<![\d.:])(?:\d{1,3}\.){3}\d{1,3}(?![\d.:])/g;
const IPV6 = /(?<![\w:])(?:[0-9a-f]{0,4}:){3,8}[0-9a-f]{0,4}(?![\w:])/gi;
const LONG_NUMBER = /\d{6,}/g;
const PATH_WORDS =
  /^(?:tenants|subscriptions|resourcegroups|providers|managementgroups|roledefinitions|roleassignments|microsoft\.\w+)?$/i;
/** Ids that are the same in all tenants. */
const PUBLIC_IDS: ReadonlySet<string> = new Set(KNOWN_ROLES.map(({ templateId }) => templateId));

/** @param names display names in the record, to be found inside its sentences */
export function standIns(names: readonly string[]): StandIns {
  const numbers = new Map<string, number>();
  // Numbers are assigned in order of appearance, so the same record always gives the same copy.
  const numberOf = (value: string): number => {
    const known = numbers.get(value.toLowerCase());
    if (known !== undefined) return known;
    numbers.set(value.toLowerCase(), numbers.size + 1);
    return numbers.size;
  };
  const guid = (value: string): string =>
    PUBLIC_IDS.has(value.toLowerCase())
      ? value
      : `00000000-0000-4000-8000-${String(numberOf(value)).padStart(12, "0")}`;
  const byLength = [...new Set(names)].sort((a, b) => b.length - a.length);

  const patterns = (text: string): string =>
    text
      .replaceAll(GUID, guid)
      .replaceAll(MAIL, (mail) => `user${numberOf(mail)}@fabrikam.example`)
      .replaceAll(IPV4, () => "192.0.2.1")
      .replaceAll(IPV6, () => "2001:db8::1");

  const scrub = (text: string): string =>
    patterns(byLength.reduce((result, name) => result.replaceAll(name, `name${numberOf(name)}`), text));

  return {
    scrub,
    of(value) {
      const scrubbed = patterns(value);
      const wholly = [GUID, MAIL, IPV4, IPV6].some((form) =>
        new RegExp(`^(?:${form.source})$`, form.flags).test(value),
      );
      if (wholly) return scrubbed;
      // `PIM_<guid>_<guid>_<ticks>`: the form of an id is useful, its digits are not.
      const form = scrubbed.replaceAll(GUID, "").replaceAll(LONG_NUMBER, "");
      if (/^(?:PIM|Directory)?_*$/.test(form))
        return scrubbed.replaceAll(LONG_NUMBER, (digits) => "0".repeat(digits.length));
      if (scrubbed !== value && /^[\s,;]*$/.test(form)) return scrubbed;
      return `name${numberOf(value)}`;
    },
    path: (path) =>
      path
        .split("/")
        .map((segment) =>
          PATH_WORDS.test(segment)
            ? segment
            : patterns(segment) === segment
              ? `name${numberOf(segment)}`
              : patterns(segment),
        )
        .join("/"),
  };
}
