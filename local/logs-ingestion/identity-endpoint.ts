import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { closeServer, listenOnLoopback } from "../loopback-server.ts";

const TOKEN_LIFETIME_SECONDS = 3600;

/** A token endpoint as App Service gives to an app with a managed identity. */
export interface IdentityEndpoint {
  /** Value for IDENTITY_ENDPOINT. */
  readonly url: string;
  /** Value for IDENTITY_HEADER. */
  readonly header: string;
  /** Whether this endpoint issued the token for this resource, and it has not expired. */
  issued(token: string, resource: string): boolean;
  close(): Promise<void>;
}

/**
 * Serves tokens over HTTP on loopback, in App Service's protocol 2019-08-01, to the unmodified
 * ManagedIdentityCredential.
 *
 * It does NOT imitate: JWTs (its tokens are opaque and name no identity) and the choice of an identity (any client id
 * works).
 *
 * @see https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export async function startIdentityEndpoint(): Promise<IdentityEndpoint> {
  const header = randomUUID();
  const tokens = new Map<string, { readonly resource: string; readonly expiresOn: number }>();

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const resource = url.searchParams.get("resource");
    if (request.headers["x-identity-header"] !== header) {
      reply(response, 401, { statusCode: 401, message: "X-IDENTITY-HEADER is missing or wrong" });
      return;
    }
    if (request.method !== "GET" || url.pathname !== "/msi/token") {
      reply(response, 404, { statusCode: 404, message: "Only GET /msi/token is served" });
      return;
    }
    if (url.searchParams.get("api-version") !== "2019-08-01" || resource === null) {
      reply(response, 400, { statusCode: 400, message: "api-version=2019-08-01 and resource are required" });
      return;
    }
    const token = `local.${randomUUID()}`;
    const expiresOn = Math.floor(Date.now() / 1000) + TOKEN_LIFETIME_SECONDS;
    tokens.set(token, { resource, expiresOn });
    reply(response, 200, {
      access_token: token,
      expires_on: String(expiresOn),
      resource,
      token_type: "Bearer",
      client_id: url.searchParams.get("client_id") ?? "00000000-0000-0000-0000-000000000000",
    });
  }

  const server = createServer(answer);
  const port = await listenOnLoopback(server, 0, "Token endpoint");
  return {
    url: `http://127.0.0.1:${port}/msi/token`,
    header,
    issued(token, resource) {
      const known = tokens.get(token);
      return known !== undefined && known.expiresOn > Date.now() / 1000 && sameResource(known.resource, resource);
    },
    close: () => closeServer(server),
  };
}

/** The resource of a scope may or may not end in a slash. */
function sameResource(left: string, right: string): boolean {
  return left.replace(/\/$/, "") === right.replace(/\/$/, "");
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
