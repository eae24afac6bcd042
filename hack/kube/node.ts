/**
 * One real node, on which pods run: kubelet, kube-proxy and CoreDNS on the distribution's containerd. It takes root on
 * Linux, adds a bridge and packet filter rules to this machine, and there is one at a time. Pods reach this machine at
 * `NODE_HOST` and no other network; images come from archives only.
 */
import { execFile } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterwards } from '../tied.ts';
import { Component } from './component.ts';
import {
  applyObjects,
  type ControlPlaneOptions,
  kubectlOf,
  type RunningControlPlane,
  startControlPlane,
} from './control-plane.ts';
import {
  containerdConfig,
  dnsConfig,
  kubeletConfig,
  networkConfig,
  NODE_HOST,
  proxyConfig,
  RUN,
  SOCKET,
  STATE,
} from './node-config.ts';
import { storage } from './storage.ts';

const run = promisify(execFile);
const BRIDGE = 'streamhouse0';
const REMOVAL = join(import.meta.dirname, 'remove-node.sh');
const PROGRAMS = ['containerd', 'ctr', 'runc', 'iptables-save', 'ip', 'openssl'];
const PLUGIN_FOLDERS = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni'];
const PACKAGES = 'containerd runc containernetworking-plugins iptables iproute2 openssl';
const READY_MS_MAX = 120_000;

export interface NodeOptions extends Pick<ControlPlaneOptions, 'binaries' | 'signal'> {
  /** Archives to import, as imageArchive writes them; pods name them with `imagePullPolicy: Never`. */
  readonly images: readonly string[];
}

/** Why a node cannot run on this machine, or undefined. */
export async function nodeObstacle(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a node needs root on Linux';
  for (const program of PROGRAMS)
    if ((await whereIs(program)) === undefined)
      return `a node needs ${program} (Debian: apt-get install ${PACKAGES})`;
  if ((await pluginFolder()) === undefined)
    return `a node needs the CNI plugins (Debian: apt-get install ${PACKAGES})`;
  const isLeftBehind = await isThere(RUN);
  return (
    (await owner()) ?? (isLeftBehind ? undefined : await strangers()) ?? (await lackOfRights())
  );
}

/** There is one runtime folder, which names the process that has the machine. */
async function owner(): Promise<string | undefined> {
  const pid = await readFile(join(RUN, 'owner'), 'utf8').catch(() => '');
  if (pid === '' || !(await isThere(`/proc/${pid}`))) return undefined;
  return `process ${pid} runs a node on this machine already`;
}

async function strangers(): Promise<string | undefined> {
  const { stdout } = await run('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-name', 'kubepods*']);
  return stdout === '' ? undefined : 'another kubelet has pods on this machine';
}

/** In a container root may not be allowed to make a bridge and a cgroup, so both are tried. */
async function lackOfRights(): Promise<string | undefined> {
  const name = `shtry${process.pid}`;
  try {
    await run('ip', ['link', 'add', name, 'type', 'bridge']);
    await run('ip', ['link', 'delete', name]);
    await mkdir(join('/sys/fs/cgroup', name));
    await rmdir(join('/sys/fs/cgroup', name));
    return undefined;
  } catch (error) {
    return `a node needs rights that root does not have here: ${String(error).trim()}`;
  }
}

