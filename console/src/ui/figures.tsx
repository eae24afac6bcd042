/** Figures as text: short at rest, whole on hover. */
import type { ReactNode } from 'react';
import { bytes, compact, instant, rate, whole, wholeSecond } from './format.ts';
import { usePreferences } from './preferences.ts';

type Value = number | null | undefined;

export function Count({ value }: { readonly value: Value }) {
  return <span title={value == null ? 'not known' : whole(value)}>{compact(value)}</span>;
}

export function Bytes({ value }: { readonly value: Value }) {
  return <span title={value == null ? 'not known' : `${whole(value)} bytes`}>{bytes(value)}</span>;
}

export function Rate({ value }: { readonly value: Value }) {
  const title = value == null ? 'not known' : `${whole(value)} records per second`;
  return <span title={title}>{rate(value)}</span>;
}

interface InstantProps {
  readonly value: Value;
  /** To the millisecond. */
  readonly isExact?: boolean;
}

/** In the zone that the person chose; in the other one, to the millisecond, on hover. */
export function Instant({ value, isExact = false }: InstantProps) {
  const { zone } = usePreferences();
  return (
    <time
      className="whitespace-nowrap"
      title={instant(value, zone === 'utc' ? 'local' : 'utc')}
      {...(value == null ? {} : { dateTime: new Date(value).toISOString() })}
    >
      {isExact ? instant(value, zone) : wholeSecond(value, zone)}
    </time>
  );
}

interface CardProps {
  readonly label: string;
  readonly children: ReactNode;
  readonly note?: ReactNode;
}

/** One figure that stands for itself. */
export function Card({ label, children, note }: CardProps) {
  return (
    <div className="card flex min-w-0 flex-col px-3 py-2">
      <dt className="truncate text-xs text-muted">{label}</dt>
      <dd className="truncate text-xl font-semibold">{children}</dd>
      {note !== undefined && <dd className="truncate text-xs text-muted">{note}</dd>}
    </div>
  );
}

export function Cards({
  children,
  label,
}: {
  readonly children: ReactNode;
  readonly label: string;
}) {
  return (
    <dl
      aria-label={label}
      className="grid grid-cols-2 gap-2 sm:grid-cols-3 lg:auto-cols-fr lg:grid-flow-col lg:grid-cols-none"
    >
      {children}
    </dl>
  );
}

/** Of the size of facts with such values. */
export function FactsSkeleton({ samples }: { readonly samples: Readonly<Record<string, string>> }) {
  const bones = Object.entries(samples).map(([name, sample]) => [
    name,
    <span key={name} className="bone">
      <span className="invisible">{sample}</span>
    </span>,
  ]);
  return <Facts facts={Object.fromEntries(bones) as Readonly<Record<string, ReactNode>>} />;
}

/** As an instant is written. */
export const INSTANT_SAMPLE = '2026-01-01 00:00:00 CET';

/** Facts of one thing: a name and a value each. */
export function Facts({ facts }: { readonly facts: Readonly<Record<string, ReactNode>> }) {
  return (
    <dl className="grid grid-cols-[repeat(auto-fill,minmax(8.5rem,1fr))] gap-x-4 gap-y-2 px-3 py-2">
      {Object.entries(facts).map(([name, value]) => (
        <div key={name} className="min-w-0">
          <dt className="text-xs text-muted">{name}</dt>
          <dd className="break-words [&_time]:whitespace-normal">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
