import { parseBytes, parseDuration } from '@streamhouse/api/crd/units.ts';
import type { TopicResource, TopicSpec } from '@streamhouse/api/crd/topic.ts';
import { type TopicId, topicId } from '@streamhouse/core/ids.ts';
import type { TopicWish } from '@streamhouse/store/metadata/operator.ts';
import type { KubernetesOwner, TopicSettings } from '@streamhouse/store/metadata/topics.ts';
import { specHash } from './spec-hash.ts';
import { type NameTemplate, topicNameOf } from './topic-name.ts';

/** With the value `"true"`: a topic whose records are lost is made anew. */
export const RECREATE_ANNOTATION = 'streamhouse.io/recreate';

/** The default of `deletionGracePeriod`. */
const GRACE_MS = 86_400_000;

/** What the installation, not a resource, decides. */
export interface TopicPolicy {
  readonly nameTemplate: NameTemplate;
  /** What becomes of changes that were made in Postgres. */
  readonly drift: 'Correct' | 'Report';
}

/**
 * What a resource wants of Postgres.
 *
 * @throws StreamError `invalid` when a field does not parse: one that was stored before its rule existed.
 */
export function wishOf(resource: TopicResource, policy: TopicPolicy): TopicWish {
  const { spec, metadata } = resource;
  const topicName = topicNameOf(resource, policy.nameTemplate);
  const settings = settingsOf(spec);
  return {
    owner: ownerOf(resource),
    topicName,
    partitions: spec.partitions,
    settings,
    specHash: hashOf(topicName, spec.partitions, settings),
    adoption: spec.adoptionPolicy === 'Fail' ? 'fail' : 'adopt',
    drift: policy.drift === 'Report' ? 'report' : 'correct',
    topicId: topicIdOf(resource),
    recreate: metadata.annotations?.[RECREATE_ANNOTATION] === 'true',
  };
}

/** The same wish for a topic of that name. */
export function withName(wish: TopicWish, topicName: string): TopicWish {
  return { ...wish, topicName, specHash: hashOf(topicName, wish.partitions, wish.settings) };
}

function hashOf(topicName: string, partitions: number, settings: TopicSettings): string {
  return specHash({ topicName, partitions, settings });
}

export function ownerOf({ metadata }: TopicResource): KubernetesOwner {
  const { uid, namespace, name } = metadata;
  return { kind: 'kubernetes', uid, namespace, name };
}

/** The topic that the resource was given; undefined also when someone wrote a status that no operator writes. */
export function topicIdOf({ status }: TopicResource): TopicId | undefined {
  try {
    return status?.topicId === undefined ? undefined : topicId(status.topicId);
  } catch {
    return undefined;
  }
}

/** A deletion must not fail for good because of what cannot be corrected any more. */
export function graceMsOf({ spec }: TopicResource): number {
  try {
    return parseDuration(spec.deletionGracePeriod);
  } catch {
    return GRACE_MS;
  }
}

function settingsOf(spec: TopicSpec): TopicSettings {
  const { pool, durability, retention, config } = spec;
  return {
    pool,
    durability,
    retentionMs: retention.time === undefined ? null : parseDuration(retention.time),
    retentionBytes: retention.bytes === undefined ? null : parseBytes(retention.bytes),
    config,
  };
}
