import { chance, type Chance } from "../local/samples/chance.ts";
import { NEAR_MISS_KINDS, nearMissRecord, ordinaryAuditRecord } from "../local/samples/other-audit-events.ts";
import { otherCategoryRecord } from "../local/samples/sign-ins.ts";
import { settingsChangeRecord } from "../local/samples/settings-change-record.ts";
import { SETTINGS_CHANGES } from "../local/samples/settings-changes.ts";
import type { RoleName } from "../local/samples/tenant.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Draws records as exports write them, with the given shares (0 to 1) of sign-ins and of matches. */
export function recordSource(seed: string, { signIns, matches }: { signIns: number; matches: number }) {
  const draw = chance(seed);
  const start = Date.UTC(2026, 0, 5);
  let count = 0;
  return (): JsonObject => {
    count += 1;
    const time = new Date(start + count * 40);
    if (draw.between(1, 1_000_000) <= matches * 1_000_000) return match(time, draw);
    if (draw.between(1, 1_000_000) <= signIns * 1_000_000) return signIn(time, draw);
    return draw.between(0, 49) === 0
      ? nearMissRecord(draw.between(0, NEAR_MISS_KINDS - 1), time, draw)
      : ordinaryAuditRecord(time, draw);
  };
}

const ROLES: readonly RoleName[] = ["Global Administrator", "Security Administrator", "User Administrator"];
const MATCHING = SETTINGS_CHANGES.filter(({ matches, record }) => matches && record === undefined);

function match(time: Date, draw: Chance): JsonObject {
  const record = settingsChangeRecord(draw.pick(MATCHING), draw.pick(ROLES), time, draw);
  return { ...record, properties: { ...record.properties, id: `PIM_${draw.guid()}` } };
}

const SCOPES = "openid profile email RoleManagement.Read.Directory User.Read.All AuditLog.Read.All Directory.Read.All";

/** A sign-in of realistic size, with its applied policies: names contain `\\u0026`, scopes contain RoleManagement. */
function signIn(time: Date, draw: Chance): JsonObject {
  const record = otherCategoryRecord(time, draw);
  const policies = Array.from({ length: draw.between(4, 16) }, (_, index) => ({
    id: draw.guid(),
    displayName:
      index === 3 ? String.raw`CA07 - Admins \u0026 Operators: require MFA` : `CA${index} - Require MFA for roles`,
    enforcedGrantControls: ["Mfa"],
    enforcedSessionControls: [],
    result: draw.pick(["notApplied", "success", "notEnabled"]),
    conditionsSatisfied: 1,
    conditionsNotSatisfied: 2,
  }));
  return {
    ...record,
    properties: {
      ...record.properties,
      userAgent:
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0 Safari/537.36",
      oauthScopeInfo: SCOPES,
      appliedConditionalAccessPolicies: policies,
      authenticationProcessingDetails: [
        { key: "Login Hint Present", value: "True" },
        { key: "Oauth Scope Info", value: JSON.stringify(SCOPES.split(" ")) },
        { key: "Is CAE Token", value: "False" },
      ],
      deviceDetail: {
        deviceId: draw.guid(),
        operatingSystem: "Windows10",
        browser: "Edge 143.0",
        trustType: "Hybrid Azure AD joined",
      },
      location: {
        city: "Ghent",
        state: "Oost-Vlaanderen",
        countryOrRegion: "BE",
        geoCoordinates: { latitude: 51.05, longitude: 3.71 },
      },
      uniqueTokenIdentifier: draw.guid(),
    },
  };
}
