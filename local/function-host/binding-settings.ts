import { SettingsError } from "../../src/errors.ts";

/** The settings of a function app, by name. */
export type Settings = Readonly<Record<string, string>>;

/**
 * Replaces each `%NAME%` by the setting of that name, as the real host does for most binding properties.
 *
 * @param where names the property in messages, for example "auditEvents: eventHubName"
 * @throws {SettingsError} naming every setting that is missing or empty
 */
export function resolvePlaceholders(text: string, settings: Settings, where: string): string {
  const missing: string[] = [];
  const resolved = text.replaceAll(/%([^%]+)%/g, (placeholder, name: string) => {
    const value = settings[name];
    if (value !== undefined && value !== "") return value;
    missing.push(`${name} is not set, but ${where} is "${text}"`);
    return placeholder;
  });
  if (missing.length > 0) throw new SettingsError(missing);
  return resolved;
}

/**
 * The connection string in the setting that a binding names.
 *
 * Identity-based connections (`NAME__fullyQualifiedNamespace`) are not supported: they need Azure.
 *
 * @throws {SettingsError} naming the setting
 */
export function connectionString(name: unknown, settings: Settings, where: string): string {
  if (typeof name !== "string" || name === "") throw new SettingsError([`${where} does not name a setting`]);
  const setting = name.replaceAll("%", "");
  const value = settings[setting];
  if (value !== undefined && value !== "") return value;
  const identity = Object.keys(settings).find((key) => key.startsWith(`${setting}__`));
  throw new SettingsError([
    identity === undefined
      ? `${setting} is not set, but ${where} is "${name}"`
      : `${setting} is not set: this host needs a connection string and does not use ${identity}`,
  ]);
}

/**
 * Reads one of several properties that depend on settings, so that all missing ones are reported at once.
 *
 * @returns what `read` returns, or undefined with the reasons added to `problems`
 */
export function readOrExplain<Value>(problems: string[], read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
