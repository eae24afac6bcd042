/**
 * A part of a page that lives for itself: it loads, fails, is retried and grows old without the others. What was there stays
 * while it is asked for again.
 */
import { RotateCw } from 'lucide-react';
import { Component, type ReactNode, useEffect, useState } from 'react';
import { Button, IconButton } from './button.tsx';
import { duration } from './format.ts';
import { Status } from './status.tsx';

/** What a panel needs to know of a query. */
export interface Asked<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly isFetching: boolean;
  readonly dataUpdatedAt: number;
  refetch(): unknown;
}

interface PanelProps<T> {
  readonly title: string;
  readonly asked: Asked<T>;
  /** Of the same size as what it stands for. */
  readonly skeleton: ReactNode;
  readonly describeError: (error: unknown) => string;
  readonly actions?: ReactNode;
  readonly isTitleHidden?: boolean;
  readonly className?: string;
  readonly children: (data: T) => ReactNode;
}

export function Panel<T>(props: PanelProps<T>) {
  const { title, asked, skeleton, describeError, actions, isTitleHidden = false, children } = props;
  const { data, error } = asked;
  const isOld = error != null && data !== undefined;
  return (
    <section aria-label={title} className={`card flex min-w-0 flex-col ${props.className ?? ''}`}>
      <header className="flex min-h-9 pointer-coarse:min-h-12 flex-wrap items-center gap-2 border-b border-line px-3 py-0.5">
        <h2 className={isTitleHidden ? 'sr-only' : 'font-semibold'}>{title}</h2>
        {actions}
        <span className="grow" />
        <Age asked={asked} />
      </header>
      <PanelBoundary version={asked.dataUpdatedAt}>
        {isOld && (
          <p role="alert" className="border-b border-line px-3 py-1">
            <Status tone="warn">Not up to date: {describeError(error)}</Status>
          </p>
        )}
        {data !== undefined ? (
          <div className={`flex min-h-0 grow flex-col ${isOld ? 'stale' : ''}`}>
            {children(data)}
          </div>
        ) : error != null ? (
          <Failure message={describeError(error)} onRetry={() => asked.refetch()} />
        ) : (
          <div className="late" role="status" aria-label={`Loading ${title}`}>
            {skeleton}
          </div>
        )}
      </PanelBoundary>
    </section>
  );
}

function Failure({ message, onRetry }: { readonly message: string; readonly onRetry: () => void }) {
  return (
    <div role="alert" className="flex flex-wrap items-center gap-3 px-3 py-4">
      <Status tone="bad">{message}</Status>
      <Button icon={RotateCw} onClick={onRetry}>
        Retry
      </Button>
    </div>
  );
}

const AGE_EVERY_MS = 1_000;

function Age<T>({ asked }: { readonly asked: Asked<T> }) {
  const { dataUpdatedAt, isFetching } = asked;
  const now = useNow(AGE_EVERY_MS);
  // Its room is there from the beginning.
  const isThere = dataUpdatedAt !== 0;
  return (
    <span className={`flex items-center gap-1 text-xs text-muted ${isThere ? '' : 'invisible'}`}>
      {duration(isThere ? now - dataUpdatedAt : 0)} old
      <IconButton
        icon={RotateCw}
        label="Refresh"
        disabled={isFetching}
        onClick={() => void asked.refetch()}
      />
    </span>
  );
}

/** The time, again every so often while the page is seen. All who show it look at the same moment, and are shown at once. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const look = (): void => {
      timer = setTimeout(
        () => {
          if (!document.hidden) setNow(Date.now());
          look();
        },
        everyMs - (Date.now() % everyMs),
      );
    };
    look();
    return () => clearTimeout(timer);
  }, [everyMs]);
  return now;
}

interface BoundaryProps {
  /** Of the data: another one is worth another try. */
  readonly version: number;
  readonly children: ReactNode;
}

interface BoundaryState {
  readonly error: Error | undefined;
}

/** A fault of one panel takes no other with it. */
class PanelBoundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { error: undefined };

  static getDerivedStateFromError(error: Error): BoundaryState {
    return { error };
  }

  override componentDidUpdate(before: BoundaryProps): void {
    const isOther = before.version !== this.props.version;
    if (isOther && this.state.error !== undefined) this.setState({ error: undefined });
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Failure
        message={`This part cannot be shown: ${error.message}`}
        onRetry={() => this.setState({ error: undefined })}
      />
    );
  }
}

/** What a list says when it is empty, and what to do about it. */
export function Empty({
  children,
  command,
}: {
  readonly children: ReactNode;
  readonly command?: string;
}) {
  return (
    <div className="flex flex-col items-start gap-2 px-3 py-6 text-muted">
      <p>{children}</p>
      {command !== undefined && (
        <code className="max-w-full overflow-x-auto rounded bg-raised px-2 py-1 font-mono text-xs text-ink select-all">
          {command}
        </code>
      )}
    </div>
  );
}
