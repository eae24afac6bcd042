/**
 * StreamHouse on a cluster of one real node, as its guide says to install it: the image of this tree, the chart, a Secret,
 * the samples. Postgres and the S3 server run on this machine, where pods reach them.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openHome } from '@streamhouse/standalone/home.ts';
import { startPostgres } from '@streamhouse/standalone/postgres/postgres.ts';
import type { RunningControlPlane } from '../../hack/kube/control-plane.ts';
import { NODE_HOST } from '../../hack/kube/node-config.ts';
import { startNodeCluster } from '../../hack/kube/node.ts';
import { temporaryHome } from '../harness/guard.ts';
import { RawKube } from '../harness/raw-kube.ts';
import { findVersityGw, startVersityGw } from '../harness/versitygw.ts';
import { useClusterNames } from './names.ts';
import { openRelay } from './relay.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const NAMESPACE = 'streamhouse';
const IMAGE = { repository: 'streamhouse', tag: 'e2e' };
const BUCKET = 'streamhouse-data';
const ACCESS_KEY = { id: 'streamhouse', secret: 'streamhouse-secret' };
const COMMAND_MS_MAX = 600_000;
const OUTPUT_CHARS_MAX = 16 * 2 ** 20;
/** Comes with the release, on a cluster that did not know its kind before. */
const FIRST_POOL = { enabled: true, name: 'first', spec: { replicas: 0 } };
/** Less than the default asks for, so that five agents fit on a small machine. */
const RESOURCES = { requests: { cpu: '50m', memory: '192Mi' }, limits: { memory: '1Gi' } };

export interface InstallationOptions {
  /** The folder with the programs of Kubernetes. */
  readonly binaries: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export class Installation implements AsyncDisposable {
  readonly plane: RunningControlPlane;
  readonly postgresUrl: string;
  /** Of the pool `default`. */
  readonly bootstrap: readonly string[] = [`default-agents.${NAMESPACE}.svc:9090`];
  readonly #api: RawKube;
  readonly #signal: AbortSignal;
  readonly #parts: AsyncDisposableStack;

  private constructor(
    parts: AsyncDisposableStack,
    plane: RunningControlPlane,
    postgresUrl: string,
    signal: AbortSignal,
  ) {
    this.#signal = signal;
    this.#parts = parts;
    this.plane = plane;
    this.#api = parts.use(new RawKube(plane.kubeconfigs.admin));
    this.postgresUrl = postgresUrl;
  }

  /** Resolves when the operator is ready. */
  static async make({ binaries, signal, say }: InstallationOptions): Promise<Installation> {
    await using parts = new AsyncDisposableStack();
    const { path: folder } = parts.use(await temporaryHome());
    say('building the image');
    const archive = join(folder, 'image.tar');
    await buildImage(archive, signal);
    say('starting a node');
    const plane = parts.use(await startNodeCluster({ binaries, signal, images: [archive] }));
    useClusterNames(NODE_HOST);
    say('starting Postgres and the S3 server');
    const home = parts.use(await openHome(folder));
    const settings = { max_connections: '200' };
    const postgres = parts.use(await startPostgres({ home, settings, log: () => undefined }));
    const postgresUrl = new URL(postgres.url);
    const database = parts.use(await openRelay(NODE_HOST, Number(postgresUrl.port)));
    const objects = parts.use(await startObjects(join(folder, 'bucket')));
    const store = parts.use(await openRelay(NODE_HOST, Number(new URL(objects.url).port)));
    const made = new Installation(parts.move(), plane, postgres.url, signal);
    postgresUrl.host = `${NODE_HOST}:${database.port}`;
    say('installing the chart');
    await made.#install(postgresUrl.href, `http://${NODE_HOST}:${store.port}`);
    return made;
  }

  async kubectl(...args: string[]): Promise<string> {
    return await this.#run('kubectl', ['-n', NAMESPACE, ...args]);
  }

  /** The samples, and at once with agents that are smaller: the first ones are told to end while they start. */
  async applySamples(): Promise<void> {
    await this.kubectl('apply', '-f', join(ROOT, 'manifests/samples'));
    await this.kubectl('wait', '--for=create', 'pod/default-0', '--timeout=60s');
    const patch = JSON.stringify({ spec: { resources: RESOURCES } });
    await this.kubectl('patch', 'agentpool/default', '--type=merge', `--patch=${patch}`);
    await this.kubectl('wait', '--for=condition=Ready', 'topic/orders', '--timeout=120s');
    await this.settled();
  }

  /** Waits until the pool is as its spec says. */
  async settled(): Promise<void> {
    const settled = 'jsonpath={.status.conditions[?(@.type=="Progressing")].reason}=Settled';
    const generation = (
      await this.kubectl('get', 'agentpool/default', '-o=jsonpath={.metadata.generation}')
    ).trim();
    for (const what of [
      `jsonpath={.status.observedGeneration}=${generation}`,
      settled,
      'condition=Ready',
    ])
      await this.kubectl('wait', `--for=${what}`, 'agentpool/default', '--timeout=400s');
  }

  /** Asks as `kubectl drain` does. @throws Error when the budget of the pool does not allow it. */
  async evict(pod: string): Promise<void> {
    const metadata = { name: pod, namespace: NAMESPACE };
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata };
    await this.#ask('POST', `pods/${pod}/eviction`, eviction);
  }