/** A control plane with one real node, where nothing is in the way. One that another run left behind is removed; one that lives is an error. */
export async function startNodeCluster(options: NodeOptions): Promise<RunningControlPlane> {
  const { binaries, signal } = options;
  await using parts = new AsyncDisposableStack();
  await takeMachine();
  parts.use(afterwards('/bin/sh', REMOVAL));
  await run('ip', ['link', 'add', BRIDGE, 'type', 'bridge']);
  await run('ip', ['addr', 'add', `${NODE_HOST}/24`, 'dev', BRIDGE]);
  await run('ip', ['link', 'set', BRIDGE, 'up']);
  const certificate = await kubeletClient();
  const apiServerFlags = [
    `--kubelet-client-certificate=${certificate}`,
    `--kubelet-client-key=${certificate}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--allow-privileged',
  ];
  const host = NODE_HOST;
  const plane = parts.use(await startControlPlane({ binaries, signal, host, apiServerFlags }));
  await applyObjects(plane, await storage(join(STATE, 'volumes')), signal);
  const soon = AbortSignal.any([signal, AbortSignal.timeout(READY_MS_MAX)]);
  parts.use(await startContainerd(plane, options.images, soon));
  parts.use(await startKubelet(plane, certificate, soon));
  parts.use(await startProxy(plane, soon));
  parts.use(await startNames(plane, soon));
  const running = parts.move();
  return { ...plane, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function takeMachine(): Promise<void> {
  refuse(await owner());
  await run('/bin/sh', [REMOVAL]);
  refuse(await strangers());
  await mkdir(RUN, { mode: 0o700 });
  await writeFile(join(RUN, 'owner'), String(process.pid));
  await mkdir(STATE, { mode: 0o711 });
}

function refuse(obstacle: string | undefined): void {
  if (obstacle !== undefined) throw new Error(obstacle);
}

/** Makes what the API server shows to the kubelet, and the kubelet knows it by: a certificate of its own, with its key. */
async function kubeletClient(): Promise<string> {
  const path = join(STATE, 'kubelet-client.pem');
  const subject = '/O=system:masters/CN=kube-apiserver-kubelet-client';
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', '30', '-subj', subject, '-addext', 'extendedKeyUsage=clientAuth'],
    ...['-keyout', path, '-out', `${path}.certificate`],
  ]);
  const certificate = await readFile(`${path}.certificate`, 'utf8');
  await writeFile(path, certificate + (await readFile(path, 'utf8')), { mode: 0o600 });
  return path;
}

async function startContainerd(
  plane: RunningControlPlane,
  images: readonly string[],
  signal: AbortSignal,
): Promise<Component> {
  const [program, plugins] = [await whereIs('containerd'), await pluginFolder()];
  if (program === undefined || plugins === undefined)
    throw new Error('gone since it was looked for');
  const config = join(STATE, 'containerd.toml');
  await writeFile(config, containerdConfig(plugins));
  await mkdir(join(STATE, 'cni'));
  await writeFile(join(STATE, 'cni/10-bridge.conflist'), JSON.stringify(networkConfig(BRIDGE)));
  const containerd = await Component.start(program, plane, [`--config=${config}`]);
  const ctr = (...args: string[]): Promise<unknown> =>
    run('ctr', [`--address=${SOCKET}`, '--namespace=k8s.io', ...args]);
  await containerd.until(() => succeeds(ctr('version')), signal);
  for (const image of [join(plane.binaries, 'pause.tar'), ...images])
    await ctr('images', 'import', image);
  return containerd;
}

async function startKubelet(
  plane: RunningControlPlane,
  certificate: string,
  signal: AbortSignal,
): Promise<Component> {
  const config = join(STATE, 'kubelet.json');
  await writeFile(config, JSON.stringify(kubeletConfig(certificate)));
  const kubelet = await Component.start('kubelet', plane, [
    `--config=${config}`,
    `--kubeconfig=${plane.kubeconfigs.node}`,
    `--root-dir=${join(STATE, 'kubelet')}`,
    `--cert-dir=${join(STATE, 'pki')}`,
    '--hostname-override=local',
    `--node-ip=${NODE_HOST}`,
    '--node-labels=topology.kubernetes.io/zone=zone-0',
  ]);
  const kubectl = kubectlOf(plane, signal);
  const isReady = (): Promise<boolean> =>
    succeeds(kubectl('wait', '--for=condition=Ready', 'node/local', '--timeout=5s'));
  await kubelet.until(isReady, signal);
  return kubelet;
}

async function startProxy(plane: RunningControlPlane, signal: AbortSignal): Promise<Component> {
  const config = join(STATE, 'kube-proxy.json');
  await writeFile(config, JSON.stringify(proxyConfig(plane.kubeconfigs.admin)));
  const proxy = await Component.start('kube-proxy', plane, [`--config=${config}`]);
  const health = `http://${NODE_HOST}:10256/healthz`;
  await proxy.until(
    () =>
      fetch(health).then(
        ({ ok }) => ok,
        () => false,
      ),
    signal,
  );
  return proxy;
}

async function startNames(plane: RunningControlPlane, signal: AbortSignal): Promise<Component> {
  const config = join(STATE, 'Corefile');
  await writeFile(config, dnsConfig(plane.kubeconfigs.admin));
  const names = await Component.start('coredns', plane, ['-conf', config]);
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([NODE_HOST]);
  await names.until(
    () => succeeds(resolver.resolve4('kubernetes.default.svc.cluster.local')),
    signal,
  );
  return names;
}

async function pluginFolder(): Promise<string | undefined> {
  for (const folder of PLUGIN_FOLDERS) if (await isThere(join(folder, 'bridge'))) return folder;
  return undefined;
}

async function whereIs(program: string): Promise<string | undefined> {
  return await run('/bin/sh', ['-c', `command -v ${program}`]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

function isThere(path: string): Promise<boolean> {
  return succeeds(access(path));
}

async function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return await attempt.then(
    () => true,
    () => false,
  );
}
