/** Status: the only thing that colour says, and never alone. */
import { CircleAlert, CircleCheck, CircleDashed, CircleX, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

export type Tone = 'good' | 'warn' | 'bad' | 'none';

const LOOKS: Readonly<Record<Tone, { readonly icon: LucideIcon; readonly colour: string }>> = {
  good: { icon: CircleCheck, colour: 'text-good' },
  warn: { icon: CircleAlert, colour: 'text-warn' },
  bad: { icon: CircleX, colour: 'text-bad' },
  none: { icon: CircleDashed, colour: 'text-muted' },
};

export function Status({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  const { icon: Icon, colour } = LOOKS[tone];
  return (
    <span
      className={`inline-flex max-w-full items-center gap-1.5 align-bottom [overflow-wrap:anywhere] ${colour}`}
    >
      <Icon size={14} aria-hidden className="shrink-0" />
      {children}
    </span>
  );
}
