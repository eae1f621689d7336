import { priorityTable } from "../src/core/pim-settings/priority.ts";

/** The content of `docs/priority.md`; the table comes from the code. */
export function priorityPage(): string {
  return `# Priority

\`Severity\` is the rule's. \`Priority\` is pimwatch's: P1 to P4, from what a PIM settings change does, to which role, by
whom, and whether it succeeded. A change that \`expected-changes.yaml\` names is one step lower, but never for tier 0,
which is Global Administrator and Privileged Role Administrator: Microsoft's guide asks to look at every change of those.

${priorityTable().trim()}

The column \`RoleTier\` says \`critical\` for tier 0 and \`controlPlane\` for the control plane. Control plane roles are those with
Microsoft's label PRIVILEGED (\`src/core/entra-lists/privileged-roles.json\`; \`npm run lists\` compares it with Microsoft's page), those
on CISA's list of highly privileged roles, and three with a known path to Global Administrator
(\`src/core/pim-settings/roles.ts\`). The template id decides before the name; case does not matter.

An incident of another activity has no assessment: its priority is P2, P3 or P4 for the severities High, Medium and Low. If its
rule has severity Medium, the rule's query has a column \`Effect\` that says \`weakens\`, and the activity did not fail, it is P2: a
Conditional Access policy that was switched off, for example. P1 and P2 page, unless the change was expected
([deploy.md](deploy.md#who-gets-the-alerts)).
`;
}
