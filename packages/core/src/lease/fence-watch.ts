/**
 * Decides whom to fence. An observer trusts only what it has itself seen without a gap: a beat that stands still for
 * one session timeout. It reads no clock but its own (I-22), and never compares beats with times.
 *
 * Why a gap starts every watch again: after a restart of the database, or a pause of the observer, every session looks
 * dead although its agent is well. A wrong fence costs a takeover, never data.
 */
import type { Incarnation } from '../ids.ts';

export interface FenceWatchSettings {
  /** The observer's own session, which it never fences; undefined when it has none (the operator). */
  readonly me: Incarnation | undefined;
  /** Milliseconds that a beat must stand still. */
  readonly sessionTimeoutMs: number;
  /** Milliseconds between two looks beyond which the observer has not been watching. */
  readonly watchGapMaxMs: number;
}

/** A session that is not fenced, as read from Postgres. `beat` changes with every renewal. */
export interface ObservedSession {
  readonly incarnation: Incarnation;
  readonly beat: number;
}

interface Watch {
  readonly beat: number;
  /** When this observer first saw this beat, with no gap since. */
  readonly sinceMs: number;
}

export interface FenceWatch {
  readonly settings: FenceWatchSettings;
  /** When the last look succeeded; undefined: none has, or one failed since. */
  readonly lastLookMs: number | undefined;
  /** One for each session of the last look, so never more than those. */
  readonly watches: ReadonlyMap<Incarnation, Watch>;
}

export type FenceWatchEvent =
  | { readonly type: 'Observed'; readonly sessions: readonly ObservedSession[] }
  /** The look failed. Perhaps the database was down, and then nobody could renew either. */
  | { readonly type: 'ObserveFailed' };

/** Fence the session if its beat is still `observedBeat`. Comes again with every look until the session is gone. */
export interface Fence {
  readonly type: 'Fence';
  readonly incarnation: Incarnation;
  readonly observedBeat: number;
}

export interface FenceWatchStep {
  readonly state: FenceWatch;
  readonly effects: readonly Fence[];
}

export function newFenceWatch(settings: FenceWatchSettings): FenceWatch {
  return { settings, lastLookMs: undefined, watches: new Map() };
}

/**
 * @param nowMs when the answer was received, on a monotonic clock. What was read is older than that, and the fence that
 *   follows is younger, so the time between is at least what is measured here.
 */
export function stepFenceWatch(
  watch: FenceWatch,
  event: FenceWatchEvent,
  nowMs: number,
): FenceWatchStep {
  switch (event.type) {
    case 'ObserveFailed':
      return { state: newFenceWatch(watch.settings), effects: [] };
    case 'Observed':
      return observed(watch, event.sessions, nowMs);
  }
}

function observed(
  watch: FenceWatch,
  sessions: readonly ObservedSession[],
  nowMs: number,
): FenceWatchStep {
  const { settings, lastLookMs } = watch;
  const isGapFree = lastLookMs !== undefined && nowMs - lastLookMs <= settings.watchGapMaxMs;
  const watches = new Map<Incarnation, Watch>();
  const effects: Fence[] = [];
  for (const { incarnation, beat } of sessions) {
    if (incarnation === settings.me) continue;
    const before = isGapFree ? watch.watches.get(incarnation) : undefined;
    const current = before?.beat === beat ? before : { beat, sinceMs: nowMs };
    watches.set(incarnation, current);
    if (nowMs - current.sinceMs >= settings.sessionTimeoutMs) {
      effects.push({ type: 'Fence', incarnation, observedBeat: beat });
    }
  }
  return { state: { settings, lastLookMs: nowMs, watches }, effects };
}
