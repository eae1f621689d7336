import type { Finding } from "./finding.ts";
import { SETTINGS } from "./settings.ts";

/**
 * MFA and an authentication context exclude each other on a role: switching one on switches the other off in the same save.
 * Both directions are a replacement, not a weakening.
 *
 * This does not apply if the save contradicts itself about one of them. Nor if the replacement appears only after a list of
 * approvers: it may be part of a name that an attacker chose for that purpose.
 *
 * @see https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-how-to-change-default-settings
 */
export function neutralizeMfaReplacement(findings: readonly Finding[]): Finding[] {
  const mfa = stateOf(findings, SETTINGS.mfaOnActivation.name);
  const context = stateOf(findings, SETTINGS.authenticationContext.name);
  if (mfa === "off" && context === "on") {
    return findings.map((finding) =>
      replaced(
        finding,
        "An authentication context replaces MFA: check that an enabled Conditional Access policy requires MFA for it.",
      ),
    );
  }
  if (mfa === "on" && context === "off") {
    return findings.map((finding) => replaced(finding, "MFA replaces the authentication context."));
  }
  return [...findings];
}

function replaced(finding: Finding, reason: string): Finding {
  const concerned = [SETTINGS.mfaOnActivation.name, SETTINGS.authenticationContext.name];
  return concerned.some((name) => name === finding.settingName) ? { ...finding, effect: "neutral", reason } : finding;
}

function stateOf(findings: readonly Finding[], settingName: string): "on" | "off" | "unclear" {
  const firstNames = findings.findIndex(
    ({ setting, newValue }) => setting === SETTINGS.approval.rule && !SWITCHED.test(newValue),
  );
  const states = new Set(
    findings.flatMap((finding, index) => {
      if (finding.settingName !== settingName) return [];
      if (finding.newValue === "disabled") return ["off"];
      return firstNames >= 0 && index > firstNames ? ["unclear"] : ["on"];
    }),
  );
  if (states.size !== 1) return "unclear";
  return states.has("on") ? "on" : states.has("off") ? "off" : "unclear";
}

const SWITCHED = /^(?:enabled|disabled)$/;
