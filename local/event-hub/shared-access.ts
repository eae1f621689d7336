import { createHmac } from "node:crypto";
import { refusal, type Refusal } from "./refusal.ts";

/** The stand-in's only policy, with the same key as Microsoft's emulator. */
export const SHARED_ACCESS = { keyName: "RootManageSharedAccessKey", key: "SAS_KEY_VALUE" };

/**
 * Why a shared access signature is refused; undefined if it was made with the key, and for any other kind of token. Its
 * resource and expiry are not checked.
 *
 * @see https://learn.microsoft.com/rest/api/eventhub/generate-sas-token
 */
export function refusedSignature(token: unknown): Refusal | undefined {
  if (typeof token !== "string" || !/^SharedAccessSignature /i.test(token)) return undefined;
  const field = (name: string): string => new RegExp(`[ &]${name}=([^&]*)`).exec(token)?.[1] ?? "";
  const signature = createHmac("sha256", SHARED_ACCESS.key)
    .update(`${field("sr")}\n${field("se")}`)
    .digest("base64");
  if (field("skn") === SHARED_ACCESS.keyName && decodeURIComponent(field("sig")) === signature) return undefined;
  return refusal("amqp:unauthorized-access", "InvalidSignature: The token has an invalid signature.");
}
