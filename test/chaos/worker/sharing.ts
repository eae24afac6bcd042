/** A member of a consumer group over all topics: it shares their partitions with the other clients, and commits. */
import { setTimeout as rest } from 'node:timers/promises';
import {
  connectConsumer,
  type Consumer,
  type ConsumerRecord,
  type PartitionName,
} from '@streamhouse/client/mod.ts';
import { seededRandom } from '../../harness/s3-gateway/fault.ts';
import type { Membership } from '../checker/history.ts';
import { groupReads } from './following.ts';
import { GROUP, type WorkerTask } from './protocol.ts';
import { errorName, type Recorder } from './recorder.ts';
import { connectPatiently } from './sending.ts';

const POLL_MS = 300;
const RETRY_MS = 200;
const SESSION_MS = 6_000;
/** Milliseconds that the work on a poll takes at most: who dies, may die in the middle of it. */
const WORK_MS_MAX = 400;
/** Less than most of the work takes: what is committed too early, is so before it is done. */
const AUTO_COMMIT_MS = 50;
/** Of the polls that brought something, for members that commit themselves. */
const COMMIT_SHARE = 0.5;

export class Sharing {
  readonly #by: string;
  readonly #recorder: Recorder;
  readonly #random: () => number;
  readonly #commitsItself: boolean;
  readonly #running: Promise<void>;
  /** Next offsets of what was handed out and is not committed, by topic and partition. */
  readonly #pending = new Map<string, PartitionName & { readonly offset: number }>();
  #isStopped = false;

  constructor(task: WorkerTask, recorder: Recorder, commitsItself: boolean) {
    this.#by = `${task.name}-member`;
    this.#recorder = recorder;
    this.#random = seededRandom(task.seed);
    this.#commitsItself = commitsItself;
    this.#running = this.#run(task.bootstrap);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(bootstrap: readonly string[]): Promise<void> {
    await using consumer = await connectPatiently(() =>
      connectConsumer({
        bootstrap,
        groupId: GROUP,
        autoOffsetReset: 'earliest',
        sessionTimeoutMs: SESSION_MS,
        autoCommit: !this.#commitsItself,
        autoCommitIntervalMs: AUTO_COMMIT_MS,
      }),
    );
    await connectPatiently(() => this.#subscribe(consumer));
    while (!this.#isStopped) {
      try {
        const records = await this.#poll(consumer);
        if (records.length > 0) await rest(this.#random() * WORK_MS_MAX);
        const isTime = records.length === 0 || this.#random() < COMMIT_SHARE;
        if (this.#commitsItself && isTime && this.#pending.size > 0) await this.#commit(consumer);
      } catch {
        await rest(RETRY_MS);
      }
    }
  }

  #subscribe(consumer: Consumer): Promise<void> {
    const told =
      (change: 'assigned' | 'revoked' | 'lost') =>
      (partitions: readonly PartitionName[]): void => {
        for (const place of partitions) this.#pending.delete(keyOf(place));
        const value = { ...membershipOf(consumer), change, partitions };
        this.#recorder.write(this.#by, 'ok', 'own', value);
      };
    return consumer.subscribe(/^/, {
      onAssigned: told('assigned'),
      onRevoked: told('revoked'),
      onLost: told('lost'),
    });
  }

  async #poll(consumer: Consumer): Promise<readonly ConsumerRecord[]> {
    const write = this.#recorder.write.bind(this.#recorder, this.#by);
    write('invoke', 'consume', { ...membershipOf(consumer), records: [] });
    try {
      const polled = await consumer.poll(POLL_MS);
      write('ok', 'consume', { ...membershipOf(consumer), records: recordsOf(polled) });
      for (const { topic, partition, offset } of polled)
        this.#pending.set(keyOf({ topic, partition }), { topic, partition, offset: offset + 1 });
      return polled;
    } catch (error) {
      write('fail', 'consume', { ...membershipOf(consumer), records: [] }, errorName(error));
      throw error;
    }
  }

  /** What an error leaves open: some of the offsets may count. */
  async #commit(consumer: Consumer): Promise<void> {
    const offsets = [...this.#pending.values()];
    this.#pending.clear();
    const write = this.#recorder.write.bind(this.#recorder, this.#by);
    write('invoke', 'commit', { ...membershipOf(consumer), offsets });
    try {
      await consumer.commit(offsets);
      write('ok', 'commit', { ...membershipOf(consumer), offsets });
    } catch (error) {
      write('info', 'commit', { ...membershipOf(consumer), offsets }, errorName(error));
      throw error;
    }
  }
}

function membershipOf(consumer: Consumer): Membership {
  const generation = consumer.membership()?.generation;
  return { group: GROUP, ...(generation === undefined ? {} : { generation }) };
}

/** Without the identities of topics: members know names. */
function recordsOf(
  records: readonly ConsumerRecord[],
): (PartitionName & { readonly reads: readonly (readonly [number, string])[] })[] {
  return groupReads(records, new Map()).map(({ topic, partition, reads }) => ({
    topic,
    partition,
    reads,
  }));
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}
