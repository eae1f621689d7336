import { request } from "node:https";
import { text } from "node:stream/consumers";
import { rootCertificates } from "node:tls";
import type { Config } from "../../src/config.ts";
import { deferred } from "../../src/core/deferred.ts";
import { CALL_TIMEOUT_MS } from "../../src/core/timing.ts";
import type { Credential } from "../../src/azure/clients.ts";
import { inTime } from "../../src/azure/calls.ts";
import { isRecord } from "../../src/core/event/event-body.ts";
import { DependencyError } from "../../src/errors.ts";
import { examine, type Finding } from "./finding.ts";

export interface IngestionToCheck {
  readonly config: Config["logsIngestion"];
  readonly credential: Credential;
  readonly isOwnSignIn: boolean;
  /** Certificate of the endpoint of a local run, as PEM. */
  readonly ca: string | undefined;
}

const API_VERSION = "2023-01-01";
const ROLE = "Monitoring Metrics Publisher on the data collection rule";
const RULE_SETTINGS = "LOGS_INGESTION_ENDPOINT, LOGS_INGESTION_RULE_ID and LOGS_INGESTION_STREAM";

/** Uploads an empty list, which differs from a real upload only in that no row reaches the table. */
export function ingestionFinding({ config, credential, isOwnSignIn, ca }: IngestionToCheck): Promise<Finding> {
  const subject = {
    check: "logs ingestion",
    settings: ["LOGS_INGESTION_ENDPOINT", "LOGS_INGESTION_RULE_ID", "LOGS_INGESTION_STREAM"],
    remedies: {
      unreachable: "Check LOGS_INGESTION_ENDPOINT, that this network can reach it, and the sign-in (az login)",
      refused: `Give the identity the role ${ROLE}; a new role takes up to 30 minutes. After a 401, check AZURE_CLOUD`,
      missing: `Correct ${RULE_SETTINGS}: a rule that was created again has another id (azd provision)`,
      other: "Read the answer of the endpoint; rows wait in the outbox until it accepts them",
    },
  };
  return examine(subject, async () => {
    const { status, body } = await inTime("Logs Ingestion", CALL_TIMEOUT_MS, async ({ abortSignal }) => {
      const token = await (await credential()).getToken(`${config.audience}/.default`, { abortSignal });
      if (token === null) throw new DependencyError("Logs Ingestion", "the sign-in gave no token");
      return post(config, { token: token.token, ca, signal: abortSignal });
    });
    if (status >= 200 && status < 300) return { found: `the rule accepts rows of ${config.stream}` };
    const answered = `answered ${status}${reasonIn(body)}`;
    if (status === 403 && isOwnSignIn)
      return {
        status: "warning",
        found: `${answered}: this sign-in may not upload, so the app's right to upload was not checked`,
        remedy: `Check that the app's identity has the role ${ROLE}`,
      };
    if (status === 400)
      return {
        status: "warning",
        found: `${answered}: the endpoint was reached but does not accept an empty list`,
        remedy: `Compare ${RULE_SETTINGS} with the data collection rule`,
      };
    throw Object.assign(new Error(`Logs Ingestion: ${answered}`), { statusCode: status });
  });
}

interface Sending {
  readonly token: string;
  readonly ca: string | undefined;
  readonly signal: AbortSignal;
}

/** Without the SDK, which sends no request for an empty list. */
async function post(
  { endpoint, ruleId, stream }: Config["logsIngestion"],
  { token, ca, signal }: Sending,
): Promise<{ status: number; body: string }> {
  const path = `/dataCollectionRules/${encodeURIComponent(ruleId)}/streams/${encodeURIComponent(stream)}`;
  const url = new URL(`${path}?api-version=${API_VERSION}`, endpoint);
  const { promise, resolve, reject } = deferred<{ status: number; body: string }>();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const sent = request(
    url,
    { method: "POST", headers, signal, ...(ca !== undefined && { ca: [...rootCertificates, ca] }) },
    (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, body }), reject);
    },
  );
  sent.on("error", reject);
  sent.end("[]");
  return promise;
}

/** Code and message of the service's answer. */
function reasonIn(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    const error = isRecord(parsed) ? parsed["error"] : undefined;
    if (!isRecord(error)) return "";
    return `: ${[error["code"], error["message"]].filter((part) => typeof part === "string").join(": ")}`;
  } catch (error) {
    if (error instanceof SyntaxError) return "";
    throw error;
  }
}
