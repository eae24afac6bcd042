import { describe, expect, test } from 'vitest';
import { AgentMetrics } from './metrics.ts';
import { lintMetrics } from './testing/lint-metrics.test-support.ts';

describe('A-03 the metrics', () => {
  test('are in order from the first scrape on', async () => {
    const text = await new AgentMetrics().registry.metrics();
    expect(lintMetrics(text)).toEqual([]);
  });

  test('have a series before anything has happened', async () => {
    const text = await new AgentMetrics().registry.metrics();
    for (const sample of [
      'streamhouse_log_records_total 0',
      'streamhouse_objects_puts_total 0',
      'streamhouse_metadata_publishes_total 0',
      'streamhouse_log_refused_total{kind="overloaded"} 0',
      'streamhouse_objects_put_seconds_count 0',
      'streamhouse_leases_held_partitions 0',
      'streamhouse_log_unpublished_bytes 0',
    ]) {
      expect(text.split('\n')).toContain(sample);
    }
  });

  test.each([
    ['# HELP a_total x\n# TYPE a_total counter\na_total 1\n', "a_total is nobody's"],
    ['streamhouse_log_x_total 1\n', 'no TYPE or HELP'],
    ['# HELP streamhouse_log_x_bytes x\n# TYPE streamhouse_log_x_bytes counter\n', 'end in _total'],
    ['# HELP streamhouse_flush_seconds x\n# TYPE streamhouse_flush_seconds gauge\n', 'no area'],
    ['# HELP streamhouse_log_x_total x\n# TYPE streamhouse_log_x_total counter\n', 'has no series'],
    ['# TYPE process_x_total counter\n# TYPE process_x_total counter\n', 'two TYPE lines'],
    ['process_x{a="1",b="2"} 1\nprocess_x{b="2",a="1"} 1\n', 'comes twice'],
    ['process_x{a="1} 1\n', 'is no sample'],
    ['process_x one\n', 'is no sample'],
    ['process_x{topic="orders"} 1\n', 'label without a bound'],
    ['# HELP process_x_total x', 'the last line has no end'],
  ])('of another kind are found: %j', (text, fault) => {
    expect(lintMetrics(text).join('\n')).toContain(fault);
  });
});
