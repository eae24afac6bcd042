import type { Topic } from '@streamhouse/api/rest/topics.ts';
import { expect, test } from 'vitest';
import { changeOf, differencesOf, warningsOf } from './topic-change.ts';

const TOPIC: Topic = {
  name: 'orders',
  topic_id: '00000000-0000-4000-8000-000000000000',
  partitions: 3,
  replication_factor: 1,
  created_at: 0,
  durability: 'object',
  pool: 'default',
  retention_ms: 604_800_000,
  retention_bytes: null,
  config: { maxRecordBytes: '65536', later: 'x' },
  owner: { kind: 'api' },
  messages: 0,
  bytes: 0,
};

test('asks only for what differs', () => {
  const same = { partitions: '3', retentionMs: '168h', durability: 'object' };
  expect(changeOf(TOPIC, { ...same, retentionBytes: '10Gi' })).toEqual({
    change: { retentionBytes: 10 * 1024 ** 3 },
    faults: new Map(),
  });
});

test('an empty field takes a bound away, and leaves what else is configured', () => {
  const wish = { retentionMs: '', 'config.maxRecordBytes': ' ' };
  expect(changeOf(TOPIC, wish).change).toEqual({ retentionMs: null, config: { later: 'x' } });
  const larger = changeOf(TOPIC, { 'config.maxRecordBytes': '1Mi' });
  expect(larger.change).toEqual({ config: { later: 'x', maxRecordBytes: '1048576' } });
});

test.each([
  ['partitions', '2'],
  ['partitions', '6.5'],
  ['retentionMs', 'a week'],
  ['retentionBytes', '0'],
  ['config.maxRecordBytes', 'much'],
])('a %s of %j is not asked for', (field, text) => {
  const { change, faults } = changeOf(TOPIC, { [field]: text });
  expect([...faults.keys()]).toEqual([field]);
  expect(Object.values(change).filter((value) => value !== undefined)).toEqual([]);
});

test('what differs is told as people say it', () => {
  const after: Topic = { ...TOPIC, partitions: 6, retention_ms: null, config: { later: 'x' } };
  expect(differencesOf(TOPIC, after)).toEqual([
    { field: 'partitions', before: '3', after: '6' },
    { field: 'retentionMs', before: '168h', after: 'for ever' },
    { field: 'config.maxRecordBytes', before: '64Ki', after: 'the default' },
  ]);
});

test('warns of keys that move, of records that go, and of nothing else', () => {
  const warned = (after: Partial<Topic>): string =>
    warningsOf(TOPIC, { ...TOPIC, ...after }).join();
  expect(warned({ partitions: 6 })).toContain('Keys of new records may go to other partitions');
  expect(warned({ durability: 'memory' })).toContain('lost when an agent fails');
  expect(warned({ retention_ms: 1_000 })).toContain('do not come back');
  expect(warned({ retention_bytes: 1_000 })).toContain('do not come back');
  expect(warned({ pool: 'fast' })).toContain('agents of the pool fast');
  expect(warned({ retention_ms: null })).toBe('');
});
