import { expect, test } from "vitest";
import { type DashboardAccess, identify } from "../../../src/core/triage/dashboard-access.ts";

const CLIENT = "dddddddd-1111-4222-8333-444444444444";
const ENTRA: DashboardAccess = { kind: "entra", clientId: CLIENT };
const LOCAL: DashboardAccess = { kind: "local", user: "local user" };
const CLAIMS = { preferred_username: "noor.haddad@fabrikam.example", oid: "5a6b", aud: CLIENT };

function principal(claims: Readonly<Record<string, string>>): string {
  const list = Object.entries(claims).map(([typ, val]) => ({ typ, val }));
  return Buffer.from(JSON.stringify({ auth_typ: "aad", claims: list })).toString("base64");
}

function from(header: string | undefined, url = "https://app.example/api/incidents") {
  return { url, header: (name: string) => (name === "x-ms-client-principal" ? header : undefined) };
}

test("a person that is signed in is known by the claims", () => {
  const longNames = {
    name: "Noor Haddad",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "noor.haddad@fabrikam.example",
    "http://schemas.microsoft.com/identity/claims/objectidentifier": "5a6b",
  };
  const noor = { analyst: { name: "noor.haddad@fabrikam.example", id: "5a6b", kind: "entra" } };
  expect(identify(ENTRA, from(principal(CLAIMS)))).toEqual(noor);
  expect(identify(ENTRA, from(principal(longNames)))).toEqual(noor);
  expect(identify(ENTRA, from(principal({ ...CLAIMS, aud: `api://${CLIENT}` })))).toEqual(noor);
});

test.each([
  { why: "page and API are off", access: { kind: "off" }, sender: from(principal(CLAIMS)), status: 404 },
  { why: "nobody is signed in", access: ENTRA, sender: from(undefined), status: 401 },
  { why: "the header is no JSON", access: ENTRA, sender: from("aGFsbG8="), status: 401 },
  {
    why: "the header has another form",
    access: ENTRA,
    sender: from(Buffer.from("{}").toString("base64")),
    status: 401,
  },
  {
    why: "the sign-in is for another application",
    access: ENTRA,
    sender: from(principal({ ...CLAIMS, aud: "x" })),
    status: 403,
  },
  { why: "the sign-in names nobody", access: ENTRA, sender: from(principal({ aud: CLIENT, name: " " })), status: 403 },
  {
    why: "a page elsewhere points its name here",
    access: LOCAL,
    sender: from(undefined, "http://evil.example:7071/api/me"),
    status: 403,
  },
] satisfies { why: string; access: DashboardAccess; sender: ReturnType<typeof from>; status: number }[])(
  "$why: $status",
  ({ access, sender, status }) => {
    expect(identify(access, sender)).toMatchObject({ status });
  },
);

test.each(["http://127.0.0.1:7071/api/me", "http://localhost:7071/api/me", "http://[::1]:7071/api/me"])(
  "in a local run, %s is the local user, whatever a header says",
  (url) => {
    const known = { analyst: { name: "local user", id: "", kind: "local" } };
    expect(identify(LOCAL, from(principal(CLAIMS), url))).toEqual(known);
  },
);
