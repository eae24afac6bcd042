import type {
  Partition,
  Topic as TopicView,
  TopicChange,
  TopicOperations,
  TopicPageQuery,
} from '@streamhouse/api/rest/topics.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type {
  Catalogue,
  CataloguePartition,
  CatalogueTopic,
  TopicKey,
  TopicOrder,
} from '@streamhouse/store/metadata/catalogue.ts';
import type { OperatorMetadata } from '@streamhouse/store/metadata/port.ts';
import type { Topic, TopicSettings } from '@streamhouse/store/metadata/topics.ts';
import { z } from 'zod';
import { checkVersion, versionOf } from '../etag.ts';
import type { Handlers, Reply } from '../handler.ts';
import { type Listing, pageReply, placeIn } from '../paging.ts';
import { InvalidRequest } from '../problem.ts';

export type TopicStores = Pick<OperatorMetadata, 'topics' | 'rehearsal' | 'catalogue'>;

const RETENTION_MS_DEFAULT = 7 * 24 * 3_600_000;
const DEFAULTS: TopicSettings = {
  pool: 'default',
  durability: 'object',
  retentionMs: RETENTION_MS_DEFAULT,
  retentionBytes: null,
  config: {},
};

export function topicHandlers(stores: TopicStores): Handlers<TopicOperations> {
  const { topics, rehearsal, catalogue } = stores;
  return {
    'GET /api/v1/topics': ({ query, signal }) => listTopics(catalogue, query, signal),
    'POST /api/v1/topics': async ({ body, isDryRun, signal }) => {
      const settings = { ...DEFAULTS, ...settingsOf(body) };
      const store = isDryRun ? rehearsal : topics;
      const topic = await store.create(body.name, body.partitions, settings, signal);
      const location = `topics/${encodeURIComponent(body.name)}`;
      return { ...topicReply({ ...topic, records: 0, bytes: 0 }), headers: { location } };
    },
    'GET /api/v1/topics/{name}': async ({ path, signal }) =>
      topicReply(await findTopic(catalogue, path.name, signal)),
    'PATCH /api/v1/topics/{name}': async ({ path, body, isDryRun, ifMatch, signal }) => {
      const present = await findTopic(catalogue, path.name, signal);
      checkVersion(ifMatch, topicVersion(present));
      const change = { ...settingsOf(body), ...defined({ partitions: body.partitions }) };
      const store = isDryRun ? rehearsal : topics;
      return topicReply({ ...present, ...(await store.alter(present.topicId, change, signal)) });
    },
    'DELETE /api/v1/topics/{name}': async ({ path, isDryRun, ifMatch, signal }) => {
      const present = await findTopic(catalogue, path.name, signal);
      checkVersion(ifMatch, topicVersion(present));
      await (isDryRun ? rehearsal : topics).delete(present.topicId, signal);
      const { name, partitions, records: messages, bytes } = present;
      return { body: { name, partitions, messages, bytes } };
    },
    'GET /api/v1/topics/{name}/partitions': async ({ path, query, signal }) => {
      const { topicId, name, partitions } = await findTopic(catalogue, path.name, signal);
      const listing: Listing<CataloguePartition, number> = {
        list: ['partitions', topicId],
        place: z.int().min(0),
        placeOf: ({ partition }) => partition,
      };
      const place = placeIn(listing, query);
      const items = await catalogue.partitions(topicId, place.after ?? -1, place.limit, signal);
      return pageReply(listing, place, items, partitions, (item) => partitionView(name, item));
    },
    'GET /api/v1/topics/{name}/partitions/{id}': async ({ path, signal }) => {
      const topic = await findTopic(catalogue, path.name, signal);
      return {
        body: partitionView(topic.name, await findPartition(catalogue, topic, path.id, signal)),
      };
    },
  };
}

/** @throws StreamError `notFound` TOPIC_NOT_FOUND. */
export async function findTopic(
  catalogue: Catalogue,
  name: string,
  signal: AbortSignal,
): Promise<CatalogueTopic> {
  const topic = await catalogue.topic(name, signal);
  if (topic !== undefined) return topic;
  throw new StreamError('notFound', 'TOPIC_NOT_FOUND', `there is no topic "${name}"`);
}

