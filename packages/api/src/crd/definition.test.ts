import { describe, expect, expectTypeOf, it } from 'vitest';
import { AGENT_POOL, AGENT_POOL_CONDITIONS } from './agent-pool.ts';
import { customResourceDefinition } from './definition.ts';
import type { SchemaNode } from './open-api.ts';
import type { Finding, ResourceKind } from './resource.ts';
import { TOPIC, TOPIC_CONDITIONS } from './topic.ts';

const KINDS: readonly ResourceKind[] = [TOPIC, AGENT_POOL];

/** Every node of a schema with its path. */
function nodesOf(path: string, node: SchemaNode): [path: string, node: SchemaNode][] {
  return [
    [path, node],
    ...Object.entries(node.properties ?? {}).flatMap(([name, field]) =>
      nodesOf(`${path}.${name}`, field),
    ),
    ...(node.items === undefined ? [] : nodesOf(`${path}[]`, node.items)),
    ...(node.additionalProperties === undefined
      ? []
      : nodesOf(`${path}{}`, node.additionalProperties)),
  ];
}

function isBounded(node: SchemaNode): boolean {
  if (node['x-kubernetes-int-or-string'] === true) return node.maxLength !== undefined;
  switch (node.type) {
    case 'string':
      return node.maxLength !== undefined || node.enum !== undefined;
    case 'array':
      return node.maxItems !== undefined;
    case 'integer':
      return node.minimum !== undefined;
    case 'object':
      return node.properties !== undefined || node.maxProperties !== undefined;
    case 'boolean':
      return true;
    case undefined:
    default:
      return false;
  }
}

describe.each(KINDS)('the definition of $kind', (kind) => {
  const nodes = [...nodesOf('spec', kind.openApi.spec), ...nodesOf('status', kind.openApi.status)];

  it('bounds every string, number, list and map', () => {
    expect(nodes.filter(([, node]) => !isBounded(node)).map(([path]) => path)).toEqual([]);
  });

  it('describes every field', () => {
    const silent = nodes.filter(
      ([path, { description }]) => /\.\w+$/.test(path) && (description ?? '') === '',
    );

    expect(silent.map(([path]) => path)).toEqual([]);
  });

  it('uses no keyword that structural schemas do not have', () => {
    const keywords = new Set(nodes.flatMap(([, node]) => Object.keys(node)));
    const known = [
      ...['type', 'description', 'default', 'properties', 'additionalProperties', 'items'],
      ...['required', 'enum', 'minimum', 'maximum', 'minLength', 'maxLength', 'maxItems'],
      ...['maxProperties', 'pattern', 'format', 'x-kubernetes-validations'],
      ...['x-kubernetes-int-or-string', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys'],
      'x-kubernetes-preserve-unknown-fields',
    ];

    expect([...keywords].filter((keyword) => !known.includes(keyword))).toEqual([]);
    for (const [, { properties, additionalProperties }] of nodes)
      expect([properties, additionalProperties]).toContain(undefined);
  });

  it('keeps conditions as a list with one entry per type', () => {
    expect(kind.openApi.status.properties?.['conditions']).toMatchObject({
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    });
  });

  it('points every rule and every column of the resource at a field that there is', () => {
    const paths = new Set([...nodes.map(([path]) => path), 'metadata.name']);

    for (const { at, field } of kind.rules)
      expect(paths).toContain(at === 'spec' ? `spec.${field}` : field);
    for (const { jsonPath } of kind.columns)
      expect([...paths, 'metadata.creationTimestamp']).toContain(
        jsonPath.replace(/^\./, '').replace(/\[\?.*\]/, '[]'),
      );
  });

  it('names each condition of a column among the conditions', () => {
    const named = kind.columns.flatMap(({ jsonPath }) => /=='(\w+)'/.exec(jsonPath)?.[1] ?? []);

    for (const type of named) expect(Object.keys(kind.conditions)).toContain(type);
  });
});

describe('Finding', () => {
  it('gives each condition its own reasons and no others', () => {
    type Drifted = Extract<Finding<typeof TOPIC_CONDITIONS>, { type: 'Drifted' }>['reason'];
    type Ready = Extract<Finding<typeof AGENT_POOL_CONDITIONS>, { type: 'Ready' }>['reason'];

    expectTypeOf<Drifted>().toEqualTypeOf<keyof typeof TOPIC_CONDITIONS.Drifted.reasons>();
    expectTypeOf<Ready>().toEqualTypeOf<keyof typeof AGENT_POOL_CONDITIONS.Ready.reasons>();
  });
});

describe('customResourceDefinition', () => {
  it('has a status, and a scale where the kind has one', () => {
    expect(customResourceDefinition(TOPIC)).toMatchObject({
      spec: { versions: [{ subresources: { status: {} } }] },
    });
    expect(customResourceDefinition(AGENT_POOL)).toMatchObject({
      metadata: { name: 'agentpools.streamhouse.io' },
      spec: {
        versions: [{ subresources: { scale: { labelSelectorPath: '.status.selector' } } }],
      },
    });
  });

  it('carries each rule to where it is evaluated', () => {
    expect(customResourceDefinition(AGENT_POOL)).toMatchObject({
      spec: {
        versions: [
          {
            schema: {
              openAPIV3Schema: {
                'x-kubernetes-validations': [
                  { fieldPath: '.metadata.name' },
                  { fieldPath: '.spec.zones' },
                ],
                properties: {
                  spec: { 'x-kubernetes-validations': [{ fieldPath: '.agent.sessionTimeout' }] },
                },
              },
            },
          },
        ],
      },
    });
  });
});
