/**
 * A Kubernetes control plane that ends with this process at the latest: the real programs, on one address of this
 * machine, in a temporary folder. Users have tokens; the API server makes its own certificate.
 */
import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tiedFolder } from '../tied.ts';
import { Component } from './component.ts';
import { kubeconfig } from './kubeconfig.ts';

const run = promisify(execFile);
const READY_MS_MAX = 120_000;
const ANSWER_MS_MAX = 5_000;
/** The users that Kubernetes' own roles are bound to: name and group. */
const USERS = {
  admin: ['streamhouse-test-admin', 'system:masters'],
  controllers: ['system:kube-controller-manager', 'system:authenticated'],
  scheduler: ['system:kube-scheduler', 'system:authenticated'],
  node: ['system:node:local', 'system:nodes'],
} as const;
type User = keyof typeof USERS;
const USER_NAMES = Object.keys(USERS) as User[];

export interface ControlPlaneOptions {
  /** The folder with the programs. */
  readonly binaries: string;
  /** Where the API server listens; 127.0.0.1 if absent. */
  readonly host?: string;
  /** More flags of the API server. */
  readonly apiServerFlags?: readonly string[];
  readonly signal: AbortSignal;
}

export interface RunningControlPlane extends AsyncDisposable {
  readonly binaries: string;
  /** All that it keeps, the logs too. What others put there goes with it. */
  readonly folder: string;
  readonly server: string;
  /** What the server's certificate is checked against, PEM. */
  readonly authority: string;
  /** Paths, by user; `admin` may do everything. */
  readonly kubeconfigs: Readonly<Record<User, string>>;
}

/** Starts etcd, API server, controllers and scheduler, and waits until they work. There is no node yet. */
export async function startControlPlane(
  options: ControlPlaneOptions,
): Promise<RunningControlPlane> {
  const { binaries, host = '127.0.0.1', apiServerFlags = [] } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(READY_MS_MAX)]);
  await using parts = new AsyncDisposableStack();
  const { path: folder } = parts.use(await tiedFolder('streamhouse-kube-'));
  const start = async (name: string, ...args: string[]): Promise<Component> =>
    parts.use(await Component.start(name, { binaries, folder }, args));
  const tokens = await writeSecrets(folder);
  const etcd = `http://127.0.0.1:${await freePort('127.0.0.1')}`;
  const port = await freePort(host);
  const server = `https://${host}:${port}`;
  await start('etcd', ...etcdFlags(folder, etcd));
  const flags = apiServerArguments({ folder, etcd, host, port });
  const api = await start('kube-apiserver', ...flags, ...apiServerFlags);
  const certificate = join(folder, 'apiserver.crt');
  const answers = async (path: string): Promise<boolean> => {
    const authority = await readFile(certificate, 'utf8').catch(() => undefined);
    return authority !== undefined && (await isGood(server + path, authority, tokens.admin));
  };
  await api.until(() => answers('/readyz'), signal);
  const authority = await readFile(certificate, 'utf8');
  const kubeconfigs = byUser((user) => join(folder, `${user}.kubeconfig`));
  for (const user of USER_NAMES) {
    const text = kubeconfig({ server, authority, token: tokens[user] });
    await writeFile(kubeconfigs[user], text, { mode: 0o600 });
  }
  const manager = await start(
    'kube-controller-manager',
    ...controllerFlags(folder, kubeconfigs.controllers),
  );
  await start(
    'kube-scheduler',
    ...[`--kubeconfig=${kubeconfigs.scheduler}`, '--leader-elect=false', '--secure-port=0'],
  );
  await manager.until(() => answers('/api/v1/namespaces/default/serviceaccounts/default'), signal);
  const running = parts.move();
  const dispose = (): Promise<void> => running.disposeAsync();
  return { binaries, folder, server, authority, kubeconfigs, [Symbol.asyncDispose]: dispose };
}

/** Runs kubectl with all rights. @throws with its complaint when it fails. */
export function kubectlOf(
  { binaries, folder, kubeconfigs }: RunningControlPlane,
  signal: AbortSignal,
): (...args: string[]) => Promise<unknown> {
  const program = join(binaries, 'kubectl');
  return (...args) =>
    run(program, [`--kubeconfig=${kubeconfigs.admin}`, ...args], { signal, env: { HOME: folder } });
}

export async function applyObjects(
  plane: RunningControlPlane,
  items: readonly object[],
  signal: AbortSignal,
): Promise<void> {
  const path = join(plane.folder, 'objects.json');
  await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  // The server refuses what is wrong all the same, and does not take the time to describe all of its kinds first.
  await kubectlOf(plane, signal)('apply', '--validate=false', '-f', path);
}

/** Writes the users' tokens and the key that signs those of service accounts. */
async function writeSecrets(folder: string): Promise<Record<User, string>> {
  const tokens = byUser(() => randomBytes(16).toString('hex'));
  const lines = USER_NAMES.map(
    (user) => `${tokens[user]},${USERS[user][0]},${user},${USERS[user][1]}\n`,
  );
  await writeFile(join(folder, 'tokens.csv'), lines.join(''), { mode: 0o600 });
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await writeFile(join(folder, 'service-accounts.key'), privateKey, { mode: 0o600 });
  return tokens;
}

/** What is kept need not survive a power cut. */
function etcdFlags(folder: string, url: string): string[] {
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    '--listen-peer-urls=http://127.0.0.1:0',
  ];
}

function apiServerArguments(options: {
  readonly folder: string;
  readonly etcd: string;
  readonly host: string;
  readonly port: number;
}): string[] {
  const { folder, etcd, host, port } = options;
  const key = join(folder, 'service-accounts.key');
  return [
    `--etcd-servers=${etcd}`,
    `--bind-address=${host}`,
    `--advertise-address=${host}`,
    `--secure-port=${port}`,
    `--cert-dir=${folder}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--authorization-mode=Node,RBAC',
    // The second makes owner references that block a deletion need the right to update finalizers, as on many clusters.
    '--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    '--profiling=false',
  ];
}

function controllerFlags(folder: string, config: string): string[] {
  return [
    `--kubeconfig=${config}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--use-service-account-credentials',
    `--service-account-private-key-file=${join(folder, 'service-accounts.key')}`,
    `--root-ca-file=${join(folder, 'apiserver.crt')}`,
    '--profiling=false',
  ];
}

/** Whether a GET is answered with 200. */
function isGood(url: string, authority: string, token: string): Promise<boolean> {
  return new Promise((settle) => {
    const headers = { authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    get(url, { ca: authority, headers, signal, agent: false }, (response) => {
      response.resume();
      settle(response.statusCode === 200);
    }).on('error', () => settle(false));
  });
}

async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function byUser<T>(value: (user: User) => T): Record<User, T> {
  return Object.fromEntries(USER_NAMES.map((user) => [user, value(user)])) as Record<User, T>;
}
