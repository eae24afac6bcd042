/** What is around every page: where one is, where one can go, and whether all is well. */
import { type ErrorComponentProps, Link, Outlet, useLocation } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { CircleHelp, Search, Settings2 } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { isUnknown } from '../queries/api.ts';
import { sessionQuery } from '../queries/session.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { Status } from '../ui/status.tsx';
import { PLACES } from './places.ts';
import { useShortcuts } from './shortcuts.ts';
import { useTabTitle } from './tab-title.ts';

const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }));
const Help = lazy(async () => ({ default: (await import('./help.tsx')).Help }));
const PreferencesDialog = lazy(async () => ({
  default: (await import('./preferences-dialog.tsx')).PreferencesDialog,
}));

const SignIn = lazy(async () => ({ default: (await import('./sign-in.tsx')).SignIn }));

const OVERLAYS = { palette: Palette, help: Help, preferences: PreferencesDialog } as const;
export type Overlay = keyof typeof OVERLAYS;

export function Shell() {
  const [overlay, open] = useState<Overlay>();
  useShortcuts(open);
  useTabTitle();
  const session = useQuery(sessionQuery());
  const Opened = overlay === undefined ? undefined : OVERLAYS[overlay];
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[12.5rem_minmax(0,1fr)]">
      <a
        href="#main"
        onClick={(event) => {
          // The base of the page is not this page.
          event.preventDefault();
          document.querySelector<HTMLElement>('#main')?.focus();
        }}
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded focus:bg-surface focus:px-3 focus:py-2"
      >
        Skip to content
      </a>
      <Side onOpen={open} />
      <main
        id="main"
        tabIndex={-1}
        className="min-w-0 px-3 pt-2 pb-20 outline-none lg:px-4 lg:pb-2"
      >
        <Outlet />
      </main>
      <BottomBar />
      {isUnknown(session.error) && (
        <Suspense>
          <SignIn />
        </Suspense>
      )}
      {Opened !== undefined && (
        <Suspense>
          <Opened onClose={() => open(undefined)} />
        </Suspense>
      )}
    </div>
  );
}

function Side({ onOpen }: { readonly onOpen: (overlay: Overlay) => void }) {
  return (
    <header className="flex items-center gap-1 border-b border-line bg-surface px-3 py-1 lg:sticky lg:top-0 lg:h-dvh lg:flex-col lg:items-stretch lg:border-r lg:border-b-0 lg:px-2 lg:py-3">
      <Link
        to="/dashboard"
        className="flex min-h-8 pointer-coarse:min-h-11 items-center gap-2 px-2 font-semibold"
      >
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden className="text-accent">
          <path fill="currentColor" d="M2 3h12v2H2zm0 4h9v2H2zm0 4h6v2H2z" />
        </svg>
        StreamHouse
      </Link>
      <button
        type="button"
        onClick={() => onOpen('palette')}
        className="hidden h-8 items-center gap-2 rounded border border-line px-2 text-muted hover:bg-raised lg:my-2 lg:flex"
      >
        <Search size={14} aria-hidden />
        Go to…
        <kbd className="ml-auto font-sans text-xs">Ctrl K</kbd>
      </button>
      <nav aria-label="Pages" className="hidden flex-col gap-0.5 lg:flex">
        {PLACES.map(({ to, title, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            className="flex h-8 items-center gap-2 rounded px-2 text-muted hover:bg-raised hover:text-ink"
            activeProps={{ className: 'bg-raised font-medium text-ink' }}
          >
            <Icon size={15} aria-hidden />
            {title}
          </Link>
        ))}
      </nav>
      <span className="grow" />
      <div className="flex gap-1">
        <IconButton
          icon={Search}
          label="Go to"
          className="lg:hidden"
          onClick={() => onOpen('palette')}
        />
        <IconButton icon={Settings2} label="Preferences" onClick={() => onOpen('preferences')} />
        <IconButton icon={CircleHelp} label="Help" onClick={() => onOpen('help')} />
      </div>
    </header>
  );
}

function BottomBar() {
  return (
    <nav
      aria-label="Pages"
      className="fixed inset-x-0 bottom-0 z-20 grid grid-cols-6 border-t border-line bg-surface lg:hidden"
    >
      {PLACES.map(({ to, short, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          className="flex min-h-12 min-w-0 flex-col items-center justify-center gap-0.5 text-xs text-muted"
          activeProps={{ className: 'text-accent!' }}
        >
          <Icon size={16} aria-hidden />
          {short}
        </Link>
      ))}
    </nav>
  );
}

export function NotFound() {
  const { pathname } = useLocation();
  return (
    <div className="flex flex-col items-start gap-3 p-4">
      <h1 className="text-base font-semibold">There is nothing here</h1>
      <p className="text-muted">
        No page has the address <code className="font-mono">{pathname}</code>.
      </p>
      <Link to="/dashboard" className="link">
        To the dashboard
      </Link>
    </div>
  );
}

export function PageFailure({ error, reset }: ErrorComponentProps) {
  return (
    <div role="alert" className="flex flex-col items-start gap-3 p-4">
      <h1 className="text-base font-semibold">
        <Status tone="bad">This page cannot be shown</Status>
      </h1>
      <p className="text-muted">{error instanceof Error ? error.message : String(error)}</p>
      <Button onClick={reset}>Retry</Button>
    </div>
  );
}
