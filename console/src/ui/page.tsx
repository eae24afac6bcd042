import type { ReactNode } from 'react';

interface PageProps {
  readonly title: string;
  /** Of one thing: its name in the typeface of names. */
  readonly isName?: boolean;
  readonly above?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, isName = false, above, actions, children }: PageProps) {
  return (
    <div className="flex flex-col gap-2">
      <header className="flex min-h-8 flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-0">
          {above}
          <h1 className={`truncate text-base font-semibold ${isName ? 'font-mono' : ''}`}>
            {title}
          </h1>
        </div>
        <span className="grow" />
        {actions}
      </header>
      {children}
    </div>
  );
}
