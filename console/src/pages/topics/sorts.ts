import type { TopicSort } from '@streamhouse/api/rest/topics.ts';

/** What the list of topics can be sorted by: what the server sorts, because it has all of them. */
export const TOPIC_SORTS_SHOWN = [
  'name',
  '-name',
  'created_at',
  '-created_at',
  'partitions',
  '-partitions',
] as const satisfies readonly TopicSort[];
