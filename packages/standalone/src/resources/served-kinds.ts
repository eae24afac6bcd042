import { AGENT_POOL } from '@streamhouse/api/crd/agent-pool.ts';
import { checkResource, withDefaults } from '@streamhouse/api/crd/check.ts';
import type { ResourceKind } from '@streamhouse/api/crd/resource.ts';
import { TOPIC } from '@streamhouse/api/crd/topic.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { JsonObject } from './json.ts';
import type { ServedKind } from './served-kind.ts';

/** What a standalone serves: our own kinds, and those that an operator needs for itself. */
export const SERVED_KINDS: readonly ServedKind[] = [
  ownKind(TOPIC),
  ownKind(AGENT_POOL),
  {
    ...schemaless('coordination.k8s.io', 'leases', 'Lease'),
    objectsMax: LIMITS.resourceLeasesMax,
    whenFull: 'refuse',
  },
  {
    ...schemaless('events.k8s.io', 'events', 'Event'),
    objectsMax: LIMITS.resourceEventsMax,
    whenFull: 'dropOldest',
  },
];

function ownKind<Spec, Status>(schema: ResourceKind<Spec, Status>): ServedKind {
  return {
    group: schema.group,
    version: schema.version,
    kind: schema.kind,
    plural: schema.plural,
    isKept: true,
    hasStatus: true,
    hasScale: schema.scale !== undefined,
    objectsMax: LIMITS.resourcesMax,
    whenFull: 'refuse',
    withDefaults: (object) => ({ ...withDefaults(schema, object) }),
    check: (next, previous) => checkResource(schema, next, previous),
  };
}

function schemaless(
  group: string,
  plural: string,
  kind: string,
): Omit<ServedKind, 'objectsMax' | 'whenFull'> {
  return {
    group,
    version: 'v1',
    kind,
    plural,
    isKept: false,
    hasStatus: false,
    hasScale: false,
    withDefaults: (object: JsonObject) => object,
    check: () => [],
  };
}
