/**
 * The programs of a Kubernetes control plane, built once per machine from the modules in `binaries/` and kept under the
 * user's cache, in a folder named after what they are built from.
 */
import { createHash } from 'node:crypto';
import {
  access,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { runGo } from '../go.ts';
import { whileLocked } from '../lock.ts';
import { userCache } from '../user-cache.ts';
import { imageArchive } from './image-archive.ts';

/** Of what holds the namespaces of a pod. */
export const PAUSE_IMAGE = 'streamhouse.test/pause:1';

const SOURCES = join(import.meta.dirname, 'binaries');

export type BinarySet = 'controlPlane' | 'node';
type SetRecipe = {
  readonly files: readonly string[];
  /** The packages that give them, by module. */
  readonly packages: Readonly<Record<string, readonly string[]>>;
};

const PROGRAMS = 'k8s.io/kubernetes/cmd';
const SETS: Readonly<Record<BinarySet, SetRecipe>> = {
  controlPlane: {
    files: [
      'etcd',
      'helm',
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kubectl',
      'kwok',
    ],
    packages: {
      kubernetes: [
        './etcd',
        `${PROGRAMS}/kube-apiserver`,
        `${PROGRAMS}/kube-controller-manager`,
        `${PROGRAMS}/kube-scheduler`,
        `${PROGRAMS}/kubectl`,
        'helm.sh/helm/v3/cmd/helm',
        'sigs.k8s.io/kwok/cmd/kwok',
      ],
    },
  },
  node: {
    files: ['kubelet', 'kube-proxy', 'coredns', 'pause.tar'],
    packages: {
      kubernetes: [`${PROGRAMS}/kubelet`, `${PROGRAMS}/kube-proxy`],
      dns: ['./coredns', './pause'],
    },
  },
};

/** The folder that holds them, or why there is none. */
export type Binaries = { readonly folder: string } | { readonly reason: string };

export interface BinariesOptions {
  /** `KUBEBUILDER_ASSETS` names a folder that has all of them already; `XDG_CACHE_HOME` and `HOME` say where to keep them. */
  readonly env: NodeJS.ProcessEnv;
  readonly sets: readonly BinarySet[];
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** Lets everything else on the machine go first. */
  readonly isLowPriority?: boolean;
}

/** Finds the programs or builds them; processes that ask at the same time build them once. */
export async function findBinaries(options: BinariesOptions): Promise<Binaries> {
  const { env, sets, signal } = options;
  const given = env['KUBEBUILDER_ASSETS'];
  if (
    given !== undefined &&
    (await areThere(
      given,
      sets.flatMap((set) => SETS[set].files),
    ))
  )
    return { folder: given };
  const version = await kubernetesVersion();
  const folder = join(userCache(env), `kubernetes-${version}-${await sourceHash()}`);
  const isMissing = async (set: BinarySet): Promise<boolean> =>
    !(await areThere(folder, [...SETS[set].files, stamp(set)]));
  for (const set of sets) {
    if (!(await isMissing(set))) continue;
    await mkdir(folder, { recursive: true });
    const reason = await whileLocked(join(folder, 'building.lock'), signal, async () =>
      (await isMissing(set)) ? build(set, folder, version, options) : undefined,
    );
    if (reason !== undefined) return { reason };
  }
  return { folder };
}

/** Resolves why it failed, or undefined. The stamp is the last file to appear: without it the others do not count. */
async function build(
  set: BinarySet,
  folder: string,
  version: string,
  options: BinariesOptions,
): Promise<string | undefined> {
  for (const name of await readdir(folder))
    if (name.startsWith('build-')) await rm(join(folder, name), { recursive: true });
  const work = await mkdtemp(join(folder, 'build-'));
  try {
    options.log(`building Kubernetes ${version}: ${SETS[set].files.join(', ')} (once, minutes)`);
    const beganMs = performance.now();
    await cp(SOURCES, join(work, 'sources'), { recursive: true });
    for (const [module, packages] of Object.entries(SETS[set].packages)) {
      const reason = await runGo(['build', ...buildFlags(version), '-o', `${work}/`, ...packages], {
        ...options,
        cwd: join(work, 'sources', module),
        env: { ...options.env, CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '', GOOS: '', GOARCH: '' },
      });
      if (reason !== undefined) return reason;
    }
    if (set === 'node') await packPause(work);
    for (const file of SETS[set].files) await rename(join(work, file), join(folder, file));
    await writeFile(join(folder, stamp(set)), '');
    options.log(`built in ${Math.round((performance.now() - beganMs) / 1_000)} s`);
    return undefined;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** No symbols, which nobody reads here, and the versions that the programs tell when asked. */
function buildFlags(version: string): string[] {
  const [, minor] = version.split('.');
  const facts = [`gitVersion=${version}`, 'gitMajor=1', `gitMinor=${minor}`, 'gitTreeState=clean'];
  const places = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  const settings = places.flatMap((place) => facts.map((fact) => `-X ${place}.${fact}`));
  return [
    ...['-mod=readonly', '-trimpath', '-buildvcs=false', '-gcflags=all=-dwarf=false'],
    `-ldflags=-s -w ${settings.join(' ')}`,
  ];
}

async function packPause(work: string): Promise<void> {
  const root = join(work, 'pause-root');
  await mkdir(root);
  await rename(join(work, 'pause'), join(root, 'pause'));
  const out = join(work, 'pause.tar');
  await imageArchive({ name: PAUSE_IMAGE, root, config: { Entrypoint: ['/pause'] }, out });
}

async function kubernetesVersion(): Promise<string> {
  const module = await readFile(join(SOURCES, 'kubernetes/go.mod'), 'utf8');
  const version = /^\tk8s\.io\/kubernetes (v1\.\d+\.\d+)\b/m.exec(module)?.[1];
  if (version === undefined) throw new Error('go.mod names no version of Kubernetes');
  return version;
}

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256');
  const files = await readdir(SOURCES, { recursive: true, withFileTypes: true });
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name));
  for (const path of paths.toSorted()) hash.update(await readFile(path));
  return hash.digest('hex').slice(0, 12);
}

function stamp(set: BinarySet): string {
  return `${set}.complete`;
}

async function areThere(folder: string, files: readonly string[]): Promise<boolean> {
  const checks = await Promise.allSettled(files.map((file) => access(join(folder, file))));
  return checks.every(({ status }) => status === 'fulfilled');
}
