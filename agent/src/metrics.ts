/** Every series of the agent, each with what observes it. No label names a topic, key, offset or client. */
import type { ErrorKind } from '@streamhouse/core/errors.ts';
import { ERROR_KINDS } from '@streamhouse/core/errors.ts';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { OpenRun } from './partition/held-partition.ts';
import { type ProcessFigures, ProcessGauge } from './stats/process-gauge.ts';

/** Seconds: from a local disk's PUT to a slow object store. */
const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZE_BUCKETS = [1024, 16_384, 131_072, 1_048_576, 4_194_304, 8_388_608, 16_777_216];

interface GroupCounts {
  readonly groups: number;
  readonly members: number;
}

export class AgentMetrics {
  readonly registry: Registry = new Registry();
  readonly #records = this.#counter('streamhouse_log_records_total', 'Records published');
  readonly #batches = this.#counter('streamhouse_log_batches_total', 'Record batches published');
  readonly #bytes = this.#counter(
    'streamhouse_log_bytes_total',
    'Bytes of record batches published, as stored',
  );
  readonly #puts = this.#counter('streamhouse_objects_puts_total', 'Objects written');
  readonly #publishes = this.#counter(
    'streamhouse_metadata_publishes_total',
    'Publish transactions done',
  );
  readonly #fetchedBytes = this.#counter(
    'streamhouse_fetch_bytes_total',
    'Bytes of record batches sent to readers',
  );
  readonly #refused = new Counter({
    name: 'streamhouse_log_refused_total',
    help: 'Appends that were not accepted or not published, by kind of error',
    labelNames: ['kind'],
    registers: [this.registry],
  });
  readonly #held = new Gauge({
    name: 'streamhouse_leases_held_partitions',
    help: 'Partitions whose lease this agent holds',
    registers: [this.registry],
  });
  readonly #unpublished: Gauge = new Gauge({
    name: 'streamhouse_log_unpublished_bytes',
    help: 'Bytes accepted and not yet published',
    registers: [this.registry],
    collect: (): void => this.#unpublished.set(this.#readUnpublished()),
  });
  readonly #connections: Gauge = new Gauge({
    name: 'streamhouse_grpc_open_connections',
    help: 'Connections of clients to this process',
    registers: [this.registry],
    collect: (): void => this.#connections.set(this.#readConnections()),
  });
  readonly #slots = new Gauge({
    name: 'streamhouse_groups_held_slots',
    help: 'Coordinator slots that this agent holds',
    registers: [this.registry],
  });
  readonly #groups: Gauge = new Gauge({
    name: 'streamhouse_groups_coordinated_groups',
    help: 'Groups that this agent has in memory',
    registers: [this.registry],
    collect: (): void => this.#groups.set(this.#readGroups().groups),
  });
  readonly #members: Gauge = new Gauge({
    name: 'streamhouse_groups_coordinated_members',
    help: 'Members of the groups that this agent has in memory',
    registers: [this.registry],
    collect: (): void => this.#members.set(this.#readGroups().members),
  });
  readonly #generations = this.#counter(
    'streamhouse_groups_generations_total',
    'Generations of groups begun',
  );
  readonly #commits = this.#counter('streamhouse_groups_commits_total', 'Commits stored');
  readonly #committedOffsets = this.#counter(
    'streamhouse_groups_committed_offsets_total',
    'Offsets in the commits stored',
  );
  readonly #commitSeconds = this.#histogram(
    'streamhouse_groups_commit_seconds',
    'Time from the arrival of a commit until it is stored',
    LATENCY_BUCKETS,
  );
  readonly #putSeconds = this.#histogram(
    'streamhouse_objects_put_seconds',
    'Time to write an object',
    LATENCY_BUCKETS,
  );
  readonly #putBytes = this.#histogram(
    'streamhouse_objects_put_bytes',
    'Size of the objects written',
    SIZE_BUCKETS,
  );
  readonly #publishSeconds = this.#histogram(
    'streamhouse_metadata_publish_seconds',
    'Time to publish an object',
    LATENCY_BUCKETS,
  );
  readonly #flushSeconds = this.#histogram(
    'streamhouse_flush_object_seconds',
    'Time from sealing an object until its records are readable',
    LATENCY_BUCKETS,
  );
  readonly #process = new ProcessGauge();
  #readConnections: () => number = () => 0;
  #readUnpublished: () => number = () => 0;
  #readGroups: () => GroupCounts = () => ({ groups: 0, members: 0 });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    // A series that exists from the first scrape can be alerted on before the first failure.
    for (const kind of ERROR_KINDS) this.#refused.inc({ kind }, 0);
  }

  countPublished(runs: readonly OpenRun[]): void {
    for (const run of runs) {
      this.#records.inc(run.endOffset - run.baseOffset);
      this.#batches.inc(run.batches.length);
      for (const batch of run.batches) this.#bytes.inc(batch.bytes.length);
    }
  }

  countRefused(kind: ErrorKind): void {
    this.#refused.inc({ kind });
  }

  countFetched(bytes: number): void {
    this.#fetchedBytes.inc(bytes);
  }

  observeUpload(ms: number, bytes: number): void {
    this.#puts.inc();
    this.#putSeconds.observe(ms / 1000);
    this.#putBytes.observe(bytes);
  }

  observePublish(publishMs: number, flushMs: number): void {
    this.#publishes.inc();
    this.#publishSeconds.observe(publishMs / 1000);
    this.#flushSeconds.observe(flushMs / 1000);
  }

  setHeldPartitions(count: number): void {
    this.#held.set(count);
  }

  setHeldSlots(count: number): void {
    this.#slots.set(count);
  }

  countGeneration(): void {
    this.#generations.inc();
  }

  observeCommit(ms: number, offsets: number): void {
    this.#commits.inc();
    this.#committedOffsets.inc(offsets);
    this.#commitSeconds.observe(ms / 1000);
  }

  /** What the process takes now; the delay of its event loop is the longest since this was last asked. */
  process(): ProcessFigures & { readonly connections: number } {
    return { ...this.#process.read(), connections: this.#readConnections() };
  }

  /** Where connections are counted, whenever they are told. */
  setConnectionsSource(read: () => number): void {
    this.#readConnections = read;
  }

  /** Where groups and members are counted, at each scrape. */
  setGroupsSource(read: () => GroupCounts): void {
    this.#readGroups = read;
  }

  /** Where the bytes accepted and not yet published are read from, at each scrape. */
  setUnpublishedSource(read: () => number): void {
    this.#readUnpublished = read;
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.registry] });
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, buckets, registers: [this.registry] });
  }
}
