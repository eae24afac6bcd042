import type { Topic } from '@streamhouse/api/rest/topics.ts';
import { expect, test } from 'vitest';
import { topicYaml } from './topic-yaml.ts';

const TOPIC: Topic = {
  name: 'orders',
  topic_id: '00000000-0000-4000-8000-000000000000',
  partitions: 12,
  replication_factor: 1,
  created_at: 0,
  durability: 'object',
  pool: 'default',
  retention_ms: 604_800_000,
  retention_bytes: null,
  config: {},
  owner: { kind: 'kubernetes', namespace: 'shop', name: 'orders' },
  messages: 0,
  bytes: 0,
};

test('a topic of a resource names that resource', () => {
  expect(topicYaml(TOPIC)).toBe(`apiVersion: streamhouse.io/v1alpha1
kind: Topic
metadata:
  name: orders
  namespace: shop
spec:
  partitions: 12
  durability: object
  retention:
    time: 604800000ms
  pool: default
`);
});

test('a name that Kubernetes does not take becomes one that it does, and stays the name of the topic', () => {
  const yaml = topicYaml({ ...TOPIC, name: '_Shop_Orders', owner: { kind: 'api' } });
  expect(yaml).toContain('  name: shop-orders\n');
  expect(yaml).toContain('  topicName: "_Shop_Orders"\n');
});

test('what is kept for ever is kept as long as a resource can say', () => {
  expect(topicYaml({ ...TOPIC, retention_ms: null })).toContain('    time: 876000h\n');
  const bounded = topicYaml({ ...TOPIC, retention_ms: null, retention_bytes: 1_048_576 });
  expect(bounded).toContain('  retention:\n    bytes: "1048576"\n');
});

test('a name that YAML would read as something else is in quotes', () => {
  const yaml = topicYaml({ ...TOPIC, pool: 'on', config: { maxRecordBytes: '1000' } });
  expect(yaml).toContain('  pool: "on"\n');
  expect(yaml).toContain('  config:\n    maxRecordBytes: "1000"\n');
});
