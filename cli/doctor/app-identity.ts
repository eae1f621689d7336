import type { TokenCredential } from "@azure/identity";
import { valueText } from "../../src/core/value-text.ts";
import { isRecord } from "../../src/core/event/event-body.ts";
import { DependencyError } from "../../src/errors.ts";

/**
 * The app's own identity, if the settings name its token endpoint: in the app's console in Azure and in local runs.
 * The SDK's credential reads only the environment, but these settings may come from a file.
 *
 * @see https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export function appIdentity(settings: Readonly<Record<string, string | undefined>>): TokenCredential {
  return {
    async getToken(scopes, { abortSignal } = {}) {
      const resource = [scopes].flat()[0]?.replace(/\/\.default$/, "") ?? "";
      const url = new URL(settings["IDENTITY_ENDPOINT"] ?? "");
      url.searchParams.set("api-version", "2019-08-01");
      url.searchParams.set("resource", resource);
      const clientId = settings["AZURE_CLIENT_ID"];
      if (clientId !== undefined) url.searchParams.set("client_id", clientId);
      const headers = { "x-identity-header": settings["IDENTITY_HEADER"] ?? "" };
      const signal = abortSignal instanceof AbortSignal ? abortSignal : null;
      const answer = await fetch(url, { headers, signal }).catch((cause: unknown) => {
        throw new DependencyError("Token endpoint", "cannot be reached: check IDENTITY_ENDPOINT", { cause });
      });
      const body: unknown = await answer.json();
      if (!answer.ok || !isRecord(body)) throw new DependencyError("Token endpoint", `answered ${answer.status}`);
      return { token: valueText(body["access_token"]), expiresOnTimestamp: Number(body["expires_on"]) * 1_000 };
    },
  };
}
