import { TOPIC, type TopicResource, type TopicStatus } from '@streamhouse/api/crd/topic.ts';
import { withDefaults } from '@streamhouse/api/crd/check.ts';
import type { TopicChange } from './topic.ts';
import { TOPIC_FINALIZER } from './topic.ts';

export interface TopicParts {
  readonly spec?: object;
  readonly metadata?: Partial<TopicResource['metadata']>;
  readonly status?: TopicStatus;
}

/** A resource as an API server returns it. */
export function topicResource(parts: TopicParts = {}): TopicResource {
  return withDefaults(TOPIC, {
    apiVersion: 'streamhouse.io/v1alpha1',
    kind: 'Topic',
    metadata: {
      name: 'orders',
      namespace: 'shop',
      uid: 'uid-1',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...parts.metadata,
    },
    spec: { ...parts.spec },
    ...(parts.status === undefined ? {} : { status: parts.status }),
  });
}

/** The resource once the change is written. */
export function changed(resource: TopicResource, change: TopicChange): TopicResource {
  return {
    ...resource,
    metadata: {
      ...resource.metadata,
      finalizers: change.hasFinalizer ? [TOPIC_FINALIZER] : [],
    },
    status: change.status,
  };
}
