import { type Needle, WORD } from "./written-literal.ts";

/** What exports are full of: keys, and the words of their values. */
const COMMON = `
  time resourceId tenants providers Microsoft.aadiam operationName operationVersion category AuditLogs SignInLogs
  NonInteractiveUserSignInLogs ServicePrincipalSignInLogs tenantId resultType resultSignature resultDescription
  durationMs callerIpAddress correlationId identity Level location properties id activityDisplayName
  activityDateTime loggedByService operationType userAgent initiatedBy targetResources modifiedProperties
  displayName oldValue newValue additionalDetails key value resultReason userPrincipalName userDisplayName roles
  appDisplayName application servicePrincipal createdDateTime conditionalAccessStatus appliedConditionalAccessPolicies
  enforcedGrantControls enforcedSessionControls conditionsSatisfied authenticationProcessingDetails deviceDetail
  operatingSystem browser riskDetail status errorCode resourceDisplayName clientAppUsed isInteractive true false null
  success failure notApplied Azure Active Directory Core Directory User Group Role Policy Device Update Add Delete
  Windows Mozilla AppleWebKit Require for all users settings group member assignment role access version
`;
const FREQUENT = " etaoinsrlcdupmg";

const TEXT = COMMON.replaceAll(/\s+/g, " ").toLowerCase();

/** Every four characters of what exports are full of, in lower case. */
export function commonWords(): readonly string[] {
  return [...new Set(Array.from({ length: TEXT.length - WORD + 1 }, (_, at) => TEXT.slice(at, at + WORD)))];
}

/** Where the run of `length` words, one at each character, begins that other texts hold least often. */
export function rarestRun({ codes }: Needle, length: number): number {
  const text = String.fromCharCode(...codes).toLowerCase();
  const weights = Array.from({ length: text.length - WORD + 1 }, (_, at) => {
    const word = text.slice(at, at + WORD);
    const frequent = Array.from(word).filter((letter) => FREQUENT.includes(letter)).length;
    return 2 ** frequent + 200 * (TEXT.split(word).length - 1);
  });
  const weightOf = (from: number) => weights.slice(from, from + length).reduce((sum, weight) => sum + weight, 0);
  const starts = Array.from({ length: weights.length - length + 1 }, (_, from) => from);
  return starts.reduce((best, from) => (weightOf(from) < weightOf(best) ? from : best), 0);
}
