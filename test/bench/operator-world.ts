/** What the operator's figures are measured on: a real control plane, Postgres, operators as processes, and a user who watches. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TopicResource } from '@streamhouse/api/crd/topic.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { HttpKubeApi } from '@streamhouse/operator/kube/http-kube-api.ts';
import { kubeConfigAccess } from '@streamhouse/operator/kube/kube-config.ts';
import { Reflector } from '@streamhouse/operator/kube/reflector.ts';
import { ResourceCache } from '@streamhouse/operator/kube/resource-cache.ts';
import { openHome } from '@streamhouse/standalone/home.ts';
import { startPostgres } from '@streamhouse/standalone/postgres/postgres.ts';
import { TOPICS } from '@streamhouse/standalone/resources/resources.test-support.ts';
import { Database } from '@streamhouse/store/metadata/pg/database.ts';
import { findBinaries } from '../../hack/kube/binaries.ts';
import { bundle } from '../../hack/image/bundle.ts';
import { startSimulatedCluster } from '../../hack/kube/simulated-nodes.ts';
import { temporaryHome } from '../harness/guard.ts';
import { OperatorProcess } from '../harness/operator-process.ts';
import { mountServiceAccount } from '../harness/service-account.ts';
import { until } from '../harness/until.ts';
import { StatementCounter } from './statement-counter.ts';

const run = promisify(execFile);
/** What V8 chooses in a container of the chart's 512 MiB: here it would take the memory of the whole machine for its own. */
const MEMORY_FLAGS = '--max-old-space-size=256 --max-semi-space-size=2';
const CRDS = join(import.meta.dirname, '../../crds');
const NAMESPACE = 'default';
/** Who creates many topics: as many requests at a time. */
const CREATORS = 32;
/** Of one step: figures that are ten times what they should be are none. */
const WAIT_MS = 240_000;

export class OperatorWorld implements AsyncDisposable {
  readonly kube: HttpKubeApi;
  readonly #database: Database;
  /** Of the image: neither the sources nor what is only needed outside of a pod would tell what users have. */
  readonly #program: readonly string[];
  readonly #account: Readonly<Record<string, string>>;
  readonly #postgresUrl: string;
  readonly #parts: AsyncDisposableStack;
  readonly #ready = new Set<string>();
  /** Whoever waits for one, by its name. */
  readonly #waiting = new Map<string, () => void>();
  readonly #stop = new AbortController();
  #started = 0;

  private constructor(
    parts: AsyncDisposableStack,
    made: {
      readonly program: readonly string[];
      readonly account: Readonly<Record<string, string>>;
      readonly postgresUrl: string;
      kube: HttpKubeApi;
      database: Database;
    },
  ) {
    this.#parts = parts;
    this.#program = made.program;
    this.#account = made.account;
    this.#postgresUrl = made.postgresUrl;
    this.kube = made.kube;
    this.#database = made.database;
  }

  /** @throws Error where no control plane can be had. */
  static async open(say: (line: string) => void): Promise<OperatorWorld> {
    await using parts = new AsyncDisposableStack();
    const signal = AbortSignal.timeout(WAIT_MS);
    const sets = ['controlPlane'] as const;
    const found = await findBinaries({ env: process.env, sets, signal, log: say });
    if ('reason' in found) throw new Error(`no Kubernetes: ${found.reason}`);
    const binaries = found.folder;
    const plane = parts.use(await startSimulatedCluster({ binaries, signal }));
    const config = `--kubeconfig=${plane.kubeconfigs.admin}`;
    for (const args of [
      ['apply', '--server-side', '-f', CRDS],
      ['wait', '--for=condition=Established', '--timeout=60s', '-f', CRDS],
    ])
      await run(join(binaries, 'kubectl'), [config, ...args]);
    const { path } = parts.use(await temporaryHome());
    const home = parts.use(await openHome(path));
    const app = join(path, 'app');
    await bundle(app);
    const program = [join(app, 'main.mjs'), 'operator'];
    const account = await mountServiceAccount(plane.kubeconfigs.admin, join(path, 'account'));
    const postgres = parts.use(await startPostgres({ home, log: () => undefined }));
    const database = new Database({
      url: postgres.url,
      applicationName: 'bench',
      size: 1,
      onError: () => undefined,
    });
    parts.use(database);
    const kube = new HttpKubeApi({
      access: kubeConfigAccess(plane.kubeconfigs.admin),
      clock: systemClock,
      random: Math.random,
      userAgent: 'streamhouse-bench',
    });
    parts.use(kube);
    const made = { program, account, postgresUrl: postgres.url, kube, database };
    return new OperatorWorld(parts.move(), made);
  }

