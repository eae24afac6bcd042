import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { AGENT_POOL, type AgentPoolResource } from './agent-pool.ts';
import {
  POOL_SPEC,
  poolManifest,
  RESOURCE_CASES,
  TOPIC_SPEC,
  topicManifest,
} from './cases.test-support.ts';
import { checkResource, withDefaults } from './check.ts';
import type { ResourceKind } from './resource.ts';
import { TOPIC, type TopicResource } from './topic.ts';

describe('checkResource', () => {
  for (const { name, kind, next, previous, refusal } of RESOURCE_CASES) {
    it(`${refusal === undefined ? 'accepts' : 'refuses'} ${name}`, () => {
      expect(previous === undefined ? [] : checkResource(kind, previous, undefined)).toEqual([]);

      const problems = checkResource(kind, next, previous);

      if (refusal === undefined) expect(problems).toEqual([]);
      else {
        expect([...new Set(problems.map(({ path }) => path))]).toEqual([refusal.path]);
        expect(problems.map(({ message }) => message).join('\n')).toContain(refusal.says);
      }
    });
  }

  it('has a refused case for every rule of both kinds', () => {
    const said = RESOURCE_CASES.flatMap(({ kind, next, previous }) =>
      checkResource(kind, next, previous).map(({ message }) => message),
    );

    for (const { message } of [...TOPIC.rules, ...AGENT_POOL.rules])
      expect(said).toContain(message);
  });

  it('names every fault at once', () => {
    const problems = checkResource(TOPIC, topicManifest({ partitions: 0, pol: 1 }), undefined);

    expect(problems.map(({ path }) => path)).toEqual(['spec.partitions', 'spec.pol']);
  });

  it('refuses what is not of the kind', () => {
    const paths = checkResource(TOPIC, poolManifest({}), undefined).map(({ path }) => path);

    expect(paths).toEqual(['kind']);
  });

  it('refuses a resource without a spec, as API servers do', () => {
    const { spec: _, ...next } = topicManifest({}) as { spec?: object };

    expect(checkResource(TOPIC, next, undefined)).toEqual([
      { path: 'spec', message: 'is required' },
    ]);
  });

  it('refuses names that no resource can have', () => {
    const problems = checkResource(TOPIC, topicManifest({}, 'Orders'), undefined);

    expect(problems).toMatchObject([{ path: 'metadata.name' }]);
  });

  it('takes metadata as the server has it', () => {
    const next = { ...topicManifest({}), metadata: { name: 'a', uid: '1', labels: { a: 'b' } } };

    expect(checkResource(TOPIC, next, undefined)).toEqual([]);
  });

  it('answers any value at all', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (next, previous) => {
        expect(checkResource(TOPIC, next, previous).length).toBeGreaterThan(0);
      }),
    );
  });

  it.each([
    { kind: TOPIC as ResourceKind, spec: TOPIC_SPEC, manifest: topicManifest },
    { kind: AGENT_POOL as ResourceKind, spec: POOL_SPEC, manifest: poolManifest },
  ])('answers any value in any field of $kind.kind', ({ kind, spec, manifest }) => {
    const field = fc.constantFrom(...Object.keys(spec));
    fc.assert(
      fc.property(field, fc.jsonValue(), fc.jsonValue(), (name, value, before) => {
        const [next, previous] = [value, before].map((one) => manifest({ ...spec, [name]: one }));

        for (const { path, message } of checkResource(kind, next, previous)) {
          expect(path).toMatch(/^spec\./);
          expect(message).not.toBe('');
        }
      }),
    );
  });

  it('lets partitions grow and never shrink', () => {
    const partitions = fc.integer({ min: 1, max: 10_000 });
    fc.assert(
      fc.property(partitions, partitions, (before, after) => {
        const problems = checkResource(
          TOPIC,
          topicManifest({ partitions: after }),
          topicManifest({ partitions: before }),
        );

        expect(problems.length === 0).toBe(after >= before);
      }),
    );
  });
});

describe('withDefaults', () => {
  it('fills in every default of a topic', () => {
    expect(withDefaults(TOPIC, topicManifest({})).spec).toEqual({
      partitions: 1,
      retention: { time: '168h' },
      durability: 'object',
      pool: 'default',
      config: {},
      deletionPolicy: 'Retain',
      deletionGracePeriod: '24h',
      adoptionPolicy: 'Adopt',
      paused: false,
    });
  });

  it('fills in every default of a pool', () => {
    expect(withDefaults(AGENT_POOL, poolManifest({})).spec).toEqual({
      replicas: 3,
      image: '',
      zones: [],
      connection: {},
      agent: {
        heartbeatInterval: '1s',
        sessionTimeout: '3s',
        flush: { maxPutsPerSecond: 10, maxBytes: '8Mi' },
        managedTopics: [],
        logLevel: 'info',
      },
      resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { memory: '1Gi' } },
      drain: { timeout: '60s' },
      rollout: { maxUnavailable: 1, paused: false, restartedAt: '' },
      disruptionBudget: { maxUnavailable: 1 },
      cache: { sizeLimit: '10Gi' },
      podTemplate: {},
    });
  });

  it('fills in what is missing inside, and leaves alone what is there', () => {
    const { spec } = withDefaults(
      AGENT_POOL,
      poolManifest({ agent: { flush: { maxBytes: '1Mi' } }, resources: { limits: { cpu: 2 } } }),
    );

    expect(spec.agent.flush).toEqual({ maxPutsPerSecond: 10, maxBytes: '1Mi' });
    expect(spec.resources).toEqual({ limits: { cpu: 2 } });
  });

  it('takes null for absent', () => {
    const { spec } = withDefaults(
      TOPIC,
      topicManifest({ partitions: null, retention: { time: '1h', bytes: null } }),
    );

    expect(spec).toMatchObject({ partitions: 1, retention: { time: '1h' } });
    expect(spec.retention).not.toHaveProperty('bytes');
  });

  it('keeps a field by the name of __proto__, so that it is refused', () => {
    const next = topicManifest(JSON.parse('{ "__proto__": { "partitions": 7 } }'));

    expect(withDefaults(TOPIC, next).spec.partitions).toBe(1);
    expect(checkResource(TOPIC, next, undefined)).toMatchObject([{ path: 'spec["__proto__"]' }]);
  });

  it('gives what plans read', () => {
    expectTypeOf(withDefaults(TOPIC, {})).toEqualTypeOf<TopicResource>();
    expectTypeOf(withDefaults(AGENT_POOL, {})).toEqualTypeOf<AgentPoolResource>();
  });

  it('changes nothing the second time', () => {
    for (const { kind, next, refusal } of RESOURCE_CASES) {
      if (refusal !== undefined) continue;
      const once = withDefaults(kind, next);

      expect(withDefaults(kind, once)).toEqual(once);
    }
  });
});
