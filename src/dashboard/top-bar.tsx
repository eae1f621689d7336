import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Analyst } from "../core/triage/triage-change.ts";
import type { Health } from "./api.ts";
import { ago } from "./format.ts";
import { Inert } from "./detail/inert.tsx";
import { healthState } from "./pipeline.tsx";
import { storedTheme, storeTheme, type Theme, THEMES } from "./theme.ts";
import type { Incidents } from "./list/use-incidents.ts";
import type { Polled } from "./use-polled.ts";

interface TopBarProps {
  readonly health: Polled<Health>;
  readonly list: Incidents;
  readonly me: Analyst | undefined;
  readonly now: number;
  onHealth(): void;
  onHelp(): void;
  onRefresh(): void;
}

export function TopBar({ health, list, me, now, onHealth, onHelp, onRefresh }: TopBarProps): VNode {
  const { tone, words } = healthState(health);
  return (
    <header class="top">
      <h1 class="brand">
        <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
          <path class="brand-shield" d="M6 5h20v10c0 7-4 11-10 13C10 26 6 22 6 15z" />
          <circle class="brand-eye" cx="16" cy="14" r="4" />
        </svg>
        pimwatch
      </h1>
      <button type="button" class="health" onClick={onHealth} aria-haspopup="dialog">
        <span class={`dot is-${tone}`} aria-hidden="true" />
        <span class="health-words">{words}</span>
      </button>
      <button type="button" class="quiet live" onClick={onRefresh} title="Refresh now (r)">
        {list.error === undefined ? "Live" : "Not live"}
        <span class="live-at">{list.at === 0 ? "" : ` · ${ago(list.at, Math.max(now, list.at))}`}</span>
      </button>
      <ThemeChoice />
      <button type="button" class="quiet help-button" onClick={onHelp} aria-haspopup="dialog" aria-label="Keys">
        ?
      </button>
      {me !== undefined && (
        <span class="me" title={me.kind === "local" ? "Local run: nobody is signed in" : me.id}>
          {me.kind === "local" && <span class="tag">local</span>}
          <span class="me-name">
            <Inert text={me.name} />
          </span>
        </span>
      )}
    </header>
  );
}

const THEME_WORDS: Readonly<Record<Theme, string>> = { auto: "Auto", light: "Light", dark: "Dark" };

function ThemeChoice(): VNode {
  const [theme, setTheme] = useState(storedTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
  return (
    <button
      type="button"
      class="quiet theme"
      title={`Colors: ${THEME_WORDS[theme]}. Change to ${THEME_WORDS[next]}`}
      onClick={() => {
        storeTheme(next);
        setTheme(next);
      }}
    >
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.6" />
        <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />
      </svg>
      <span class="theme-word">{THEME_WORDS[theme]}</span>
    </button>
  );
}
