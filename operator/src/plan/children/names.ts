/** Names and labels of what a pool is made of. Selectors and names cannot be changed later: those of a release are for ever. */
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';

export const POOL_LABEL = 'streamhouse.io/pool';
export const ZONE_LABEL = 'streamhouse.io/zone';
/** On pods: names the template that they were made from. */
export const REVISION_ANNOTATION = 'streamhouse.io/revision';
/** On sets: what was asked for when it was applied last, and the image that its agents got then. */
export const INTENT_ANNOTATION = 'streamhouse.io/intent';
export const IMAGE_ANNOTATION = 'streamhouse.io/image';
/** On objects of a pool: names what was applied last. */
export const APPLIED_ANNOTATION = 'streamhouse.io/applied';
export const MANAGED_BY = 'streamhouse-operator';

/** Every pod of every pool, for reflectors. */
export const AGENT_SELECTOR: string = selectorText({
  'app.kubernetes.io/name': 'streamhouse',
  'app.kubernetes.io/component': 'agent',
  'app.kubernetes.io/managed-by': MANAGED_BY,
});

type Labels = Readonly<Record<string, string>>;

/** What the selectors of a pool's Services and budget name. */
export function selectorOf(pool: string): Labels {
  return {
    'app.kubernetes.io/name': 'streamhouse',
    'app.kubernetes.io/component': 'agent',
    [POOL_LABEL]: pool,
  };
}

export function labelsOf(pool: string): Labels {
  return { ...selectorOf(pool), 'app.kubernetes.io/managed-by': MANAGED_BY };
}

export function selectorText(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** The StatefulSet of a zone; its pods, which are the agents' ids, are named after it. */
export function setName(pool: string, zone: string): string {
  return zone === '' ? pool : `${pool}-${zone}`;
}

/** Client Service, ServiceAccount and PodDisruptionBudget. */
export function agentsName(pool: string): string {
  return `${pool}-agents`;
}

export function headlessName(pool: string): string {
  return `${agentsName(pool)}-headless`;
}

/** The names that agents of a pool may have, for pools of other namespaces: agents of one cluster share one list of ids. */
export function setNamesOf({ metadata, spec }: AgentPoolResource): readonly string[] {
  return (spec.zones.length === 0 ? [''] : spec.zones).map((zone) => setName(metadata.name, zone));
}
