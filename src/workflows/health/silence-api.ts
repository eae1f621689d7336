import { type DashboardAccess, identify, type Sender } from "../../core/triage/dashboard-access.ts";
import { type HttpAnswer, json, problem } from "../../core/triage/http-answer.ts";
import { readProof, type SilenceDependencies, statementsOf } from "./silence.ts";

/**
 * Answers `GET /api/silence?rule=ID&tenant=ID`: what is proven of one rule, in each tenant or in one.
 *
 * @param connect is not called for a request that is refused
 */
export async function silenceAnswer(
  sender: Sender,
  { access, connect }: { readonly access: DashboardAccess; readonly connect: () => Promise<SilenceDependencies> },
): Promise<HttpAnswer> {
  const identified = identify(access, sender);
  if ("status" in identified) return problem(identified.status, identified.detail);
  const parameters = new URL(sender.url).searchParams;
  const [ruleId, tenant] = ["rule", "tenant"].map((name) => parameters.get(name)?.toLowerCase());
  if (ruleId === undefined)
    return problem(400, "rule: give the id of a rule; /api/pipeline lists them in silence.rules");
  const deps = await connect();
  const proof = await readProof(deps);
  const rule = proof.rules.find(({ id }) => id === ruleId);
  if (rule === undefined) return problem(404, "no rule with this id runs");
  if (tenant !== undefined && !proof.tenants.some(({ id }) => id === tenant))
    return problem(404, "ALLOWED_TENANT_IDS does not name this tenant");
  return json(200, { statements: await statementsOf(proof, rule, { tenant, incidents: deps.incidents }) });
}
