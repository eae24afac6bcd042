/** Short messages about what was done; they say themselves to those who do not see them. */
import { X } from 'lucide-react';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { IconButton } from './button.tsx';
import { Status, type Tone } from './status.tsx';

interface Toast {
  readonly id: number;
  readonly tone: Tone;
  readonly text: string;
}

type Show = (tone: Tone, text: string) => void;

const SHOWN_MS = 6_000;
/** The oldest make room. */
const TOASTS_MAX = 4;
const ShowContext = createContext<Show>(() => undefined);

export function useToast(): Show {
  return useContext(ShowContext);
}

export function Toasts({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const drop = useCallback(
    (id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)),
    [],
  );
  const show = useMemo<Show>(() => {
    let lastId = 0;
    return (tone, text) => {
      const id = ++lastId;
      setToasts((all) => [...all, { id, tone, text }].slice(-TOASTS_MAX));
      setTimeout(() => drop(id), SHOWN_MS);
    };
  }, [drop]);
  return (
    <ShowContext value={show}>
      {children}
      <div
        role="status"
        aria-live="polite"
        className="pointer-events-none fixed right-3 bottom-16 z-50 flex max-w-[calc(100vw-1.5rem)] flex-col gap-2 lg:bottom-3"
      >
        {toasts.map(({ id, tone, text }) => (
          <div
            key={id}
            className="card pointer-events-auto flex items-center gap-2 py-1 pr-1 pl-3 shadow-lg"
          >
            <Status tone={tone}>{text}</Status>
            <IconButton icon={X} label="Dismiss" onClick={() => drop(id)} />
          </div>
        ))}
      </div>
    </ShowContext>
  );
}
