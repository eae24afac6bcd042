/**
 * `manifests/install.yaml`: the chart with its default values, for `kubectl apply` with no Helm. `npm run gen:install`
 * writes it, with the helm of the control plane's binaries, which it builds where there are none.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findBinaries } from './kube/binaries.ts';

const ROOT = join(import.meta.dirname, '..');
const NAMESPACE = 'streamhouse';
export const INSTALL_MANIFEST: string = join(ROOT, 'manifests/install.yaml');
/** Renders what it is made from. */
export const INSTALL_ARGUMENTS: readonly string[] = [
  ...['template', 'streamhouse', join(ROOT, 'helm/streamhouse'), '--namespace', NAMESPACE],
  // Without a cluster helm knows no version but its own.
  ...['--kube-version', '1.36', '--no-hooks', '--skip-tests'],
];

const HEAD = `# Written by hack/install-manifest.ts from helm/streamhouse with its default values.
---
apiVersion: v1
kind: Namespace
metadata:
  name: ${NAMESPACE}
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;
/** What only Helm reads, and the keys that are left with nothing under them. */
const OF_HELM = /^ +(?:app\.kubernetes\.io\/managed-by: Helm|helm\.sh\/.*)\n/gm;
const EMPTY_ANNOTATIONS = /^( *)annotations:\n(?!\1 )/gm;

/** The manifest, from what helm rendered. */
export function installManifest(rendered: string): string {
  return `${HEAD}${rendered.replaceAll(OF_HELM, '').replaceAll(EMPTY_ANNOTATIONS, '')}`;
}

async function main(): Promise<void> {
  const found = await findBinaries({
    env: process.env,
    sets: ['controlPlane'],
    signal: new AbortController().signal,
    log: (line) => console.error(line),
  });
  if ('reason' in found) throw new Error(`there is no helm: ${found.reason}`);
  const { status, stdout, stderr } = spawnSync(join(found.folder, 'helm'), INSTALL_ARGUMENTS, {
    encoding: 'utf8',
    maxBuffer: 16 * 1024 ** 2,
  });
  if (status !== 0) throw new Error(`helm template failed: ${stderr}`);
  mkdirSync(dirname(INSTALL_MANIFEST), { recursive: true });
  writeFileSync(INSTALL_MANIFEST, installManifest(stdout));
}

if (import.meta.main) await main();
