import type { Page } from "playwright-core";

/** What the API answers where it refuses, and what App Service Authentication answers to a browser that is signed out. */
export const ANSWERS = {
  302: { status: 302, headers: { location: "https://login.microsoftonline.com/" } },
  401: { status: 401, detail: "sign in first" },
  403: { status: 403, detail: "the sign-in is for another application" },
  404: { status: 404, detail: "there is nothing here" },
  409: { status: 409, detail: "it was changed" },
  500: { status: 500, detail: "a setting of the app is missing or wrong" },
  503: { status: 503, detail: "the incident table does not answer; try again in a moment" },
} as const;

/** Answers requests of the page with a refusal, as src/core/triage/http-answer.ts writes it. */
export async function refuse(page: Page, url: string, status: keyof typeof ANSWERS, method?: string): Promise<void> {
  const answer = ANSWERS[status];
  await page.route(url, (route) => {
    if (method !== undefined && route.request().method() !== method) return route.fallback();
    if ("headers" in answer) return route.fulfill(answer);
    const body = JSON.stringify({ type: "about:blank", title: "Refused", ...answer });
    const headers = status === 503 ? { "retry-after": "5" } : {};
    return route.fulfill({ status, body, headers: { "content-type": "application/problem+json", ...headers } });
  });
}
