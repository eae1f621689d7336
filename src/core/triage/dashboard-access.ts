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
  const audience = claim(principal, ["aud"]);
  if (audience !== undefined && audience !== access.clientId && audience !== `api://${access.clientId}`)
    return { status: 403, detail: "the sign-in is for another application" };
  const name = claim(principal, NAMES);
  const id = claim(principal, IDS);
  if (name === undefined && id === undefined) return { status: 403, detail: "the sign-in names nobody" };
  return { analyst: { name: bounded(name ?? id ?? ""), id: bounded(id ?? ""), kind: "entra" } };
}

/** As App Service Authentication writes it: claims by their short or long type, whichever the token version has. */
// https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
const PRINCIPAL = z.object({ claims: z.array(z.object({ typ: z.string(), val: z.string() })) });
type Principal = z.infer<typeof PRINCIPAL>;

const NAMES = [
  "preferred_username",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
  "upn",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
  "name",
  "appid",
];
const IDS = ["http://schemas.microsoft.com/identity/claims/objectidentifier", "oid"];
const MAX_NAME = 200;

function readPrincipal(header: string | undefined): Principal | undefined {
  if (header === undefined) return undefined;
  try {
    return PRINCIPAL.safeParse(JSON.parse(Buffer.from(header, "base64").toString("utf8"))).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function claim({ claims }: Principal, types: readonly string[]): string | undefined {
  const found = types.map((type) => claims.find(({ typ, val }) => typ === type && val.trim() !== "")?.val.trim());
  return found.find((value) => value !== undefined);
}

function bounded(name: string): string {
  return name.slice(0, MAX_NAME).toWellFormed();
}
