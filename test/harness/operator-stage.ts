/**
 * The operator as an installation runs it: processes with the rights and the environment that the chart gives their pods, on
 * a real API server and a database of their own. The pods themselves are not made, as on simulated nodes nothing runs.
 */
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import type { Condition } from '@streamhouse/api/crd/resource.ts';
import type { TopicResource } from '@streamhouse/api/crd/topic.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { HttpKubeApi } from '@streamhouse/operator/kube/http-kube-api.ts';
import type { KubeApi, ResourceType } from '@streamhouse/operator/kube/kube-api.ts';
import { kubeConfigAccess } from '@streamhouse/operator/kube/kube-config.ts';
import { EVENTS, POOLS, TOPICS } from '@streamhouse/standalone/resources/resources.test-support.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import { CHART, type KubeObject, objectsOf } from './chart.ts';
import type { ControlPlane, TestNamespace } from './control-plane.ts';
import { OperatorProcess } from './operator-process.ts';
import { mountServiceAccount } from './service-account.ts';
import { until } from './until.ts';

const RELEASE = 'house';
const ACCOUNT = `${RELEASE}-streamhouse-operator`;
const RIGHTS = ['ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'];
const WAIT_MS = 45_000;

type Any = TopicResource | AgentPoolResource;
export type Kind = 'Topic' | 'AgentPool';
type OfKind<K extends Kind> = K extends 'Topic' ? TopicResource : AgentPoolResource;
const TYPES: Readonly<Record<Kind, ResourceType>> = { Topic: TOPICS, AgentPool: POOLS };

export interface StageOptions {
  /** Of the chart. */
  readonly values?: object;
  /** More namespaces whose resources are reconciled. */
  readonly alsoWatched?: readonly string[];
}

