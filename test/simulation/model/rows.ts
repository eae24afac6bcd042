import type { Epoch, Incarnation, Offset, ProducerId } from '@streamhouse/core/ids.ts';
import type { ProducerSnapshot } from '@streamhouse/core/log/producer-state.ts';
import type { AgentRegistration } from '@streamhouse/store/metadata/agents.ts';
import type { StoredRun } from '@streamhouse/store/metadata/log.ts';
import type { Topic } from '@streamhouse/store/metadata/topics.ts';

export interface SessionRow extends AgentRegistration {
  readonly startedAtMs: number;
  isDraining: boolean;
  isFenced: boolean;
  beat: number;
}

export type TopicRow = { -readonly [Key in keyof Topic]: Topic[Key] } & { isDeleted: boolean };

export interface PartitionRow {
  readonly topic: TopicRow;
  readonly partition: number;
  holder: Incarnation | undefined;
  epoch: Epoch;
  nextOffset: Offset;
  readonly logStartOffset: Offset;
  bytes: number;
  /** By offset. */
  readonly runs: StoredRun[];
  readonly producers: Map<ProducerId, ProducerSnapshot>;
}
