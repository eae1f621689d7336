import { FILTER_NAMES, FILTERS, listedValues, OPEN_STATUSES } from "../src/core/triage/incident-filters.ts";

/** What `docs/filters.md` must hold: the table is the code's own. */
export function filtersPage(): string {
  const rows = FILTER_NAMES.map((name) => `| \`${name}\` | ${acceptedBy(name)} | ${FILTERS[name].help} |`);
  return `# Filters of the incident list

The page, the API and \`npx pimwatch incidents\` have the same filters. An incident is listed if it passes all of them.

| filter | value | selects by |
| --- | --- | --- |
${rows.join("\n")}

- Names and ids are compared without regard to case and surrounding blanks, as Entra and the rules' \`=~\` do. One person in three spellings
  is found with any of them. The list of an incident that was stored by a version before the filter knew ids has no ids: name its actor.
- API: parameters of \`/api/incidents\`, \`/api/incidents/summary\` and \`/api/incidents/export\`, such as
  \`?priority=P1,P2&effect=weakens\`. A parameter may be given once. An unknown parameter is an error. [api.md](api.md) has all of them.
- CLI: options, such as \`--priority P1,P2 --effect weakens\`.
- Page: drop-downs, tiles, timeline and search set them, or links in an incident; so does the page's address.
- The API lists every status. Page and CLI list ${OPEN_STATUSES.replace(",", " and ")} unless you ask for others.
`;
}

function acceptedBy(name: (typeof FILTER_NAMES)[number]): string {
  const values = listedValues(name);
  return values.length === 0 ? FILTERS[name].placeholder : `one or more of ${values.join(", ")}, comma-separated`;
}
