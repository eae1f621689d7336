/**
 * The entity that the address of a link, or the audience of a token, names. Ids are spelled as the client wrote them.
 */
export type EntityAddress =
  | { readonly kind: "hub"; readonly hub: string; readonly partition?: string }
  | { readonly kind: "consumer-group"; readonly hub: string; readonly group: string; readonly partition: string }
  | { readonly kind: "unknown"; readonly path: string };

/**
 * Reads `HUB`, `HUB/Partitions/N` and `HUB/ConsumerGroups/GROUP/Partitions/N`, each optionally prefixed with
 * `sb://host/` (or `amqps://host/`) and suffixed with `/$management`. Names are case-insensitive, as in the service.
 */
export function parseAddress(address: string): EntityAddress {
  const path = address.replace(/^[a-z]+:\/\/[^/]*\//i, "").replace(/^\/|\/$|\/\$management$/g, "");
  const [hub = "", ...rest] = path.split("/");
  if (hub === "") return { kind: "unknown", path };
  const [first = "", second = "", third = "", fourth = ""] = rest;
  if (rest.length === 0) return { kind: "hub", hub };
  if (rest.length === 2 && sameName(first, "Partitions")) return { kind: "hub", hub, partition: second };
  if (rest.length === 4 && sameName(first, "ConsumerGroups") && sameName(third, "Partitions")) {
    return { kind: "consumer-group", hub, group: second, partition: fourth };
  }
  return { kind: "unknown", path };
}

export function sameName(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
