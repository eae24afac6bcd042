import type { AdminServiceHandlers } from '@streamhouse/api/gen/streamhouse/v1/AdminService.ts';
import { Durability } from '@streamhouse/api/gen/streamhouse/v1/Durability.ts';
import type { PartitionDescription } from '@streamhouse/api/gen/streamhouse/v1/PartitionDescription.ts';
import type { TopicConfig__Output } from '@streamhouse/api/gen/streamhouse/v1/TopicConfig.ts';
import type { TopicDescription } from '@streamhouse/api/gen/streamhouse/v1/TopicDescription.ts';
import { topicIdToBytes } from '@streamhouse/core/bytes/uuid.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { checkTopicName } from '@streamhouse/core/topic-name.ts';
import type { Topic, TopicOwner, TopicSettings } from '@streamhouse/store/metadata/topics.ts';
import type { RunningIncarnation } from '../incarnation.ts';
import { checkTopicConfig } from '../topic-config.ts';
import { type ServiceContext, unary } from './call.ts';
import { invalidField, topicNotFound } from './validate.ts';

const RETENTION_MS_DEFAULT = 7 * 24 * 3_600_000;
const POOL_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,250}[A-Za-z0-9])?$/;

export function adminService(context: ServiceContext): AdminServiceHandlers {
  return {
    CreateTopic: unary(context, async ({ name, config }, signal) => {
      const life = context.current();
      checkTopicName(name);
      const { partitions, ...change } = readConfig(config);
      const settings: TopicSettings = {
        pool: 'default',
        durability: 'object',
        retentionMs: RETENTION_MS_DEFAULT,
        retentionBytes: null,
        config: {},
        ...change,
      };
      const topic = await life.metadata.topics.create(name, partitions ?? 1, settings, signal);
      await life.view.refresh();
      return { topic: describe(topic) };
    }),
    DeleteTopic: unary(context, async ({ name }, signal) => {
      const life = context.current();
      const topic = await byName(life, name, signal);
      await life.metadata.topics.delete(topic.topicId, signal);
      await life.view.refresh();
      return {};
    }),
    DescribeTopic: unary(context, async ({ name }, signal) => {
      const life = context.current();
      const topic = await byName(life, name, signal);
      return { topic: describe(topic), partitions: await describePartitions(life, topic, signal) };
    }),
    ListTopics: unary(context, async (_request, signal) => {
      const topics = await context.current().metadata.topics.list(signal);
      return { topics: topics.map(describe) };
    }),
    AlterTopic: unary(context, async ({ name, config }, signal) => {
      const life = context.current();
      const topic = await byName(life, name, signal);
      const altered = await life.metadata.topics.alter(topic.topicId, readConfig(config), signal);
      await life.view.refresh();
      return { topic: describe(altered) };
    }),
  };
}

async function byName(life: RunningIncarnation, name: string, signal: AbortSignal): Promise<Topic> {
  if (name === '') throw invalidField('name', 'is required');
  // Postgres has no NUL in its texts, so no topic has it in its name.
  if (name.includes('\0')) throw topicNotFound(name);
  const topic = await life.metadata.topics.byName(name, signal);
  if (topic === undefined) throw topicNotFound(name);
  return topic;
}

type TopicChange = { -readonly [K in keyof TopicSettings]?: TopicSettings[K] } & {
  partitions?: number;
};

/** What a request sets, checked field by field. */
function readConfig(config: TopicConfig__Output | null): TopicChange {
  const change: TopicChange = {};
  if (config === null) return change;
  if (config.partitions !== undefined) {
    change.partitions = within(
      'config.partitions',
      config.partitions,
      1,
      LIMITS.topicPartitionsMax,
    );
  }
  if (config.retentionMs !== undefined)
    change.retentionMs = bound('config.retention_ms', config.retentionMs);
  if (config.retentionBytes !== undefined)
    change.retentionBytes = bound('config.retention_bytes', config.retentionBytes);
  if (config.pool !== undefined) {
    if (!POOL_NAME.test(config.pool))
      throw invalidField('config.pool', 'must be 1-252 letters, digits, ".", "_" or "-"');
    change.pool = config.pool;
  }
  if (config.durability !== Durability.DURABILITY_UNSPECIFIED)
    change.durability = readDurability(config.durability);
  checkTopicConfig(config.config);
  if (Object.keys(config.config).length > 0) change.config = config.config;
  return change;
}

function readDurability(value: number): TopicSettings['durability'] {
  if (value === Durability.DURABILITY_OBJECT) return 'object';
  if (value === Durability.DURABILITY_MEMORY) return 'memory';
  throw invalidField('config.durability', `must be one of the contract's values, got ${value}`);
}

/** A bound where -1 means none. */
function bound(field: string, value: number): number | null {
  return value === -1 ? null : within(field, value, 1, Number.MAX_SAFE_INTEGER);
}

function within(field: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw invalidField(field, `must be in ${min}..${max}, got ${value}`);
}

function describe(topic: Topic): TopicDescription {
  return {
    name: topic.name,
    topicId: topicIdToBytes(topic.topicId),
    partitions: topic.partitions,
    retentionMs: topic.retentionMs ?? -1,
    retentionBytes: topic.retentionBytes ?? -1,
    durability:
      topic.durability === 'memory' ? Durability.DURABILITY_MEMORY : Durability.DURABILITY_OBJECT,
    pool: topic.pool,
    config: { ...topic.config },
    createdAtMs: topic.createdAtMs,
    ...describeOwner(topic.owner),
  };
}

function describeOwner(owner: TopicOwner): TopicDescription {
  if (owner.kind === 'api') return { ownerKind: 'api' };
  const { kind, namespace, name, uid } = owner;
  return { ownerKind: kind, ownerNamespace: namespace, ownerName: name, ownerUid: uid };
}

async function describePartitions(
  life: RunningIncarnation,
  topic: Topic,
  signal: AbortSignal,
): Promise<PartitionDescription[]> {
  const states = await life.metadata.topics.partitions(topic.topicId, signal);
  const { snapshot } = life.view;
  const leases = snapshot.leasesByTopic.get(topic.topicId) ?? [];
  return states.map((state) => {
    const lease = leases[state.partition];
    const holder = lease?.holder === undefined ? undefined : snapshot.agents.get(lease.holder);
    return {
      partition: state.partition,
      logStartOffset: state.logStartOffset,
      highWatermark: state.nextOffset,
      bytes: state.bytes,
      epoch: lease?.epoch ?? 0,
      holder: holder?.agentId ?? '',
    };
  });
}
