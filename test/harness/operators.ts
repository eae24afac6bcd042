/** Operators on resources and a database of their own: an API server in this process, Postgres as it is. */
import { randomUUID } from 'node:crypto';
import type { TopicResource } from '@streamhouse/api/crd/topic.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import type { KubeApi, KubeObject } from '@streamhouse/operator/kube/kube-api.ts';
import { openLog } from '@streamhouse/operator/log.ts';
import { OperatorMetrics } from '@streamhouse/operator/metrics.ts';
import { type Operator, startOperator } from '@streamhouse/operator/operator.ts';
import type { OperatorSettings } from '@streamhouse/operator/settings.ts';
import { openResources, type Resources } from '@streamhouse/standalone/resources/open-resources.ts';
import { EVENTS, TOPICS } from '@streamhouse/standalone/resources/resources.test-support.ts';
import { temporaryFolder } from '@streamhouse/standalone/testing/temporary-folder.test-support.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import { until } from './until.ts';

const NAMESPACE = 'shop';
const WAIT_MS = 40_000;

export interface OperatorOptions {
  readonly settings?: Partial<OperatorSettings>;
  readonly kube?: KubeApi;
  readonly store?: OperatorMetadata;
  readonly objects?: ObjectStore;
}

export interface RunningOperator {
  readonly operator: Operator;
  readonly metrics: OperatorMetrics;
}

export class OperatorWorld implements AsyncDisposable {
  readonly resources: Resources;
  readonly database: TestDatabase;
  /** Of the test, for what users of the API and people with psql do. */
  readonly metadata: OperatorMetadata;
  readonly #parts: AsyncDisposableStack;

  private constructor(
    parts: AsyncDisposableStack,
    resources: Resources,
    database: TestDatabase,
    metadata: OperatorMetadata,
  ) {
    this.#parts = parts;
    this.resources = resources;
    this.database = database;
    this.metadata = metadata;
  }

  static async open(): Promise<OperatorWorld> {
    await using parts = new AsyncDisposableStack();
    const database = parts.use(await createTestDatabase());
    const { path: home } = parts.use(await temporaryFolder());
    const clock = systemClock;
    const resources = parts.use(await openResources({ home, clock, random: Math.random }));
    const metadata = await database.open();
    return new OperatorWorld(parts.move(), resources, database, metadata);
  }

  get kube(): KubeApi {
    return this.resources.api;
  }

  /** One that the world ends, unless the test has. */
  async start(options: OperatorOptions = {}): Promise<RunningOperator> {
    const metrics = new OperatorMetrics();
    const settings: OperatorSettings = {
      instance: `operator-${randomUUID().slice(0, 8)}`,
      namespaces: undefined,
      lease: { namespace: 'system', name: 'streamhouse-operator' },
      nameTemplate: '{name}',
      drift: 'Correct',
      resyncIntervalMs: 60_000,
      httpPort: 0,
      ...options.settings,
    };
    const operator = await startOperator(settings, {
      kube: options.kube ?? this.kube,
      store: options.store ?? (await this.database.open()),
      ...(options.objects === undefined ? {} : { objects: options.objects }),
      clock: systemClock,
      random: Math.random,
      log: openLog('fatal', settings.instance),
      metrics,
    });
    this.#parts.use(operator);
    return { operator, metrics };
  }

  async apply(name: string, spec: object = {}, metadata: object = {}): Promise<TopicResource> {
    const object = {
      apiVersion: 'streamhouse.io/v1alpha1',
      kind: 'Topic',
      metadata: { name, namespace: NAMESPACE, ...metadata },
      spec,
    };
    return (await this.kube.apply<KubeObject>(
      TOPICS,
      object,
      { fieldManager: 'kubectl', force: true },
      signal(),
    )) as TopicResource;
  }

  async delete(name: string): Promise<void> {
    await this.kube.delete(TOPICS, { namespace: NAMESPACE, name }, undefined, signal());
  }

  async topic(name: string): Promise<TopicResource | undefined> {
    return await this.kube.get<TopicResource>(TOPICS, { namespace: NAMESPACE, name }, signal());
  }

  /** Waits until a condition of the resource's present generation is as said, for example `Ready=False/NotAccepted`. */
  async untilTopic(name: string, condition: string): Promise<TopicResource> {
    let seen = '';
    const isSo = async (): Promise<boolean> => {
      const topic = await this.topic(name);
      const isObserved = topic?.status?.observedGeneration === topic?.metadata.generation;
      seen = conditionsOf(topic);
      return isObserved && seen.split(' ').includes(condition);
    };
    await until(isSo, signal()).catch((error: unknown) => {
      throw new Error(`topic ${name} did not become ${condition} but is ${seen}`, { cause: error });
    });
    const topic = await this.topic(name);
    if (topic === undefined) throw new Error(`topic ${name} is gone`);
    return topic;
  }

  async untilReady(name: string): Promise<TopicResource> {
    return await this.untilTopic(name, 'Ready=True/Ready');
  }

  async untilGone(name: string): Promise<void> {
    await until(async () => (await this.topic(name)) === undefined, signal());
  }

  /** As in `Accepted=True/Accepted Ready=True/Ready`. */
  async conditions(name: string): Promise<string> {
    return conditionsOf(await this.topic(name));
  }

  /** Ends all connections of operators to Postgres and lets none in, until the result is disposed of. */
  async postgresAway(): Promise<AsyncDisposable> {
    const { database } = this;
    // Not by ALTER DATABASE, which wants to be sent from another one.
    const allow = (isAllowed: boolean) =>
      database.sql('UPDATE pg_database SET datallowconn = $1 WHERE datname = current_database()', [
        isAllowed,
      ]);
    await allow(false);
    await database.sql(`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    return {
      [Symbol.asyncDispose]: async () => {
        await allow(true);
      },
    };
  }

  /** Reasons of the events about a resource, sorted. */
  async events(name: string): Promise<readonly string[]> {
    const query = { namespace: NAMESPACE };
    const { items } = await this.kube.list<KubeObject & EventBody>(EVENTS, query, signal());
    const own = items.filter(({ regarding }) => regarding.name === name);
    return own.map(({ reason }) => reason).toSorted();
  }

  async untilEvent(name: string, reason: string): Promise<string> {
    await until(async () => (await this.events(name)).includes(reason), signal());
    const { items } = await this.kube.list<KubeObject & EventBody>(
      EVENTS,
      { namespace: NAMESPACE },
      signal(),
    );
    const found = items.find((event) => event.regarding.name === name && event.reason === reason);
    return found?.note ?? '';
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync();
  }
}

interface EventBody {
  readonly regarding: { readonly name: string };
  readonly reason: string;
  readonly note: string;
}

function conditionsOf(topic: TopicResource | undefined): string {
  const conditions = topic?.status?.conditions ?? [];
  return conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`).join(' ');
}

/** The API as it is, to change a part of it. */
export function forwarded(api: KubeApi): KubeApi {
  return {
    list: (type, query, until) => api.list(type, query, until),
    watch: (type, query, until) => api.watch(type, query, until),
    get: (type, ref, until) => api.get(type, ref, until),
    create: (type, object, until) => api.create(type, object, until),
    apply: (type, object, options, until) => api.apply(type, object, options, until),
    mergePatch: (type, ref, patch, options, until) =>
      api.mergePatch(type, ref, patch, options, until),
    update: (type, object, options, until) => api.update(type, object, options, until),
    delete: (type, ref, preconditions, until) => api.delete(type, ref, preconditions, until),
  };
}

export function signal(): AbortSignal {
  return AbortSignal.timeout(WAIT_MS);
}
