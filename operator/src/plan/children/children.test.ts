import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { poolResource } from '../pool.test-support.ts';
import { setChild, sharedChildren } from './children.ts';
import { type GivenImage, intentOf, type PoolInstall } from './kept-image.ts';
import { APPLIED_ANNOTATION } from './names.ts';
import { podTemplate, revisionOf } from './pod.ts';

const INSTALL: PoolInstall = {
  image: 'registry.example.com/streamhouse:1.2.3',
  imagePullPolicy: 'IfNotPresent',
  imagePullSecrets: [],
  schemaVersion: 6,
  secretName: 'streamhouse-connection',
  objects: { endpoint: undefined, region: 'eu-central-1', bucket: 'records', prefix: '' },
};
const FULL = {
  replicas: 5,
  image: 'registry.example.com/other:2',
  zones: ['eu-1b', 'eu-1a'],
  connection: { secretName: 'own' },
  agent: {
    heartbeatInterval: '500ms',
    sessionTimeout: '2s',
    flush: { maxPutsPerSecond: 20, maxBytes: '4Mi' },
    managedTopics: ['b', 'a'],
    logLevel: 'debug',
  },
  resources: { requests: { cpu: '1' }, limits: { memory: '2Gi' } },
  drain: { timeout: '2m' },
  rollout: { maxUnavailable: 2, restartedAt: '2026-02-03T00:00:00Z' },
  disruptionBudget: { maxUnavailable: 2 },
  cache: { sizeLimit: '1Gi' },
  podTemplate: {
    labels: { team: 'log', 'app.kubernetes.io/name': 'not-taken' },
    annotations: { note: 'x' },
    nodeSelector: { disk: 'fast' },
    tolerations: [{ key: 'log', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    topologySpreadConstraints: [
      { maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' },
    ],
    priorityClassName: 'high',
    imagePullSecrets: [{ name: 'pull' }],
    env: [
      { name: 'NODE_OPTIONS', value: '--max-old-space-size=512' },
      { name: 'AGENT_ID', value: 'not-taken' },
    ],
    securityContext: { runAsUser: 2000, fsGroup: 3000, supplementalGroups: [4000] },
  },
};
const FULL_INSTALL: PoolInstall = {
  ...INSTALL,
  imagePullPolicy: 'Never',
  imagePullSecrets: ['install-pull'],
  objects: { ...INSTALL.objects, endpoint: 'http://s3.example.com:9000', prefix: 'team/' },
};

/**
 * A file that differs says that an upgrade of the operator replaces every agent of every pool that nobody touched: that is
 * what the files are kept for. Where it is meant, `UPDATE_GOLDEN=1` writes them anew.
 */
async function expectGolden(name: string, text: string): Promise<void> {
  const path = join(import.meta.dirname, 'testing', name);
  if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(path, text);
  expect(text).toBe(await readFile(path, 'utf8'));
}

describe('the objects of a pool', () => {
  test('are those of the release: a pool with defaults', async () => {
    const pool = poolResource();
    const set = setChild(pool, { zone: '', replicas: 3, partition: 0 }, INSTALL);
    const objects = [...sharedChildren(pool), set].map(({ object }) => object);
    await expectGolden('default-pool.yaml', stringify(objects, { aliasDuplicateObjects: false }));
  });

  test('are those of the release: a pool with everything', async () => {
    const pool = poolResource(FULL);
    const set = setChild(pool, { zone: 'eu-1a', replicas: 3, partition: 2 }, FULL_INSTALL);
    const objects = [...sharedChildren(pool), set].map(({ object }) => object);
    await expectGolden('full-pool.yaml', stringify(objects, { aliasDuplicateObjects: false }));
  });
});

test('a set is as it was for an operator whose image is another', () => {
  const applied = (install: PoolInstall, given: readonly GivenImage[]): object =>
    setChild(poolResource(), { zone: '', replicas: 3, partition: 0 }, install, given);
  const before = { intent: intentOf(poolResource(), INSTALL), image: INSTALL.image };
  const upgraded = { ...INSTALL, image: 'registry.example.com/streamhouse:1.2.4' };
  expect(applied(upgraded, [before])).toEqual(applied(INSTALL, []));
});

describe('the revision of a pod template', () => {
  const revision = (spec: object, install = INSTALL): string =>
    revisionOf(podTemplate(poolResource(spec), '', install));

  test('stays while nothing changes what runs', () => {
    const same = [
      { replicas: 7 },
      { rollout: { maxUnavailable: 3 } },
      { drain: { timeout: '1m' } },
      { disruptionBudget: { maxUnavailable: 0 } },
      { image: INSTALL.image },
    ];
    expect(same.map((spec) => revision(spec))).toEqual(same.map(() => revision({})));
  });

  test('changes with what runs', () => {
    const other = [
      { image: 'x' },
      { rollout: { restartedAt: 'now' } },
      { drain: { timeout: '61s' } },
      { agent: { logLevel: 'debug' } },
      { podTemplate: { annotations: { a: 'b' } } },
    ];
    const revisions = [{}, ...other].map((spec) => revision(spec));
    expect(new Set(revisions).size).toBe(revisions.length);
    expect(revision({}, { ...INSTALL, image: 'y' })).not.toBe(revision({}));
    expect(revision({ image: 'z' }, { ...INSTALL, image: 'y' })).toBe(revision({ image: 'z' }));
  });
});

test('what names an object as applied changes with each of its fields', () => {
  const applied = (replicas: number, partition: number): string | undefined =>
    setChild(poolResource(), { zone: '', replicas, partition }, INSTALL).object.metadata
      .annotations[APPLIED_ANNOTATION];
  expect(new Set([applied(3, 0), applied(4, 0), applied(3, 1)]).size).toBe(3);
  expect(applied(3, 0)).toBe(applied(3, 0));
});
