import { assert, constantFrom, property, shuffledSubarray } from "fast-check";
import { describe, expect, test } from "vitest";
import { type DashboardAccess, identify } from "../../../src/core/triage/dashboard-access.ts";

const CLIENT = "dddddddd-1111-4222-8333-444444444444";
const TENANT = "aaaaaaaa-1111-4222-8333-444444444444";
const PERSON = "5a6b0000-1111-4222-8333-444444444444";
const ENTRA: DashboardAccess = { kind: "entra", clientId: CLIENT };
const LOCAL: DashboardAccess = { kind: "local", user: "local user" };
const UPN = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
const EMAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
const SUBJECT = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
const OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier";
const SCOPE = "http://schemas.microsoft.com/identity/claims/scope";
const TENANT_ID = "http://schemas.microsoft.com/identity/claims/tenantid";

type Claims = Readonly<Record<string, string | readonly string[]>>;

/** Claims of a sign-in in the browser, named as the platform names them. */
const ID_TOKEN: Claims = {
  aud: CLIENT,
  iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
  iat: "1795000000",
  nbf: "1795000000",
  exp: "1795003900",
  c_hash: "x",
  name: "Noor Haddad",
  nonce: "y",
  [OBJECT_ID]: PERSON,
  preferred_username: "noor.haddad@fabrikam.example",
  [SUBJECT]: "z",
  [TENANT_ID]: TENANT,
  ver: "2.0",
};
const { c_hash: _hash, nonce: _nonce, ...ofAccessTokens } = ID_TOKEN;
/** Of a client that asks in the name of a person. */
const USER_TOKEN: Claims = { ...ofAccessTokens, azp: "c1", azpacr: "1", [SCOPE]: "user_impersonation" };
/** Of a client that asks in its own name: no person, and no scope. */
const APP_TOKEN: Claims = {
  aud: CLIENT,
  iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
  azp: "c1",
  azpacr: "1",
  [OBJECT_ID]: PERSON,
  [SUBJECT]: PERSON,
  [TENANT_ID]: TENANT,
  ver: "2.0",
};

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function principal(claims: Claims, more: object = {}): string {
  const list = Object.entries(claims).flatMap(([typ, values]) => [values].flat().map((val) => ({ typ, val })));
  const role_typ = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";
  return base64(JSON.stringify({ auth_typ: "aad", claims: list, name_typ: EMAIL, role_typ, ...more }));
}

function from(header: string | undefined, url = "https://app.example/api/incidents") {
  return { url, header: (name: string) => (name === "x-ms-client-principal" ? header : undefined) };
}

const asked = (claims: Claims, more: object = {}) => identify(ENTRA, from(principal(claims, more)));
const without = (name: string, claims: Claims = ID_TOKEN): Claims =>
  Object.fromEntries(Object.entries(claims).filter(([type]) => type !== name));

describe("a person who has signed in is an analyst", () => {
  const noor = { analyst: { name: "noor.haddad@fabrikam.example", id: PERSON, kind: "entra" } };

  test.each<{ why: string; claims: Claims }>([
    { why: "in the browser", claims: ID_TOKEN },
    { why: "with roles, as one of them or several", claims: { ...ID_TOKEN, roles: ["Reader", "Writer"] } },
    { why: "with the application's URI", claims: { ...ID_TOKEN, aud: `api://${CLIENT}` } },
    { why: "with the application's id in capitals", claims: { ...ID_TOKEN, aud: CLIENT.toUpperCase() } },
    { why: "through a client", claims: USER_TOKEN },
    {
      why: "through a client that is told whose token it is",
      claims: { ...USER_TOKEN, idtyp: "user", roles: "Reader" },
    },
    {
      why: "through a client, with a token of the first version",
      claims: { ...without("azp", without(SCOPE, USER_TOKEN)), appid: "c1", appidacr: "1", scp: "x", ver: "1.0" },
    },
    {
      why: "as a guest",
      claims: { ...ID_TOKEN, "http://schemas.microsoft.com/identity/claims/identityprovider": "x" },
    },
    { why: "with the id by its short name, too", claims: { ...ID_TOKEN, oid: PERSON } },
  ])("$why", ({ claims }) => {
    expect(asked(claims)).toEqual(noor);
  });

  test.each([
    { claims: { ...without("preferred_username"), [UPN]: "upn" }, name: "upn" },
    { claims: { ...without("preferred_username"), upn: "short upn" }, name: "short upn" },
    { claims: { ...without("preferred_username"), [EMAIL]: "email" }, name: "email" },
    { claims: without("preferred_username"), name: "Noor Haddad" },
    { claims: { ...ID_TOKEN, preferred_username: " ", [UPN]: " upn " }, name: "upn" },
    { claims: { ...ID_TOKEN, preferred_username: "n".repeat(201) }, name: "n".repeat(200) },
  ])("under the best name that the token has: $name", ({ claims, name }) => {
    expect(asked(claims)).toEqual({ analyst: { name, id: PERSON, kind: "entra" } });
  });
});

const OTHER = "eeeeeeee-1111-4222-8333-444444444444";
const AUDIENCE = "the sign-in is for another application";
const APPLICATION = "the token is an application's own: a person must sign in";
const NOBODY = "the sign-in does not name one person";

