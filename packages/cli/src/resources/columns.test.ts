import { TOPIC } from '@streamhouse/api/crd/topic.ts';
import { describe, expect, it } from 'vitest';
import { renderTable } from '../output/table.ts';
import { age, columnsOf, valueAt } from './columns.ts';

const ORDERS = {
  metadata: { name: 'orders', namespace: 'shop', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { partitions: 12, retention: { time: '168h' }, deletionPolicy: 'Retain', pool: 'default' },
  status: {
    topicName: 'orders.v1',
    conditions: [
      { type: 'Accepted', status: 'True' },
      { type: 'Ready', status: 'False', reason: 'NotAccepted' },
    ],
  },
};

describe('the columns of a kind', () => {
  const options = { isWide: false, isEverywhere: false, nowMs: Date.UTC(2026, 0, 1, 0, 5) };

  it('are those that the definition names', () => {
    expect(renderTable(columnsOf(TOPIC, options), [ORDERS])).toBe(
      `NAME    TOPIC      PARTITIONS  RETENTION  POLICY  READY  REASON       AGE
orders  orders.v1          12  168h       Retain  False  NotAccepted  5m
`,
    );
  });

  it('are more when asked for, and say what is not there', () => {
    const columns = columnsOf(TOPIC, { ...options, isWide: true, isEverywhere: true });
    const [titles, cells] = renderTable(columns, [
      { metadata: { name: 'a', namespace: 'b' } },
    ]).split('\n');
    expect(titles).toMatch(/^NAMESPACE +NAME .* BYTES +POOL /);
    expect(cells).toMatch(/^b +a +<none>/);
  });
});

describe('valueAt', () => {
  it.each([
    ['.spec.partitions', 12],
    [".status.conditions[?(@.type=='Ready')].reason", 'NotAccepted'],
    [".status.conditions[?(@.type=='Gone')].reason", undefined],
    [".spec.partitions[?(@.type=='Ready')].reason", undefined],
    ['.spec.nope.deep', undefined],
  ])('%s is %j', (path, value) => {
    expect(valueAt(ORDERS, path)).toBe(value);
  });
});

describe('age', () => {
  it.each([
    [-5, '0s'],
    [119, '119s'],
    [120, '2m'],
    [330, '5m30s'],
    [3_600, '60m'],
    [10_800, '3h'],
    [11_460, '3h11m'],
    [100_000, '27h'],
    [190_800, '2d5h'],
    [864_000, '10d'],
    [70_000_000, '2y80d'],
    [300_000_000, '9y'],
  ])('%i seconds are %s', (seconds, text) => {
    expect(age(seconds * 1_000)).toBe(text);
  });
});
