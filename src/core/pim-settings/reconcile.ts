import type { Finding } from "./finding.ts";
import { SETTINGS } from "./settings.ts";

/**
 * MFA and an authentication context exclude each other on a role: switching one on switches the other off in
 * the same save. That is a replacement and no weakening, whichever way it goes.
 *
 * Not where the save says both of one of them: then it is not clear what is left. Nor where the replacement is
 * named behind a list of approvers only: it may be part of a name that somebody chose to that end.
 *
 * @see https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-how-to-change-default-settings
 */
export function reconcile(findings: readonly Finding[]): Finding[] {
  const mfa = stateOf(findings, SETTINGS.mfaOnActivation.name);
  const context = stateOf(findings, SETTINGS.authenticationContext.name);
  if (mfa === "off" && context === "on") {
    return findings.map((finding) =>
      replaced(
        finding,
        "An authentication context takes the place of MFA: check that a Conditional Access policy that is on requires MFA for it.",
      ),
    );
  }
  if (mfa === "on" && context === "off") {
    return findings.map((finding) => replaced(finding, "MFA takes the place of the authentication context."));
  }
  return [...findings];
}

function replaced(finding: Finding, reason: string): Finding {
  const concerned = [SETTINGS.mfaOnActivation.name, SETTINGS.authenticationContext.name];
  return concerned.some((name) => name === finding.settingName) ? { ...finding, effect: "neutral", reason } : finding;
}

function stateOf(findings: readonly Finding[], settingName: string): "on" | "off" | "untold" {
  const firstNames = findings.findIndex(
    ({ setting, newValue }) => setting === SETTINGS.approval.rule && !SWITCHED.test(newValue),
  );
  const states = new Set(
    findings.flatMap((finding, index) => {
      if (finding.settingName !== settingName) return [];
      if (finding.newValue === "disabled") return ["off"];
      return firstNames >= 0 && index > firstNames ? ["untold"] : ["on"];
    }),
  );
  if (states.size !== 1) return "untold";
  return states.has("on") ? "on" : states.has("off") ? "off" : "untold";
}

const SWITCHED = /^(?:enabled|disabled)$/;