describe("nobody else is", () => {
  test.each<{ why: string; claims: Claims; detail: string }>([
    { why: "no audience", claims: without("aud"), detail: AUDIENCE },
    { why: "an empty audience", claims: { ...ID_TOKEN, aud: " " }, detail: AUDIENCE },
    { why: "another application", claims: { ...ID_TOKEN, aud: OTHER }, detail: AUDIENCE },
    { why: "another application's URI", claims: { ...ID_TOKEN, aud: `api://${OTHER}` }, detail: AUDIENCE },
    { why: "a URI that begins with ours", claims: { ...ID_TOKEN, aud: `api://${CLIENT}/x` }, detail: AUDIENCE },
    { why: "two audiences", claims: { ...ID_TOKEN, aud: [CLIENT, OTHER] }, detail: AUDIENCE },
    { why: "two audiences, ours last", claims: { ...ID_TOKEN, aud: [OTHER, CLIENT] }, detail: AUDIENCE },
    { why: "an application's token", claims: APP_TOKEN, detail: APPLICATION },
    { why: "an application's token with roles", claims: { ...APP_TOKEN, roles: "Reader" }, detail: APPLICATION },
    { why: "an application's token that says so", claims: { ...APP_TOKEN, idtyp: "app" }, detail: APPLICATION },
    { why: "a token that says so and nothing else", claims: { ...ID_TOKEN, idtyp: "App" }, detail: APPLICATION },
    { why: "a token of a device", claims: { ...ID_TOKEN, idtyp: "device" }, detail: APPLICATION },
    { why: "a token of two kinds", claims: { ...USER_TOKEN, idtyp: ["user", "app"] }, detail: APPLICATION },
    {
      why: "an application's token of the first version",
      claims: { ...without("azp", APP_TOKEN), appid: "c1", appidacr: "2", ver: "1.0" },
      detail: APPLICATION,
    },
    {
      why: "an application's token with a name made up for it",
      claims: { ...APP_TOKEN, name: "Noor Haddad", preferred_username: "noor.haddad@fabrikam.example" },
      detail: APPLICATION,
    },
    { why: "a client's token with an empty scope", claims: { ...USER_TOKEN, [SCOPE]: " " }, detail: APPLICATION },
    { why: "an application's token without its client", claims: without("azp", APP_TOKEN), detail: NOBODY },
    { why: "no object id", claims: without(OBJECT_ID), detail: NOBODY },
    { why: "two object ids", claims: { ...ID_TOKEN, oid: OTHER }, detail: NOBODY },
    { why: "no name", claims: without("preferred_username", without("name")), detail: NOBODY },
    { why: "nothing but the audience", claims: { aud: CLIENT }, detail: NOBODY },
  ])("$why: 403", ({ claims, detail }) => {
    expect(asked(claims)).toEqual({ status: 403, detail });
  });

  test.each(["google", "facebook", "", "my-openid"])("somebody signed in by %j: 403", (auth_typ) => {
    expect(asked(ID_TOKEN, { auth_typ })).toEqual({ status: 403, detail: "the sign-in is not by Microsoft Entra ID" });
  });

  test.each<{ why: string; header: string | undefined }>([
    { why: "no header", header: undefined },
    { why: "an empty header", header: "" },
    { why: "no base64", header: "{}" },
    { why: "no JSON", header: base64("hallo") },
    { why: "half of the JSON", header: principal(ID_TOKEN).slice(0, 100) },
    { why: "no bytes of UTF-8", header: Buffer.from([0xff, 0xfe]).toString("base64") },
    { why: "two headers", header: `${principal(ID_TOKEN)}, ${principal(ID_TOKEN)}` },
    { why: "the claims as JSON", header: JSON.stringify({ auth_typ: "aad", claims: [] }) },
    { why: "null", header: base64("null") },
    { why: "a list", header: base64("[]") },
    { why: "no claims", header: base64('{"auth_typ":"aad"}') },
    { why: "no provider", header: principal(ID_TOKEN, { auth_typ: undefined }) },
    { why: "claims that are no list", header: principal({}, { claims: { aud: CLIENT } }) },
    { why: "claims that are no objects", header: principal({}, { claims: [null, "aud"] }) },
    { why: "a claim without a value", header: principal({}, { claims: [{ typ: "aud" }] }) },
    { why: "a claim with a list of values", header: principal({}, { claims: [{ typ: "aud", val: [CLIENT] }] }) },
    {
      why: "the form of Static Web Apps",
      header: base64(JSON.stringify({ identityProvider: "aad", userId: PERSON, userRoles: ["authenticated"] })),
    },
  ])("$why: 401", ({ header }) => {
    expect(identify(ENTRA, from(header))).toEqual({ status: 401, detail: "sign in first" });
  });

  test("whatever claims are left out, in whatever order: an application's token is never an analyst's", () => {
    const claims = Object.entries(APP_TOKEN);
    const more = { roles: "Reader", appid: "c1", idtyp: "app", name: "x", app_displayname: "x", [EMAIL]: "x" };
    assert(
      property(
        shuffledSubarray([...claims, ...Object.entries(more)]),
        constantFrom("azp", "appid", "idtyp"),
        (some, mark) => {
          const chosen = new Map([...some, [mark, mark === "idtyp" ? "app" : "c1"]]);
          expect(asked(Object.fromEntries(chosen))).toMatchObject({ status: 403 });
        },
      ),
    );
  });

  test("page and API are off: 404, whoever asks", () => {
    expect(identify({ kind: "off" }, from(principal(ID_TOKEN)))).toMatchObject({ status: 404 });
  });
});

describe("in a local run", () => {
  test.each(["http://127.0.0.1:7071/api/me", "http://localhost:7071/api/me", "http://[::1]:7071/api/me"])(
    "%s is the local user, whatever a header says",
    (url) => {
      const known = { analyst: { name: "local user", id: "", kind: "local" } };
      expect(identify(LOCAL, from(principal(ID_TOKEN), url))).toEqual(known);
      expect(identify(LOCAL, from("{}", url))).toEqual(known);
    },
  );

  test("a page elsewhere that points its name here is nobody", () => {
    expect(identify(LOCAL, from(undefined, "http://evil.example:7071/api/me"))).toMatchObject({ status: 403 });
  });
});
