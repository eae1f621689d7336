import * as z from "zod/mini";
import { type HttpAnswer, invalid, json, problem } from "../../core/triage/http-answer.ts";
import { givenParameters, problemsOf } from "../../core/triage/incident-query.ts";
import { readProof, type SilenceDependencies, statementsOf } from "./silence.ts";

/** The parameters of `GET /api/silence`. Ids are compared without regard to case. */
export const SILENCE_PARAMETERS = z.strictObject({
  rule: z
    .string({ error: "give the id of a rule; /api/pipeline lists them in silence.rules" })
    .check(z.describe("id of a rule that runs; `/api/pipeline` lists them in `silence.rules`")),
  tenant: z.optional(z.string().check(z.describe("id of one tenant; without it, all"))),
});

/** Says what is proven of one rule, in each tenant or in one. */
export async function silence(
  { url }: { readonly url: string },
  deps: SilenceDependencies,
): Promise<HttpAnswer<200 | 400 | 404>> {
  const given = givenParameters(new URL(url).searchParams);
  if ("problems" in given) return invalid(given);
  const asked = SILENCE_PARAMETERS.safeParse(Object.fromEntries(given));
  if (!asked.success) return invalid({ problems: problemsOf(asked.error) });
  const [ruleId, tenant] = [asked.data.rule.toLowerCase(), asked.data.tenant?.toLowerCase()];
  const proof = await readProof(deps);
  const rule = proof.rules.find(({ id }) => id === ruleId);
  if (rule === undefined) return problem(404, "no rule with this id runs");
  if (tenant !== undefined && !proof.tenants.some(({ id }) => id === tenant))
    return problem(404, "ALLOWED_TENANT_IDS does not name this tenant");
  return json(200, { statements: await statementsOf(proof, rule, { tenant, incidents: deps.incidents }) });
}
