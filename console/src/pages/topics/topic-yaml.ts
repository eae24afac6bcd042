import type { Topic } from '@streamhouse/api/rest/topics.ts';

/** Keeps for ever, as far as a resource can say it. */
const LONGEST = '876000h';

/** The Topic resource that describes a topic as it is. */
export function topicYaml(topic: Topic): string {
  const { owner, name, retention_ms, retention_bytes } = topic;
  const resource = owner.kind === 'kubernetes' ? owner : { name: resourceName(name) };
  const config = Object.entries(topic.config);
  return [
    'apiVersion: streamhouse.io/v1alpha1',
    'kind: Topic',
    'metadata:',
    `  name: ${scalar(resource.name)}`,
    ...('namespace' in resource ? [`  namespace: ${scalar(resource.namespace)}`] : []),
    'spec:',
    ...(resource.name === name ? [] : [`  topicName: ${scalar(name)}`]),
    `  partitions: ${topic.partitions}`,
    `  durability: ${topic.durability}`,
    '  retention:',
    ...(retention_ms === null && retention_bytes !== null
      ? []
      : [`    time: ${retention_ms === null ? LONGEST : `${retention_ms}ms`}`]),
    ...(retention_bytes === null ? [] : [`    bytes: "${retention_bytes}"`]),
    `  pool: ${scalar(topic.pool)}`,
    ...(config.length === 0 ? [] : ['  config:']),
    ...config.map(([key, value]) => `    ${scalar(key)}: ${JSON.stringify(value)}`),
    '',
  ].join('\n');
}

/** A name that Kubernetes takes. */
function resourceName(topic: string): string {
  const name = topic.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-');
  return name.replace(/^[^a-z0-9]+/, '').replace(/[^a-z0-9]+$/, '') || 'topic';
}

/** In quotes where YAML would take it for something else than a text. */
function scalar(text: string): string {
  const isPlain =
    /^[A-Za-z][\w.-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}
