/**
 * Pools of other namespaces whose agents would have the same ids. The agents of a cluster are one list, and two of one id end
 * each other's sessions for ever; topics name their pool without a namespace, too.
 */
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import { setNamesOf } from './children/names.ts';

/** The pool that has the names of `pool` already: of two it is the older one. */
export function rivalOf(
  pool: AgentPoolResource,
  pools: Iterable<AgentPoolResource>,
): AgentPoolResource | undefined {
  const names = new Set([pool.metadata.name, ...setNamesOf(pool)]);
  for (const other of pools) {
    if (other.metadata.namespace === pool.metadata.namespace) continue;
    const isShared = [other.metadata.name, ...setNamesOf(other)].some((name) => names.has(name));
    if (isShared && isOlder(other, pool)) return other;
  }
  return undefined;
}

function isOlder({ metadata: a }: AgentPoolResource, { metadata: b }: AgentPoolResource): boolean {
  if (a.creationTimestamp === b.creationTimestamp) return a.uid < b.uid;
  return a.creationTimestamp < b.creationTimestamp;
}
