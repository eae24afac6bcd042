import type { Clock } from '@streamhouse/core/async/clock.ts';
import { Trigger } from '@streamhouse/core/async/run-loop.ts';
import type { WatchEvent, WatchQuery } from '@streamhouse/operator/kube/kube-api.ts';
import type { ApiObject } from './api-object.ts';
import type { Change } from './history.ts';
import { badRequest, expired, tooManyRequests, versionTooLarge } from './refusals.ts';
import { objectFilter } from './resource-list.ts';
import type { ResourceStore } from './resource-store.ts';
import type { Table } from './table.ts';

/** As API servers send them, about once a minute. */
const BOOKMARK_EVERY_MS = 60_000;
/** Changes that are taken out of the history at a time. */
const CHANGES_MAX = 100;

/**
 * The changes of a table after a version; from the objects as they are when that is 0 or empty. A reader holds nothing but
 * its version, so one that is too slow is told to list again and costs no memory.
 */
export async function* watchTable(
  store: ResourceStore,
  table: Table,
  query: WatchQuery,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<ApiObject>> {
  const isWanted = objectFilter(query);
  let version = firstVersion(store, query.resourceVersion);
  const wake = new Trigger();
  const ended = AbortSignal.any([signal, store.closed]);
  ended.throwIfAborted();
  using timers = new DisposableStack();
  const unlisten = table.listen(() => wake.fire());
  if (unlisten === undefined) throw tooManyRequests('too many watches are open');
  timers.defer(unlisten);
  let isOver = false;
  timers.defer(
    clock.schedule(query.timeoutSeconds * 1_000, () => {
      isOver = true;
      wake.fire();
    }),
  );
  if (version === 0) {
    version = store.version;
    for (const object of [...table.objects.values()].filter(isWanted))
      yield { type: 'ADDED', object };
  }
  let bookmarkAtMs = clock.monotonicMs() + BOOKMARK_EVERY_MS;
  for (;;) {
    const changes = table.history.after(version, CHANGES_MAX);
    if (changes === undefined)
      throw expired(`too old resource version: ${version} (${table.history.floor})`);
    for (const change of changes) {
      version = change.version;
      const event = eventOf(change, isWanted);
      if (event !== undefined) yield event;
      ended.throwIfAborted();
    }
    if (changes.length > 0) continue;
    // Nothing of this kind is between the two versions: whoever goes on from the later one misses nothing.
    version = store.version;
    const nowMs = clock.monotonicMs();
    if (isOver || nowMs >= bookmarkAtMs) {
      bookmarkAtMs = nowMs + BOOKMARK_EVERY_MS;
      yield { type: 'BOOKMARK', resourceVersion: String(version) };
    }
    if (isOver) return;
    using _ = disposable(clock.schedule(bookmarkAtMs - nowMs, () => wake.fire()));
    await wake.wait(ended);
  }
}

function disposable(dispose: () => void): Disposable {
  return { [Symbol.dispose]: dispose };
}

function firstVersion(store: ResourceStore, text: string): number {
  if (text !== '' && !/^\d{1,16}$/.test(text))
    throw badRequest(`resourceVersion ${JSON.stringify(text)} is not one of this server`);
  const version = Number(text);
  if (version > store.version) throw versionTooLarge(version, store.version);
  return version;
}

/** An object that begins to match is added for this watch, one that ceases to is deleted. */
function eventOf(
  { previous, next, version }: Change,
  isWanted: (object: ApiObject) => boolean,
): WatchEvent<ApiObject> | undefined {
  const was = previous !== undefined && isWanted(previous);
  if (next !== undefined && isWanted(next))
    return { type: was ? 'MODIFIED' : 'ADDED', object: next };
  if (!was) return undefined;
  // The last that is known of it, with the version of its end, so that a watch goes on behind it.
  const last = next ?? previous;
  const metadata = { ...last.metadata, resourceVersion: String(version) };
  return { type: 'DELETED', object: { ...last, metadata } };
}
