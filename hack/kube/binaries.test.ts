import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Binaries, findBinaries } from './binaries.ts';

const FILES = [
  ...['etcd', 'helm', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  ...['kubectl', 'kwok'],
];
/** Writes a file for each package it is asked to build, and counts its runs. */
const GO_THAT_BUILDS = `#!/bin/sh
echo run >> "$GO_RUNS"
while [ "$1" != -o ]; do shift; done
out=$2
shift 2
for package in "$@"; do echo built > "$out\${package##*/}"; done
`;
const GO_THAT_FAILS = '#!/bin/sh\necho run >> "$GO_RUNS"\necho "no such module" >&2\nexit 1\n';

let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'streamhouse-binaries-'));
  await mkdir(join(home, 'bin'));
});
afterEach(() => rm(home, { recursive: true }));

async function go(script: string): Promise<void> {
  await writeFile(join(home, 'bin/go'), script);
  await chmod(join(home, 'bin/go'), 0o755);
}

function find(env: Record<string, string> = {}): Promise<Binaries> {
  const path = [join(home, 'bin'), '/usr/bin', '/bin'].join(delimiter);
  return findBinaries({
    env: { PATH: path, HOME: home, GO_RUNS: join(home, 'runs'), ...env },
    sets: ['controlPlane'],
    signal: AbortSignal.timeout(10_000),
    log: () => undefined,
  });
}

async function folder(found: Promise<Binaries>): Promise<string> {
  const outcome = await found;
  if ('reason' in outcome) throw new Error(outcome.reason);
  return outcome.folder;
}

async function runs(): Promise<number> {
  return (await readFile(join(home, 'runs'), 'utf8')).trim().split('\n').length;
}

it('builds once for those who ask at the same time, and for those who ask later', async () => {
  await go(GO_THAT_BUILDS);
  const [first, second] = await Promise.all([folder(find()), folder(find())]);
  expect(second).toBe(first);
  expect(await folder(find())).toBe(first);
  expect(await runs()).toBe(1);
  expect((await readdir(first)).toSorted()).toEqual(['controlPlane.complete', ...FILES]);
});

it('does not count a build that was cut short', async () => {
  await go(GO_THAT_BUILDS);
  const built = await folder(find());
  await rm(join(built, 'controlPlane.complete'));
  await mkdir(join(built, 'build-left'));
  expect(await folder(find())).toBe(built);
  expect(await runs()).toBe(2);
  expect((await readdir(built)).toSorted()).toEqual(['controlPlane.complete', ...FILES]);
});

it('says why there are none, and tries again the next time', async () => {
  await go(GO_THAT_FAILS);
  expect(await find()).toEqual({ reason: 'go build failed: no such module' });
  await go(GO_THAT_BUILDS);
  await expect(folder(find())).resolves.toContain('kubernetes-v1.');
});

it('takes a folder that has them all, and none that lacks one', async () => {
  await go(GO_THAT_FAILS);
  const given = join(home, 'given');
  await mkdir(given);
  for (const file of FILES) await writeFile(join(given, file), '');
  expect(await find({ KUBEBUILDER_ASSETS: given })).toEqual({ folder: given });
  await rm(join(given, 'helm'));
  expect(await find({ KUBEBUILDER_ASSETS: given })).toHaveProperty('reason');
});
