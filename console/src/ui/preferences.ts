/** What a person chose, kept by the browser and shared by its tabs. */
import { useSyncExternalStore } from 'react';
import type { Zone } from './format.ts';

export interface Preferences {
  readonly theme: 'system' | 'light' | 'dark';
  readonly density: 'compact' | 'comfortable';
  readonly zone: Zone;
  /** Between two looks of a page at the server, in milliseconds; 0: only when it is asked to. */
  readonly refreshMs: number;
}

export const CHOICES = {
  theme: ['system', 'light', 'dark'],
  density: ['compact', 'comfortable'],
  zone: ['local', 'utc'],
  refreshMs: [2_000, 5_000, 10_000, 30_000, 0],
} as const satisfies { [K in keyof Preferences]: readonly Preferences[K][] };

const KEY = 'streamhouse.preferences';
const DEFAULTS: Preferences = {
  theme: 'system',
  density: 'compact',
  zone: 'local',
  refreshMs: 5_000,
};
const CHANGED = 'streamhouse:preferences';

export function usePreferences(): Preferences {
  return parse(useSyncExternalStore(subscribe, stored));
}

export function currentPreferences(): Preferences {
  return parse(stored());
}

export function prefer(change: Partial<Preferences>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...currentPreferences(), ...change }));
  } catch {
    // A browser that keeps nothing shows the defaults.
  }
  applyPreferences();
  window.dispatchEvent(new Event(CHANGED));
}

/** Shows the theme and the density; before the first paint, and after each change. */
export function applyPreferences(): void {
  const { theme, density } = currentPreferences();
  const { dataset } = document.documentElement;
  dataset['theme'] = theme;
  dataset['density'] = density;
}

function subscribe(onChange: () => void): () => void {
  const events = ['storage', CHANGED];
  for (const event of events) window.addEventListener(event, onChange);
  return () => {
    for (const event of events) window.removeEventListener(event, onChange);
  };
}

/** The text, because it is the same as long as nothing changed. */
function stored(): string {
  try {
    return localStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

function parse(text: string): Preferences {
  let kept: Record<string, unknown> = {};
  try {
    kept = { ...(JSON.parse(text || '{}') as object) };
  } catch {
    // Not ours: the defaults stand.
  }
  const entries = Object.entries(CHOICES).map(([name, choices]) => {
    const isKnown = (choices as readonly unknown[]).includes(kept[name]);
    return [name, isKnown ? kept[name] : DEFAULTS[name as keyof Preferences]];
  });
  return Object.fromEntries(entries) as unknown as Preferences;
}
