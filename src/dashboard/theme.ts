import { store, stored } from "./browser-storage.ts";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "pimwatch-theme";

/** The choice of the person in this browser; `auto` follows the system. */
export function storedTheme(): Theme {
  return THEMES.find((theme) => theme === stored(KEY)) ?? "auto";
}

export function storeTheme(theme: Theme): void {
  store(KEY, theme);
  applyTheme(theme);
}

export function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === "auto") delete dataset["theme"];
  else dataset["theme"] = theme;
}