export class OperatorStage implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly namespace: string;
  readonly database: TestDatabase;
  /** Of the test, for what users of the API do. */
  readonly metadata: OperatorMetadata;
  /** With every right. */
  readonly kube: KubeApi;
  /** Of the chart in this namespace. */
  readonly objects: readonly KubeObject[];
  /** All that were started. */
  readonly operators: OperatorProcess[] = [];
  /** Environment by which its processes are who they are. */
  readonly #account: Readonly<Record<string, string>>;
  readonly #parts: AsyncDisposableStack;

  private constructor(
    parts: AsyncDisposableStack,
    made: Pick<
      OperatorStage,
      'plane' | 'namespace' | 'database' | 'metadata' | 'kube' | 'objects'
    > & { readonly account: Readonly<Record<string, string>> },
  ) {
    this.plane = made.plane;
    this.namespace = made.namespace;
    this.database = made.database;
    this.metadata = made.metadata;
    this.kube = made.kube;
    this.objects = made.objects;
    this.#account = made.account;
    this.#parts = parts;
  }

  static async open(plane: ControlPlane, options: StageOptions = {}): Promise<OperatorStage> {
    await using parts = new AsyncDisposableStack();
    await plane.installCrds();
    const { name: namespace }: TestNamespace = parts.use(await plane.namespace());
    const objects = await rendered(plane, namespace, options);
    const items = objects.filter(({ kind }) => RIGHTS.includes(kind));
    const rights = { apiVersion: 'v1', kind: 'List', items };
    await plane.mustKubectl(['apply', '-f', '-'], { input: rights });
    const database = parts.use(await createTestDatabase());
    const kube = parts.use(connect(plane.kubeconfig));
    const kubeconfig = await plane.serviceAccount(namespace, ACCOUNT);
    const account = await mountServiceAccount(kubeconfig, `${kubeconfig}.mounted`);
    const metadata = await database.open();
    const made = { plane, namespace, database, metadata, kube, objects, account };
    return new OperatorStage(parts.move(), made);
  }

  /** Who the API server takes the operators for. */
  get user(): string {
    return `system:serviceaccount:${this.namespace}:${ACCOUNT}`;
  }

  /** One that the stage ends, unless the test has. `env` wins over what the chart says. */
  async start(name: string, env: Readonly<Record<string, string>> = {}): Promise<OperatorProcess> {
    const operator = await OperatorProcess.start(name, {
      PATH: process.env['PATH'] ?? '',
      ...environmentOf(this.objects, {
        'metadata.name': name,
        'metadata.namespace': this.namespace,
        METADATA_STORE: this.database.url,
        AWS_ACCESS_KEY_ID: 'nobody',
        AWS_SECRET_ACCESS_KEY: 'nothing',
      }),
      HTTP_PORT: '0',
      API_PORT: '0',
      ...this.#account,
      ...env,
    });
    this.operators.push(operator);
    return this.#parts.use(operator);
  }

  /** In the namespace of the stage, with every right. @throws Error unless it ends with 0. */
  kubectl(args: readonly string[], input?: object | string): Promise<string> {
    return this.plane.mustKubectl(['-n', this.namespace, ...args], { input });
  }

  async apply<K extends Kind>(
    kind: K,
    name: string,
    spec: object = {},
    metadata: object = {},
  ): Promise<OfKind<K>> {
    const object = {
      apiVersion: 'streamhouse.io/v1alpha1',
      kind,
      metadata: { name, namespace: this.namespace, ...metadata },
      spec,
    };
    const options = { fieldManager: 'kubectl', force: true };
    return (await this.kube.apply<KubeObject>(
      TYPES[kind],
      object,
      options,
      soon(),
    )) as unknown as OfKind<K>;
  }

  get<K extends Kind>(
    kind: K,
    name: string,
    namespace: string = this.namespace,
  ): Promise<OfKind<K> | undefined> {
    return this.kube.get<OfKind<K>>(TYPES[kind], { namespace, name }, soon());
  }

  delete(kind: Kind, name: string, namespace: string = this.namespace): Promise<void> {
    return this.kube.delete(TYPES[kind], { namespace, name }, undefined, soon());
  }

  async untilGone(kind: Kind, name: string): Promise<void> {
    await until(async () => (await this.get(kind, name)) === undefined, soon());
  }

  /** Waits until conditions of the present generation are as said, for example `Ready=False/NotAccepted`. */
  async untilIs<K extends Kind>(
    kind: K,
    name: string,
    condition: string,
    namespace: string = this.namespace,
  ): Promise<OfKind<K>> {
    let seen: OfKind<K> | undefined;
    const isSo = async (): Promise<boolean> => {
      seen = await this.get(kind, name, namespace);
      const present = conditionsOf(seen, seen?.metadata.generation);
      return present.includes(condition);
    };
    await until(isSo, soon()).catch((error: unknown) => {
      const is = conditionsOf(seen).join(' ');
      throw new Error(`${kind} ${name} did not become ${condition} but is ${is}`, { cause: error });
    });
    return seen as OfKind<K>;
  }

  /** Waits for an event about a resource. Resolves its note. */
  async untilEvent(name: string, reason: string): Promise<string> {
    let note: string | undefined;
    await until(async () => {
      const events = await this.events(name);
      note = events.find((event) => event.reason === reason)?.note;
      return note !== undefined;
    }, soon());
    return note ?? '';
  }

  async events(name: string): Promise<readonly EventBody[]> {
    const query = { namespace: this.namespace };
    const { items } = await this.kube.list<KubeObject & EventBody>(EVENTS, query, soon());
    return items.filter(({ regarding }) => regarding.name === name);
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

/** As in `Ready=True/Ready`; all of them, or those that were found for a generation. */
export function conditionsOf(resource: Any | undefined, generation?: number): readonly string[] {
  const conditions: readonly Condition[] = resource?.status?.conditions ?? [];
  const chosen = conditions.filter(
    ({ observedGeneration }) => generation === undefined || observedGeneration === generation,
  );
  return chosen.map(({ type, status, reason }) => `${type}=${status}/${reason}`);
}

export function soon(): AbortSignal {
  return AbortSignal.timeout(WAIT_MS);
}

function connect(kubeconfig: string): HttpKubeApi {
  return new HttpKubeApi({
    access: kubeConfigAccess(kubeconfig),
    clock: systemClock,
    random: Math.random,
    userAgent: 'streamhouse-test',
  });
}

async function rendered(
  plane: ControlPlane,
  namespace: string,
  { values = {}, alsoWatched = [] }: StageOptions,
): Promise<readonly KubeObject[]> {
  const watchNamespaces = alsoWatched.length === 0 ? [] : [namespace, ...alsoWatched];
  const where = ['--namespace', namespace, '--kube-version', '1.36'];
  const { exitCode, stdout, stderr } = await plane.helm(
    ['template', RELEASE, CHART, ...where, '--values', '-'],
    { input: { watchNamespaces, ...values } },
  );
  if (exitCode !== 0) throw new Error(stderr);
  return objectsOf(stdout);
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly key: string };
    readonly fieldRef?: { readonly fieldPath: string };
  };
}

/** The environment of the operator's container; what Secrets and fields of the pod would give is looked up by its name. */
function environmentOf(
  objects: readonly KubeObject[],
  known: Readonly<Record<string, string>>,
): Record<string, string> {
  const deployment = objects.find(({ kind }) => kind === 'Deployment')!;
  const variables = deployment['spec'].template.spec.containers[0].env as readonly Variable[];
  return Object.fromEntries(
    variables.map(({ name, value, valueFrom }) => {
      const source = valueFrom?.secretKeyRef?.key ?? valueFrom?.fieldRef?.fieldPath;
      return [name, source === undefined ? (value ?? '') : (known[source] ?? '')];
    }),
  );
}
