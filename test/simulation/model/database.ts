/**
 * What Postgres is to the system, in memory: the tables, and every statement of the metadata port as one synchronous step,
 * which is what a transaction that locks its rows amounts to. It passes the suite that the real one passes.
 */
import { StreamError } from '@streamhouse/core/errors.ts';
import {
  epoch,
  type Incarnation,
  incarnation,
  type Offset,
  offset,
  type PartitionIndex,
  partitionIndex,
  partitionKey,
  producerId,
  type ProducerId,
  type TopicId,
  type TopicPartition,
} from '@streamhouse/core/ids.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { AgentRegistration, AgentSession } from '@streamhouse/store/metadata/agents.ts';
import type { Change } from '@streamhouse/store/metadata/changes.ts';
import type {
  Handover,
  HeldPartition,
  LeaseCount,
  PartitionLease,
} from '@streamhouse/store/metadata/leases.ts';
import type { PublishRequest, PublishResult } from '@streamhouse/store/metadata/log.ts';
import type { AgentStats } from '@streamhouse/store/metadata/stats.ts';
import type { PartitionRow, SessionRow } from './rows.ts';
import type { StoreBug, StoreWitness } from './witness.ts';
import { GroupTable } from './group-table.ts';
import { TopicTable } from './topic-table.ts';

export interface DatabaseOptions {
  readonly newTopicId: () => TopicId;
  readonly wallMs: () => number;
  readonly witness?: StoreWitness;
  /** A bug of the store, to see that it is found. */
  readonly bug?: StoreBug | undefined;
}