/** @throws StreamError `outOfRange` PARTITION_OUT_OF_RANGE. */
export async function findPartition(
  catalogue: Catalogue,
  { topicId, name, partitions }: Topic,
  partition: number,
  signal: AbortSignal,
): Promise<CataloguePartition> {
  const [found] = await catalogue.partitions(topicId, partition - 1, 1, signal);
  if (found?.partition === partition) return found;
  throw partitionOutOfRange(name, partitions, partition);
}

export function partitionOutOfRange(topic: string, count: number, got: number): StreamError {
  const message = `partition must be in 0..${count - 1} of ${topic}, got ${got}`;
  return new StreamError('outOfRange', 'PARTITION_OUT_OF_RANGE', message, {
    details: { earliest: '0', latest: String(count - 1) },
  });
}

const ORDERS: Readonly<Record<string, TopicOrder>> = {
  name: 'name',
  created_at: 'createdAt',
  partitions: 'partitions',
};

async function listTopics(
  catalogue: Catalogue,
  query: TopicPageQuery,
  signal: AbortSignal,
): Promise<Reply<readonly TopicView[]>> {
  const { q: contains = '', sort = 'name' } = query;
  const order = ORDERS[sort.replace('-', '')] ?? 'name';
  const listing: Listing<CatalogueTopic, TopicKey> = {
    list: ['topics', sort, contains],
    place: z.strictObject({ name: z.string(), value: z.int() }),
    placeOf: (topic) => ({ name: topic.name, value: orderValue(topic, order) }),
  };
  const place = placeIn(listing, query);
  const isDescending = sort.startsWith('-');
  const slice = { ...place, contains, order, isDescending };
  const { items, total } = await catalogue.topics(slice, signal);
  return pageReply(listing, place, items, total, topicView);
}

function orderValue(topic: CatalogueTopic, order: TopicOrder): number {
  switch (order) {
    case 'name':
      return 0;
    case 'createdAt':
      return topic.createdAtMs;
    case 'partitions':
      return topic.partitions;
  }
}

function topicReply(topic: CatalogueTopic): Reply<TopicView> {
  return { body: topicView(topic), version: topicVersion(topic) };
}

/** Of what a client changes: figures move by themselves. */
function topicVersion(topic: CatalogueTopic): string {
  return versionOf({ ...topic, records: 0, bytes: 0 });
}

function topicView(topic: CatalogueTopic): TopicView {
  const { owner } = topic;
  return {
    name: topic.name,
    topic_id: topic.topicId,
    partitions: topic.partitions,
    replication_factor: 1,
    created_at: topic.createdAtMs,
    durability: topic.durability,
    pool: topic.pool,
    retention_ms: topic.retentionMs,
    retention_bytes: topic.retentionBytes,
    config: topic.config,
    owner:
      owner.kind === 'api'
        ? { kind: 'api' }
        : { kind: 'kubernetes', namespace: owner.namespace, name: owner.name },
    messages: topic.records,
    bytes: topic.bytes,
  };
}

function partitionView(topic: string, partition: CataloguePartition): Partition {
  return {
    topic,
    partition_id: partition.partition,
    low_watermark: partition.logStartOffset,
    high_watermark: partition.nextOffset,
    leader: partition.holder ?? null,
    epoch: partition.epoch,
    messages: partition.nextOffset - partition.logStartOffset,
    bytes: partition.bytes,
  };
}

/** @throws InvalidRequest for an unknown key of the configuration. */
function settingsOf(change: TopicChange): Partial<TopicSettings> {
  const { durability, pool, retentionMs, retentionBytes, config } = change;
  if (config !== undefined) checkConfig(config);
  return defined({ durability, pool, retentionMs, retentionBytes, config });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Defined<T>;
}

/** The keys that agents take, as they take them. */
function checkConfig(config: Readonly<Record<string, string>>): void {
  const errors = Object.entries(config).flatMap(([key, value]) => {
    const path = `body.config.${key.slice(0, 64)}`;
    if (key !== 'maxRecordBytes') return [{ path, message: 'is not a known key' }];
    const bytes = /^\d{1,9}$/.test(value) ? Number(value) : 0;
    const isFine = bytes >= 1 && bytes <= LIMITS.recordBytesMax;
    return isFine ? [] : [{ path, message: `must be an integer in 1..${LIMITS.recordBytesMax}` }];
  });
  if (errors.length > 0) throw new InvalidRequest(errors);
}
