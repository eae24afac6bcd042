import type { LucideIcon } from 'lucide-react';
import type { ButtonHTMLAttributes } from 'react';

type Look = 'plain' | 'primary' | 'danger';

const LOOKS: Readonly<Record<Look, string>> = {
  plain: 'border-edge bg-surface text-ink hover:bg-raised',
  primary: 'border-transparent bg-accent text-on-accent hover:brightness-110',
  danger: 'border-bad bg-surface text-bad hover:bg-raised',
};

export function buttonClass(look: Look = 'plain'): string {
  return `target inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded border px-3 text-sm font-medium whitespace-nowrap disabled:opacity-50 ${LOOKS[look]}`;
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: Look;
  readonly icon?: LucideIcon;
}

export function Button({ look, icon: Icon, children, className = '', ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} className={`${buttonClass(look)} ${className}`}>
      {Icon !== undefined && <Icon size={14} aria-hidden />}
      {children}
    </button>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly icon: LucideIcon;
  readonly label: string;
}

export function IconButton({ icon: Icon, label, className = '', ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={`target inline-flex size-7 shrink-0 items-center justify-center rounded text-muted hover:bg-raised hover:text-ink ${className}`}
    >
      <Icon size={15} aria-hidden />
    </button>
  );
}
