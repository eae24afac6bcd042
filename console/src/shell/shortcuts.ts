import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { PLACES } from './places.ts';
import type { Overlay } from './shell.tsx';

/** After `g` the key of a page has to come within this time. */
const PREFIX_MS = 1_000;

export const SHORTCUTS: readonly (readonly [keys: string, what: string])[] = [
  ['Ctrl K or ⌘ K', 'Go to a page, topic, agent or group'],
  ['/', 'Search on this page'],
  ['?', 'This help'],
  ['Esc', 'Close'],
  ...PLACES.map(({ key, title }) => [`g ${key}`, title] as const),
  ['Ctrl Enter or ⌘ Enter', 'Send the record (producer)'],
];

export function useShortcuts(open: (overlay: Overlay) => void): void {
  const navigate = useNavigate();
  useEffect(() => {
    let prefixedAtMs = Number.NEGATIVE_INFINITY;
    const onKey = (event: KeyboardEvent): void => {
      const { key, ctrlKey, metaKey, altKey } = event;
      if ((ctrlKey || metaKey) && key.toLowerCase() === 'k') {
        event.preventDefault();
        open('palette');
        return;
      }
      if (ctrlKey || metaKey || altKey || isTyping(event.target) || isModal()) return;
      const place = PLACES.find((candidate) => candidate.key === key);
      if (event.timeStamp - prefixedAtMs < PREFIX_MS && place !== undefined)
        void navigate({ to: place.to });
      prefixedAtMs = key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY;
      if (key === '?') open('help');
      if (key === '/') {
        const search = document.querySelector<HTMLElement>('[data-search]');
        if (search === null) open('palette');
        else search.focus();
        event.preventDefault();
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [navigate, open]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select') !== null;
}

function isModal(): boolean {
  return document.querySelector('dialog[open]') !== null;
}