  /** As an operator, with what it asks of Postgres. */
  async startCounted(): Promise<{
    readonly operator: OperatorProcess;
    readonly statements: ReadonlyMap<string, number>;
  }> {
    const { url, counts } = this.#parts.use(await StatementCounter.open(this.#postgresUrl));
    return { operator: await this.start({ METADATA_STORE: url }), statements: counts };
  }

  /** An operator with the chart's defaults. */
  async start(env: NodeJS.ProcessEnv = {}): Promise<OperatorProcess> {
    const environment = {
      PATH: process.env['PATH'] ?? '',
      NODE_OPTIONS: MEMORY_FLAGS,
      ...this.#account,
      METADATA_STORE: this.#postgresUrl,
      POD_NAMESPACE: NAMESPACE,
      POD_NAME: `operator-${this.#started}`,
      HTTP_PORT: '0',
      API_PORT: '0',
      AGENT_IMAGE: 'streamhouse:bench',
      AGENT_SECRET_NAME: 'streamhouse-connection',
      ...env,
    };
    const name = `operator-${this.#started++}`;
    return this.#parts.use(await OperatorProcess.start(name, environment, this.#program));
  }

  /** Says that topics have changed, as somebody does who changed some in Postgres. */
  async notify(): Promise<void> {
    const statement = { name: 'notify', text: `SELECT pg_notify('streamhouse', 'topics')` };
    await this.#database.read(statement, [], AbortSignal.timeout(WAIT_MS));
  }

  /** Topics that a watch has shown to be Ready. */
  get readyCount(): number {
    return this.#ready.size;
  }

  /** From now on `readyCount` and `readyMs` hear of what becomes Ready. */
  async watch(): Promise<void> {
    const { signal } = this.#stop;
    const reflector = new Reflector<TopicResource>({
      kube: this.kube,
      type: TOPICS,
      namespace: NAMESPACE,
      cache: new ResourceCache(),
      clock: systemClock,
      random: Math.random,
      onChange: ({ after }) => this.#see(after),
      // It goes on: an API server ends the watches of a kind that it has just learned.
      onError: () => undefined,
    });
    const following = reflector.run(signal);
    this.#parts.defer(async () => {
      this.#stop.abort();
      await following;
    });
    await reflector.synced(signal);
  }

  /** Creates topics with the defaults of the kind, as fast as the API server takes them. */
  async createTopics(count: number, name: (index: number) => string): Promise<void> {
    let next = 0;
    const create = async (): Promise<void> => {
      while (next < count) await this.#create(name(next++));
    };
    await Promise.all(Array.from({ length: CREATORS }, create));
  }

  /** Milliseconds from the request that makes a topic until a watch shows that it is Ready. */
  async readyMs(name: string): Promise<number> {
    const ready = new Promise<void>((resolve) => this.#waiting.set(name, resolve));
    const beganMs = performance.now();
    await this.#create(name);
    await ready;
    return performance.now() - beganMs;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync();
  }

  async #create(name: string): Promise<void> {
    const topic = {
      apiVersion: 'streamhouse.io/v1alpha1',
      kind: 'Topic',
      metadata: { namespace: NAMESPACE, name },
      spec: {},
    };
    await this.kube.create(TOPICS, topic, AbortSignal.timeout(WAIT_MS));
  }

  #see(topic: TopicResource | undefined): void {
    const isReady = topic?.status?.conditions?.some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    );
    if (topic === undefined || isReady !== true) return;
    const { name } = topic.metadata;
    this.#ready.add(name);
    this.#waiting.get(name)?.();
  }
}

/** Waits for what an operator says of itself. */
export async function untilMetric(
  operator: OperatorProcess,
  name: string,
  isThere: (value: number) => boolean,
): Promise<void> {
  const signal = AbortSignal.timeout(WAIT_MS);
  await until(async () => isThere(await operator.metric(name)), signal);
}
