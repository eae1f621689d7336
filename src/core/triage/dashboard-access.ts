import * as z from "zod/mini";
import type { Analyst } from "./triage-change.ts";

/** To whom page and API are served. */
export type DashboardAccess =
  /** To nobody: nothing protects them. */
  | { readonly kind: "off" }
  /** In a local run: to whoever is on this machine, under a name that says so. */
  | { readonly kind: "local"; readonly user: string }
  /** In Azure: to those whom App Service Authentication has signed in for this application. */
  | { readonly kind: "entra"; readonly clientId: string };

/** The part of a request that says who sent it. */
export interface Sender {
  readonly url: string;
  /** By its name in lower case; undefined where there is none. */
  header(name: string): string | undefined;
}

/** Who sent it, or the status to refuse it with and why. */
export type Identified = { readonly analyst: Analyst } | { readonly status: 401 | 403 | 404; readonly detail: string };

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Says who sent a request. 404 where page and API are off: they are not there then. */
export function identify(access: DashboardAccess, sender: Sender): Identified {
  if (access.kind === "off") return { status: 404, detail: "there is nothing here" };
  if (access.kind === "local") {
    // The name that the browser asked for: a page elsewhere whose name was made to point here is kept out.
    if (!URL.canParse(sender.url) || !LOOPBACK.has(new URL(sender.url).hostname))
      return { status: 403, detail: "in local runs, open the page as 127.0.0.1 or localhost" };
    return { analyst: { name: access.user, id: "", kind: "local" } };
  }
  const principal = readPrincipal(sender.header("x-ms-client-principal"));
  if (principal === undefined) return { status: 401, detail: "sign in first" };
  const refusal = refusalOf(principal, access.clientId);
  if (refusal !== undefined) return { status: 403, detail: refusal };
  const [[name = ""], [id = ""]] = [valuesOf(principal, NAMES), valuesOf(principal, IDS)];
  return { analyst: { name: bounded(name), id: bounded(id), kind: "entra" } };
}

/** As App Service Authentication writes it: claims by their short or long type, whichever the token version has. */
// https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
const PRINCIPAL = z.object({
  auth_typ: z.string(),
  claims: z.array(z.object({ typ: z.string(), val: z.string() })),
});
type Principal = z.infer<typeof PRINCIPAL>;

/** The types of one claim, the best first. */
const NAMES = [
  "preferred_username",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
  "upn",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
  "name",
];
const IDS = ["http://schemas.microsoft.com/identity/claims/objectidentifier", "oid"];
const SCOPES = ["http://schemas.microsoft.com/identity/claims/scope", "scp"];
/** The application that asked for an access token. A sign-in in the browser gives an id token, which has none. */
const CLIENTS = ["azp", "appid"];
const MAX_NAME = 200;

/**
 * Why a principal is not an analyst; undefined for one who is: a person, signed in by Entra ID for this application.
 * The platform has checked signature, expiry and issuer of the token, and with the issuer its tenant.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
function refusalOf(principal: Principal, clientId: string): string | undefined {
  if (principal.auth_typ.toLowerCase() !== "aad") return "the sign-in is not by Microsoft Entra ID";
  const audiences = valuesOf(principal, ["aud"]).map((value) => value.toLowerCase());
  const expected = new Set([clientId, `api://${clientId}`].map((value) => value.toLowerCase()));
  if (audiences.length === 0 || !audiences.every((value) => expected.has(value)))
    return "the sign-in is for another application";
  const isUser = valuesOf(principal, ["idtyp"]).every((type) => type.toLowerCase() === "user");
  const isForAUser = valuesOf(principal, CLIENTS).length === 0 || valuesOf(principal, SCOPES).length > 0;
  if (!isUser || !isForAUser) return "the token is an application's own: a person must sign in";
  if (valuesOf(principal, NAMES).length === 0 || new Set(valuesOf(principal, IDS)).size !== 1)
    return "the sign-in does not name one person";
  return undefined;
}

/** Base64 as the platform writes it. `Buffer` would pass over other characters, such as the comma between two headers. */
const BASE64 = /^[\w+/-]+={0,2}$/;

function readPrincipal(header: string | undefined): Principal | undefined {
  if (header === undefined || !BASE64.test(header)) return undefined;
  try {
    return PRINCIPAL.safeParse(JSON.parse(Buffer.from(header, "base64").toString("utf8"))).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What is given for any of the types, in their order. */
function valuesOf({ claims }: Principal, types: readonly string[]): string[] {
  return types
    .flatMap((type) => claims.filter(({ typ }) => typ === type).map(({ val }) => val.trim()))
    .filter((value) => value !== "");
}

function bounded(name: string): string {
  return name.slice(0, MAX_NAME).toWellFormed();
}
