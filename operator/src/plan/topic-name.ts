import type { TopicResource } from '@streamhouse/api/crd/topic.ts';

export const NAME_TEMPLATES = ['{name}', '{namespace}.{name}'] as const;
/** How topics are called whose resource does not say. */
export type NameTemplate = (typeof NAME_TEMPLATES)[number];

/**
 * Name of the topic of a resource. One that has its topic keeps the name when the template changes, because names of topics
 * never do.
 */
export function topicNameOf(resource: TopicResource, template: NameTemplate): string {
  const { metadata, spec, status } = resource;
  if (spec.topicName !== undefined) return spec.topicName;
  if (status?.topicId !== undefined && status.topicName !== undefined) return status.topicName;
  return template
    .replace('{namespace}', () => metadata.namespace)
    .replace('{name}', () => metadata.name);
}

/** Equal for names of which only one can be a topic: metrics could not tell them apart. */
export function canonicalName(topicName: string): string {
  return topicName.replaceAll('.', '_');
}
