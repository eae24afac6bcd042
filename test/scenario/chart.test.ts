/** What can be asked of the chart and the image without helm and without a builder. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentMetrics } from '@streamhouse/agent/metrics.ts';
import { expect, test } from 'vitest';
import { labels } from '../../hack/image/config.ts';
import { CHART, chartFile } from '../harness/chart.ts';
import { leaves, VARIANTS } from './chart/variants.ts';

const ROOT = join(CHART, '../..');
/** Helm hands it to every chart. */
const OF_PARENT_CHARTS = 'global';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
}

/** Paths of the objects that take keys which nobody declared. */
function openObjects(schema: Schema, path: string): string[] {
  const { properties } = schema;
  if (properties === undefined) return [];
  const inside = Object.entries(properties).flatMap(([name, each]) =>
    openObjects(each, `${path}.${name}`),
  );
  return schema.additionalProperties === false ? inside : [path, ...inside];
}

/** Whether a path is declared; what lies in a map or a resource of free content is. */
function knows(schema: Schema | undefined, path: readonly string[]): boolean {
  const [name, ...rest] = path;
  if (schema === undefined) return false;
  if (name === undefined || schema.properties === undefined) return true;
  return knows(schema.properties[name], rest);
}

/** Paths of all values that are declared; what lies in a map or a resource of free content is not. */
function namesIn({ properties = {} }: Schema): string[] {
  return Object.entries(properties).flatMap(([name, each]) =>
    each.properties === undefined ? [name] : namesIn(each).map((rest) => `${name}.${rest}`),
  );
}

test('every value of the chart is tried with another value', async () => {
  expect(Object.keys(VARIANTS).toSorted()).toEqual(
    leaves(await chartFile('values.yaml')).toSorted(),
  );
});

test('the schema of the values knows every value and is closed', async () => {
  const schema = (await chartFile('values.schema.json')) as Schema;
  expect(openObjects(schema, 'values')).toEqual([]);
  for (const path of Object.keys(VARIANTS)) {
    expect({ path, isKnown: knows(schema, path.split('.')) }).toEqual({ path, isKnown: true });
  }
});

test('every value that the schema of the values names is one of the chart', async () => {
  const schema = (await chartFile('values.schema.json')) as Schema;
  const tried = Object.keys(VARIANTS);
  const isTried = (path: string): boolean =>
    tried.some((other) => other === path || other.startsWith(`${path}.`));
  const named = namesIn(schema).filter((path) => path !== OF_PARENT_CHARTS);
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((path) => !isTried(path))).toEqual([]);
});

test('dashboards and alerts name series that agents expose', async () => {
  const exposed = new Set(await seriesOfAgents());
  const dashboards = await readdir(join(CHART, 'files/dashboards'));
  const files = ['alerts.yaml', ...dashboards.map((name) => `dashboards/${name}`)];
  for (const file of files) {
    const text = await readFile(join(CHART, 'files', file), 'utf8');
    const named = text.match(/\b(?:streamhouse|nodejs|process)_[a-z0-9_]+/g) ?? [];
    expect(named.length).toBeGreaterThan(4);
    expect({ file, unknown: named.filter((name) => !exposed.has(name)) }).toEqual({
      file,
      unknown: [],
    });
  }
});

/** Names as Prometheus keeps them. */
async function seriesOfAgents(): Promise<string[]> {
  const lines = (await new AgentMetrics().registry.metrics()).split('\n');
  const types = lines.flatMap((line) => {
    const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    return type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
  });
  return types.filter((name) => name !== '');
}

test('the Dockerfile copies the manifest of every workspace, and says what other images say', async () => {
  const dockerfile = await readFile(join(ROOT, 'hack/image/Dockerfile'), 'utf8');
  const copied = [...dockerfile.matchAll(/^COPY (\S+)\/package\.json \1\/$/gm)].map(
    (match) => match[1] ?? '',
  );
  const { workspaces } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    readonly workspaces: readonly string[];
  };
  const folders = await Promise.all(
    workspaces.map(async (each) =>
      each.endsWith('/*')
        ? (await readdir(join(ROOT, each.slice(0, -2)))).map((name) => each.replace('*', name))
        : [each],
    ),
  );
  expect(copied.toSorted()).toEqual(folders.flat().toSorted());
  const said = labels('$VERSION', '$REVISION');
  for (const [name, value] of Object.entries(said))
    expect(dockerfile).toContain(`${name}="${value}"`);
});
