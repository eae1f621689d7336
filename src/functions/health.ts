import { app, type HttpResponseInit } from "@azure/functions";
import { SettingsError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { settled } from "./settled.ts";

app.http("health", {
  methods: ["GET"],
  authLevel: "anonymous", // holds no data and no setting's value
  route: "health",
  handler: () => settled(health, 30_000),
});

/** 200 when the settings are right and the table answers, else 503 with what is wrong. */
async function health(): Promise<HttpResponseInit> {
  const { services } = await import("../services.ts");
  try {
    const { rules, ruleIds, incidents, scanSummary } = await services();
    const outbox = { pending: 0, refused: 0 };
    for (const ruleId of ruleIds) {
      const { pending, refused } = await incidents.outboxSize(ruleId);
      outbox.pending += pending;
      outbox.refused += refused;
    }
    return answer(200, {
      status: "ok",
      outbox,
      scan: scanSummary,
      rules: rules.map(({ rule: { id, name, version, fileHash, queryHash } }) => ({
        id,
        name,
        version,
        fileHash,
        queryHash,
      })),
    });
  } catch (error) {
    const problems = error instanceof SettingsError ? error.problems : ["the incident table does not answer"];
    return answer(503, { status: "failing", problems });
  }
}

function answer(status: number, body: object): HttpResponseInit {
  return { status, headers: { "cache-control": "no-store" }, jsonBody: { version: VERSION, ...body } };
}
