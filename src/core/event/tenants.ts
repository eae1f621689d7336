/** The tenants whose records may make incidents: the name of each, by its id in lower case; "" if it has none. */
export type Tenants = ReadonlyMap<string, string>;

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAX_NAME = 64;

export const TENANT_LIST = "one or more tenant ids (GUIDs), comma-separated, each alone or as ID=NAME";

/** Reads `ID,ID=NAME,…`. @returns what was expected where the list is wrong */
export function readTenants(list: string): Tenants | { readonly expected: string } {
  const entries = list.split(",").map((entry): readonly [id: string, name: string] => {
    const [id = "", ...name] = entry.split("=");
    return [id.trim().toLowerCase(), name.join("=").trim()];
  });
  const tenants = new Map(entries);
  const names = entries.map(([, name]) => name.toLowerCase()).filter((name) => name !== "");
  if (entries.some(([id]) => !GUID.test(id))) return { expected: TENANT_LIST };
  if (tenants.size < entries.length) return { expected: "each tenant id once" };
  if (names.some((name) => name.length > MAX_NAME))
    return { expected: `tenant names of at most ${MAX_NAME} characters` };
  if (new Set(names).size < names.length) return { expected: "a different name for each tenant" };
  return tenants;
}

/** The tenant of a record that names none; unknown if several are allowed. */
export function onlyTenantOf(allowed: ReadonlySet<string>): string | undefined {
  const [first, ...others] = allowed;
  return others.length === 0 ? first : undefined;
}