export class Database {
  readonly topics: TopicTable;
  readonly groups: GroupTable;
  readonly #options: DatabaseOptions;
  readonly #witness: StoreWitness | undefined;
  readonly #bug: StoreBug | undefined;
  readonly #sessions = new Map<Incarnation, SessionRow>();
  readonly #stats = new Map<Incarnation, AgentStats>();
  readonly #objects = new Map<string, { incarnation: Incarnation; rejected: Set<number> }>();
  readonly #listeners = new Set<(change: Change) => void>();
  #nextIncarnation = 1;
  #nextProducerId = 1;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#witness = options.witness;
    this.#bug = options.bug;
    this.topics = new TopicTable({
      ...options,
      notify: (...changes) => this.#notify(...changes),
      onLease: (row) => this.#noteLease(row),
    });
    this.groups = new GroupTable({
      ...options,
      topics: this.topics,
      isLive: (me) => this.#live(me) !== undefined,
      onSlots: () => this.#notify('groups'),
    });
  }

  /** Calls `listener` after each change; the result takes it back. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  register(agent: AgentRegistration): Incarnation {
    for (const [old, session] of this.#sessions) {
      if (session.agentId === agent.agentId && !session.isFenced) this.#fence(old, session);
    }
    const me = incarnation(this.#nextIncarnation++);
    const startedAtMs = this.#options.wallMs();
    this.#sessions.set(me, { ...agent, startedAtMs, isDraining: false, isFenced: false, beat: 0 });
    this.#notify('agents');
    return me;
  }

  renew(me: Incarnation): boolean {
    const session = this.#live(me);
    if (session === undefined) return false;
    session.beat++;
    return true;
  }

  live(): readonly AgentSession[] {
    const sessions: AgentSession[] = [];
    for (const [me, { isFenced, ...session }] of this.#sessions) {
      if (!isFenced) sessions.push({ incarnation: me, ...session });
    }
    return sessions;
  }

  drain(me: Incarnation): void {
    const session = this.#sessions.get(me);
    if (session === undefined || session.isDraining) return;
    session.isDraining = true;
    this.#notify('agents');
  }

  fence(target: Incarnation, observedBeat: number | undefined): boolean {
    const session = this.#live(target);
    if (session === undefined) return false;
    if (observedBeat !== undefined && session.beat !== observedBeat) return false;
    this.#fence(target, session);
    return true;
  }

  fenceAgent(agentId: string): number {
    let count = 0;
    for (const [me, session] of this.#sessions) {
      if (session.agentId !== agentId || session.isFenced) continue;
      this.#fence(me, session);
      count++;
    }
    return count;
  }

  writeStats(stats: AgentStats): void {
    if (this.#live(stats.incarnation) !== undefined) this.#stats.set(stats.incarnation, stats);
  }

  liveStats(limit: number): ReadonlyMap<Incarnation, AgentStats | undefined> {
    const live = this.live().slice(0, limit);
    return new Map(live.map(({ incarnation: me }) => [me, this.#stats.get(me)]));
  }

  leases(): readonly PartitionLease[] {
    return this.topics.partitionRows().map((row) => this.#lease(row));
  }

  leaseCounts(pool: string, topics: readonly string[]): readonly LeaseCount[] {
    const rows = this.topics.partitionRows().filter(({ topic }) => {
      return topic.pool === pool && (topics.length === 0 || topics.includes(topic.name));
    });
    const byHolder = Map.groupBy(rows, (row) => this.#lease(row).holder);
    return [...byHolder].map(([holder, held]) => ({ holder, partitions: held.length }));
  }

  holder(topicId: TopicId, partition: PartitionIndex): PartitionLease | undefined {
    const row = this.topics.partition(topicId, partition);
    return row === undefined || row.topic.isDeleted ? undefined : this.#lease(row);
  }

  takeover(me: Incarnation, wanted: readonly TopicPartition[]): readonly HeldPartition[] {
    if (this.#live(me) === undefined) return [];
    const taken: PartitionRow[] = [];
    for (const { topicId, partition } of wanted) {
      const row = this.topics.partition(topicId, partition);
      if (row === undefined || row.topic.isDeleted || this.#live(row.holder) !== undefined)
        continue;
      row.holder = me;
      if (this.#bug !== 'takeover-keeps-epoch') row.epoch = epoch(row.epoch + 1);
      this.#noteLease(row);
      taken.push(row);
    }
    if (taken.length > 0) this.#notify('leases');
    return taken.map((row) => this.#held(row));
  }

  load(me: Incarnation, wanted: readonly TopicPartition[]): readonly HeldPartition[] {
    const rows = wanted.map(({ topicId, partition }) => this.topics.partition(topicId, partition));
    return rows.flatMap((row) => (row?.holder === me ? [this.#held(row)] : []));
  }

  release(me: Incarnation, handovers: readonly Handover[]): number {
    if (this.#live(me) === undefined) return 0;
    let count = 0;
    for (const { topicId, partition, epoch: at, heir } of handovers) {
      const row = this.topics.partition(topicId, partition);
      if (row === undefined || row.holder !== me || row.epoch !== at) continue;
      row.holder = this.#live(heir) === undefined ? undefined : heir;
      row.epoch = this.#bug === 'release-forgets-epoch' ? epoch(0) : epoch(row.epoch + 1);
      this.#noteLease(row);
      count++;
    }
    if (count > 0) this.#notify('leases');
    return count;
  }

  /** F1, F2 and F3 as in `0005-publish.sql`. */
  publish(request: PublishRequest): PublishResult {
    const { incarnation: me, objectKey: key, runs } = request;
    const isLive = this.#live(me) !== undefined || this.#bug === 'publish-without-fence';
    const object = this.#bug === 'publish-forgets-keys' ? undefined : this.#objects.get(key);
    const known = object?.incarnation === me ? object : undefined;
    if (known === undefined && !isLive) {
      throw new StreamError('fenced', 'AGENT_FENCED', `incarnation ${me} is fenced`);
    }
    if (known !== object) {
      throw new StreamError('internal', 'POSTGRES_STATEMENT', `${key} is another incarnation's`);
    }
    if (known === undefined && runs.some((run) => run.recordCount <= 0)) {
      throw new StreamError('internal', 'POSTGRES_STATEMENT', 'a run has no records');
    }
    const rejected = known?.rejected ?? this.#publishFirst(request);
    return { accepted: [...runs.keys()].filter((index) => !rejected.has(index)) };
  }

  allocateProducerId(): ProducerId {
    return producerId(this.#nextProducerId++);
  }

  #publishFirst({ incarnation: me, objectKey, runs }: PublishRequest): Set<number> {
    const rejected = new Set<number>();
    for (const [index, run] of runs.entries()) {
      const row = this.topics.partition(run.topicId, run.partition);
      const isHeld = row?.holder === me && row.epoch === run.epoch;
      const isNext = row?.nextOffset === run.baseOffset;
      if (row === undefined || !isNext || !(isHeld || this.#bug === 'publish-without-epoch')) {
        rejected.add(index);
        continue;
      }
      this.#witness?.published(me, run, objectKey);
      row.nextOffset = offset(run.baseOffset + run.recordCount);
      row.bytes += run.length;
      const { baseOffset, epoch: at, position, length, crc, maxTimestampMs } = run;
      const lastOffset = offset(row.nextOffset - 1);
      row.runs.push({
        ...{ baseOffset, lastOffset, epoch: at, objectKey },
        ...{ position, length, crc, maxTimestampMs },
      });
      if (this.#bug === 'producers-in-memory') continue;
      for (const producer of run.producers) row.producers.set(producer.producerId, producer);
    }
    this.#objects.set(objectKey, { incarnation: me, rejected });
    return rejected;
  }

  #fence(target: Incarnation, session: SessionRow): void {
    session.isFenced = true;
    this.#stats.delete(target);
    this.#witness?.fenced(target);
    this.#notify('agents', 'leases');
  }

  #live(me: Incarnation | undefined): SessionRow | undefined {
    const session = me === undefined ? undefined : this.#sessions.get(me);
    return session?.isFenced === false ? session : undefined;
  }

  #lease(row: PartitionRow): PartitionLease {
    return {
      topicId: row.topic.topicId,
      partition: partitionIndex(row.partition),
      pool: row.topic.pool,
      holder: this.#live(row.holder) === undefined ? undefined : row.holder,
      epoch: row.epoch,
    };
  }

  #held(row: PartitionRow): HeldPartition {
    const producers = [...row.producers.values()].sort((a, b) => newest(a) - newest(b));
    return {
      topicId: row.topic.topicId,
      partition: partitionIndex(row.partition),
      epoch: row.epoch,
      nextOffset: row.nextOffset,
      logStartOffset: row.logStartOffset,
      producers: producers.slice(-LIMITS.partitionProducersMax),
    };
  }

  #noteLease(row: PartitionRow): void {
    const key = partitionKey(row.topic.topicId, partitionIndex(row.partition));
    this.#witness?.leaseChanged(key, row.holder, row.epoch);
  }

  #notify(...changes: readonly Change[]): void {
    for (const listener of this.#listeners) for (const change of changes) listener(change);
  }
}

function newest({ batches }: HeldPartition['producers'][number]): Offset {
  return batches.at(-1)?.baseOffset ?? offset(0);
}
