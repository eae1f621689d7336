import { readdirSync, readFileSync } from "node:fs";
import type { HttpAnswer } from "./core/triage/http-answer.ts";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  woff2: "font/woff2",
};

/**
 * The page may load only its own files: nothing inline, nothing from other sites, no plugin, frame or form. Trusted Types
 * keep text from becoming markup or script.
 *
 * @see https://www.w3.org/TR/CSP3/
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** The files in `dashboard/` at the first request. No other name is ever opened. */
let files: ReadonlySet<string> | undefined;

/** The page or one of its files, compressed if the browser accepts that; undefined if no file has this name. */
export function dashboardAsset(name: string, acceptEncoding: string): HttpAnswer<200> | undefined {
  const folder = new URL("./dashboard/", import.meta.url);
  files ??= new Set(readdirSync(folder));
  const type = TYPES[name.slice(name.lastIndexOf(".") + 1)];
  if (type === undefined || !files.has(name)) return undefined;
  const compressed = files.has(`${name}.br`) && /\bbr\b/.test(acceptEncoding);
  return {
    status: 200,
    headers: {
      ...PAGE_HEADERS,
      "content-type": type,
      // Every name but index.html contains a hash of the content.
      "cache-control": name === "index.html" ? "no-cache" : "private, max-age=31536000, immutable",
      vary: "accept-encoding",
      ...(compressed && { "content-encoding": "br" }),
    },
    body: readFileSync(new URL(compressed ? `${name}.br` : name, folder)),
  };
}
