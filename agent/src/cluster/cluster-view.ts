/**
 * What this agent knows of the whole cluster: topics, who holds which partition or slot of groups, which agents live. A copy of Postgres,
 * made anew at each change and at least every few seconds. Placement decides by it and clients are told from it.
 */
import type { Incarnation, TopicId } from '@streamhouse/core/ids.ts';
import type { AgentSession } from '@streamhouse/store/metadata/agents.ts';
import type { SlotLease } from '@streamhouse/store/metadata/groups.ts';
import type { PartitionLease } from '@streamhouse/store/metadata/leases.ts';
import type { Metadata } from '@streamhouse/store/metadata/port.ts';
import type { Topic } from '@streamhouse/store/metadata/topics.ts';

export interface ClusterSnapshot {
  readonly topicsByName: ReadonlyMap<string, Topic>;
  readonly topicsById: ReadonlyMap<TopicId, Topic>;
  /** Sorted by (topicId, partition). */
  readonly leases: readonly PartitionLease[];
  readonly leasesByTopic: ReadonlyMap<TopicId, readonly PartitionLease[]>;
  /** Coordinator slots of groups, in their order. */
  readonly slots: readonly SlotLease[];
  readonly agents: ReadonlyMap<Incarnation, AgentSession>;
}

const EMPTY: ClusterSnapshot = {
  topicsByName: new Map(),
  topicsById: new Map(),
  leases: [],
  leasesByTopic: new Map(),
  slots: [],
  agents: new Map(),
};

export class ClusterView {
  readonly #metadata: Metadata;
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<() => void>();
  #snapshot: ClusterSnapshot = EMPTY;
  #fingerprint = '';
  /** Settles when nothing is being read. */
  #reading: Promise<unknown> = Promise.resolve();
  /** The read that has not begun. */
  #next: Promise<ClusterSnapshot> | undefined;

  /** @param signal ends what it is reading. */
  constructor(metadata: Metadata, signal: AbortSignal) {
    this.#metadata = metadata;
    this.#signal = signal;
  }

  get snapshot(): ClusterSnapshot {
    return this.#snapshot;
  }

  /**
   * Reads everything again, after this call; tells the listeners when something that clients see differs. Callers that come
   * while one reads share the next one, so that many who ask for what is not there cost no more than one.
   */
  refresh(): Promise<ClusterSnapshot> {
    if (this.#next !== undefined) return this.#next;
    const next = this.#reading.then(() => {
      this.#next = undefined;
      return this.#read();
    });
    this.#next = next;
    this.#reading = Promise.allSettled([next]);
    return next;
  }

  async #read(): Promise<ClusterSnapshot> {
    const signal = this.#signal;
    const [topics, leases, slots, sessions] = await Promise.all([
      this.#metadata.topics.list(signal),
      this.#metadata.leases.all(signal),
      this.#metadata.groups.slots(signal),
      this.#metadata.agents.live(signal),
    ]);
    this.#snapshot = {
      topicsByName: new Map(topics.map((topic) => [topic.name, topic])),
      topicsById: new Map(topics.map((topic) => [topic.topicId, topic])),
      leases,
      leasesByTopic: Map.groupBy(leases, (lease) => lease.topicId),
      slots,
      agents: new Map(sessions.map((session) => [session.incarnation, session])),
    };
    const fingerprint = fingerprintOf(this.#snapshot);
    if (fingerprint !== this.#fingerprint) {
      this.#fingerprint = fingerprint;
      for (const listener of this.#listeners) listener();
    }
    return this.#snapshot;
  }

  /** Calls `listener` after each change; the result takes it back. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Address of the agent that holds a partition, as far as this agent knows. */
  holderAddress(topicId: TopicId, partition: number): string | undefined {
    const holder = this.#snapshot.leasesByTopic.get(topicId)?.[partition]?.holder;
    return holder === undefined ? undefined : this.#snapshot.agents.get(holder)?.address;
  }

  /** The agent that coordinates the groups of a slot, as far as this agent knows. */
  coordinatorOf(slot: number): AgentSession | undefined {
    const holder = this.#snapshot.slots[slot]?.holder;
    return holder === undefined ? undefined : this.#snapshot.agents.get(holder);
  }
}

/** All that clients see, without what changes with every heartbeat. */
function fingerprintOf(snapshot: ClusterSnapshot): string {
  const parts: string[] = [];
  for (const lease of snapshot.leases)
    parts.push(`${lease.topicId}/${lease.partition}:${lease.epoch}:${lease.holder}`);
  for (const topic of snapshot.topicsById.values()) {
    parts.push(`${topic.topicId}=${topic.name}:${topic.partitions}:${topic.durability}`);
  }
  for (const agent of snapshot.agents.values())
    parts.push(`${agent.incarnation}@${agent.address}:${agent.isDraining}`);
  return parts.join('\n');
}
