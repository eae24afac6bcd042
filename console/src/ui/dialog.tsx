/**
 * A modal dialog: the browser's own, which keeps the focus inside, closes on Escape and makes the rest inert without a script of
 * ours or a style that the content policy forbids.
 */
import { X } from 'lucide-react';
import { type ReactNode, type SyntheticEvent, useId, useLayoutEffect, useRef } from 'react';
import { IconButton } from './button.tsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  readonly width?: 'narrow' | 'wide';
}

/** Open as long as it is rendered. */
export function Dialog({ title, onClose, children, width = 'narrow' }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  // While it is still in the page: only then the focus goes back to where it came from.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>('input, select, textarea')?.focus();
    return () => dialog?.close();
  }, []);
  const onCancel = (event: SyntheticEvent): void => {
    event.preventDefault();
    onClose();
  };
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={onCancel}
      onMouseDown={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
      className={`card max-h-[90dvh] w-full overflow-auto p-0 shadow-xl ${
        width === 'wide' ? 'max-w-3xl' : 'max-w-md'
      }`}
    >
      <div className="flex items-center justify-between gap-2 border-b border-line px-4 py-2">
        <h2 id={id} className="min-w-0 text-base font-semibold [overflow-wrap:anywhere]">
          {title}
        </h2>
        <IconButton icon={X} label="Close" onClick={onClose} />
      </div>
      <div className="p-4">{children}</div>
    </dialog>
  );
}
