import {
  KubeError,
  type KubeObject,
  type ResourceType,
  type WatchEvent,
} from '@streamhouse/operator/kube/kube-api.ts';
import { ManualClock } from '../testing/manual-clock.test-support.ts';
import { temporaryFolder } from '../testing/temporary-folder.test-support.ts';
import type { ApiObject } from './api-object.ts';
import type { JsonObject } from './json.ts';
import { openResources, type Resources } from './open-resources.ts';

export const TOPICS: ResourceType = {
  group: 'streamhouse.io',
  version: 'v1alpha1',
  plural: 'topics',
  kind: 'Topic',
  isNamespaced: true,
};
export const POOLS: ResourceType = { ...TOPICS, plural: 'agentpools', kind: 'AgentPool' };
export const LEASES: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  isNamespaced: true,
};
export const EVENTS: ResourceType = {
  ...LEASES,
  group: 'events.k8s.io',
  plural: 'events',
  kind: 'Event',
};

/** A signal that never aborts. */
export const ALWAYS: AbortSignal = new AbortController().signal;

export interface TestResources extends Resources {
  readonly clock: ManualClock;
  readonly home: string;
}

/** The resources of a home of their own, or of one that was there before. */
export async function testResources(
  options: { readonly home?: string; readonly historyChangesMax?: number } = {},
): Promise<TestResources> {
  await using parts = new AsyncDisposableStack();
  const home = options.home ?? parts.use(await temporaryFolder()).path;
  const clock = new ManualClock();
  const resources = parts.use(
    await openResources({ ...options, home, clock, random: Math.random }),
  );
  const owned = parts.move();
  return {
    ...resources,
    clock,
    home,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A topic in the namespace `shop`, as its user writes it. */
export function topic(name: string, spec: JsonObject = {}, metadata: JsonObject = {}): ApiObject {
  return manifest(TOPICS, name, spec, metadata);
}

export function pool(name: string, spec: JsonObject = {}): ApiObject {
  return manifest(POOLS, name, spec);
}

export function manifest(
  type: ResourceType,
  name: string,
  spec: JsonObject = {},
  metadata: JsonObject = {},
): ApiObject {
  return {
    apiVersion: `${type.group}/${type.version}`,
    kind: type.kind,
    metadata: { name, namespace: 'shop', ...metadata },
    spec,
  } as unknown as ApiObject;
}

/** The next `count` events of a watch that goes on. */
export async function take<T extends KubeObject>(
  events: AsyncIterator<WatchEvent<T>>,
  count: number,
): Promise<WatchEvent<T>[]> {
  const taken: WatchEvent<T>[] = [];
  while (taken.length < count) {
    const next = await events.next();
    if (next.done === true) throw new Error(`the watch ended after ${taken.length} events`);
    taken.push(next.value);
  }
  return taken;
}

/** As in `ADDED orders@3`, to compare at a glance. */
export function brief(event: WatchEvent<KubeObject>): string {
  return event.type === 'BOOKMARK'
    ? `BOOKMARK ${event.resourceVersion}`
    : `${event.type} ${event.object.metadata.name}@${event.object.metadata.resourceVersion}`;
}

/** What a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<KubeError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof KubeError) return error;
  throw new Error('it was not refused', { cause: error });
}