  /** Deletes the pod with no grace: for Kubernetes it is gone at once, whatever its process does. */
  async lose(pod: string): Promise<void> {
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };
    await this.#ask('DELETE', `pods/${pod}`, options);
  }

  /** SIGKILL, as the kernel sends it when memory runs out; the kubelet starts the container again. */
  async killProcess(pod: string): Promise<void> {
    const uid = await this.kubectl('get', `pod/${pod}`, '-o=jsonpath={.metadata.uid}');
    for (const pid of await processesOf(uid)) process.kill(pid, 'SIGKILL');
  }

  /** What an agent's container and the operator said, for the person who looks into a failure. */
  async evidence(): Promise<string> {
    const pods = await this.kubectl('get', 'pods,topics,agentpools,events', '-o=wide').catch(
      String,
    );
    const logs = await this.kubectl(
      'logs',
      '-l=app.kubernetes.io/name=streamhouse',
      '--prefix',
      '--tail=15',
    ).catch(String);
    return `${pods}\n${logs}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.disposeAsync();
  }

  async #install(postgresUrl: string, endpoint: string): Promise<void> {
    const { folder } = this.plane;
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const connection = {
      METADATA_STORE: postgresUrl,
      AWS_ACCESS_KEY_ID: ACCESS_KEY.id,
      AWS_SECRET_ACCESS_KEY: ACCESS_KEY.secret,
    };
    const secret = 'streamhouse-connection';
    const namespace = NAMESPACE;
    await this.#apply(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: secret, namespace },
        stringData: connection,
      },
    );
    const values = join(folder, 'values.json');
    const image = { ...IMAGE, pullPolicy: 'Never' };
    const objectStore = { endpoint, bucket: BUCKET };
    await writeFile(values, JSON.stringify({ image, objectStore, agentPool: FIRST_POOL }));
    const chart = join(ROOT, 'helm/streamhouse');
    await this.#run('helm', [
      'install',
      'streamhouse',
      chart,
      `--namespace=${namespace}`,
      `--values=${values}`,
      '--wait',
      '--timeout=8m',
    ]);
    await this.kubectl('get', `agentpool/${FIRST_POOL.name}`);
  }

  async #ask(method: string, path: string, body: object): Promise<void> {
    const answer = await this.#api.send(method, `/api/v1/namespaces/${NAMESPACE}/${path}`, body);
    if (answer.code >= 300) throw new Error(`${method} ${path}: ${answer.body.message}`);
  }

  async #apply(...items: readonly object[]): Promise<void> {
    const path = join(this.plane.folder, 'installation.json');
    await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    await this.#run('kubectl', ['apply', '-f', path]);
  }

  async #run(program: string, args: readonly string[]): Promise<string> {
    const { binaries, folder, kubeconfigs } = this.plane;
    const env = { PATH: process.env['PATH'], HOME: folder, KUBECONFIG: kubeconfigs.admin };
    const signal = this.#signal;
    const options = { env, signal, timeout: COMMAND_MS_MAX, maxBuffer: OUTPUT_CHARS_MAX };
    return (await run(join(binaries, program), [...args], options)).stdout;
  }
}

/** Those of a pod that run our image: by the name of their cgroup, which has the pod's uid. */
async function processesOf(podUid: string): Promise<number[]> {
  const names = await readdir('/proc');
  const found: number[] = [];
  for (const name of names.filter((one) => /^\d+$/.test(one))) {
    const cgroup = await readFile(`/proc/${name}/cgroup`, 'utf8').catch(() => '');
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (cgroup.includes(podUid) && command.includes('/app/main.mjs')) found.push(Number(name));
  }
  if (found.length === 0) throw new Error(`no process of pod ${podUid}`);
  return found;
}

async function buildImage(archive: string, signal: AbortSignal): Promise<void> {
  const given = process.env['E2E_IMAGE_ARCHIVE'];
  if (given !== undefined) {
    await writeFile(archive, await readFile(given));
    return;
  }
  const script = join(ROOT, 'hack/image/build.ts');
  const tag = `${IMAGE.repository}:${IMAGE.tag}`;
  const args = [script, '--tag', tag, '--archive', archive];
  await run(process.execPath, args, { cwd: ROOT, signal });
}

async function startObjects(root: string): Promise<Awaited<ReturnType<typeof startVersityGw>>> {
  await mkdir(join(root, BUCKET), { recursive: true });
  const tool = await findVersityGw();
  if ('reason' in tool) throw new Error(`no S3 server: ${tool.reason}`);
  const { id: accessKeyId, secret: secretAccessKey } = ACCESS_KEY;
  return await startVersityGw({ path: tool.path, root, accessKeyId, secretAccessKey });
}
