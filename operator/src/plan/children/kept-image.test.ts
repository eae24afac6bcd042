import { describe, expect, test } from 'vitest';
import { poolResource } from '../pool.test-support.ts';
import { type GivenImage, imageOf, intentOf, type PoolInstall } from './kept-image.ts';

const OLD: PoolInstall = {
  image: 'streamhouse:1',
  imagePullPolicy: 'IfNotPresent',
  imagePullSecrets: [],
  schemaVersion: 6,
  secretName: 'connection',
  objects: { endpoint: undefined, region: 'eu-central-1', bucket: 'records', prefix: '' },
};
const NEW: PoolInstall = { ...OLD, image: 'streamhouse:2' };

/** What the sets of a pool say after an operator has applied them. */
function given(spec: object, install = OLD): readonly GivenImage[] {
  const pool = poolResource(spec);
  return [{ intent: intentOf(pool, install), image: imageOf(pool, [], install) }];
}

describe('the image of a pool', () => {
  test('is the one that it names', () => {
    expect(imageOf(poolResource({ image: 'own:1' }), given({}), NEW)).toBe('own:1');
  });

  test('that names none is that of its operator at first', () => {
    expect(imageOf(poolResource(), [], OLD)).toBe('streamhouse:1');
  });

  test('stays when the operator has another one', () => {
    expect(imageOf(poolResource(), given({}), NEW)).toBe('streamhouse:1');
  });

  test.each([
    ['scaled', { replicas: 9 }],
    ['spread over zones', { zones: ['zone-0', 'zone-1'] }],
    ['rolled faster', { rollout: { maxUnavailable: 2 } }],
  ])('stays when the pool is %s', (_name, spec) => {
    expect(imageOf(poolResource(spec), given({}), NEW)).toBe('streamhouse:1');
  });

  test.each([
    ['is restarted', {}, { rollout: { restartedAt: 'now' } }],
    ['changes how its agents run', {}, { agent: { logLevel: 'debug' } }],
    ['names an image no more', { image: 'own:1' }, {}],
  ])('follows the operator when the pool %s', (_name, before, spec) => {
    expect(imageOf(poolResource(spec), given(before), NEW)).toBe('streamhouse:2');
  });

  test.each([
    ['tables that its agents could not start on', { schemaVersion: 7 }],
    ['another bucket', { objects: { ...OLD.objects, bucket: 'other' } }],
  ])('follows the operator when the installation has %s', (_name, change) => {
    expect(imageOf(poolResource(), given({}), { ...NEW, ...change })).toBe('streamhouse:2');
  });

  test('of a new zone is that of the others', () => {
    const fresh = { intent: '', image: '' };
    expect(imageOf(poolResource(), [fresh, ...given({})], NEW)).toBe('streamhouse:1');
  });
});
