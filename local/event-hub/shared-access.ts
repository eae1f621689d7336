import { createHmac } from "node:crypto";
import { refusal, type Refusal } from "./refusal.ts";

/** The one policy of the stand-in, with the key that Microsoft's emulator has. */
export const SHARED_ACCESS = { keyName: "RootManageSharedAccessKey", key: "SAS_KEY_VALUE" };

/**
 * Why a shared access signature is not accepted; undefined for one that was made with the key, and for tokens of any
 * other kind. Its resource and its expiry are not looked at.
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
