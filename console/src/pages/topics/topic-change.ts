/** What a person wants a topic to be, as text in fields, against what it is. */
import {
  formatBytes,
  formatDuration,
  parseBytes,
  parseDuration,
} from '@streamhouse/api/crd/units.ts';
import type { Topic, TopicChange } from '@streamhouse/api/rest/topics.ts';
import { whole } from '../../ui/format.ts';

/** As the API names them in what it refuses. */
export const FIELDS = [
  'partitions',
  'durability',
  'retentionMs',
  'retentionBytes',
  'pool',
  'config.maxRecordBytes',
] as const;
export type FieldName = (typeof FIELDS)[number];

export type Texts = Readonly<Record<FieldName, string>>;
/** What was written so far; the rest is as it is. */
export type Wish = Partial<Texts>;

export const TITLES: Texts = {
  partitions: 'Partitions',
  durability: 'Acknowledged once a record is in',
  retentionMs: 'Retention',
  retentionBytes: 'Kept per partition',
  pool: 'Pool',
  'config.maxRecordBytes': 'Largest record',
};

const MAX_RECORD_BYTES = 'maxRecordBytes';

/** The fields of a topic as it is. */
export function textsOf(topic: Topic): Texts {
  const { retention_ms, retention_bytes, config } = topic;
  return {
    partitions: String(topic.partitions),
    durability: topic.durability,
    retentionMs: retention_ms === null ? '' : formatDuration(retention_ms),
    retentionBytes: retention_bytes === null ? '' : formatBytes(retention_bytes),
    pool: topic.pool,
    'config.maxRecordBytes': sizeText(config[MAX_RECORD_BYTES]),
  };
}

/** What an empty field stands for. */
const NONE: Partial<Texts> = {
  retentionMs: 'for ever',
  retentionBytes: 'no bound',
  'config.maxRecordBytes': 'the default',
};

/** As it is told to people. */
export function spoken(field: FieldName, text: string): string {
  if (field === 'durability') return text === 'object' ? 'object storage' : 'memory of an agent';
  return field === 'partitions' ? whole(Number(text)) : text || (NONE[field] ?? '');
}

interface Asked {
  /** Only what differs. */
  readonly change: TopicChange;
  /** What is wrong with which field, as far as it can be said without the server. */
  readonly faults: ReadonlyMap<string, string>;
}

export function changeOf(topic: Topic, wish: Wish): Asked {
  const present = textsOf(topic);
  const faults = new Map<string, string>();
  const read = <T>(field: FieldName, parse: (text: string) => T): T | undefined => {
    const text = wish[field]?.trim();
    if (text === undefined || text === present[field]) return undefined;
    try {
      return parse(text);
    } catch (error) {
      faults.set(field, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  const change: TopicChange = {
    partitions: read('partitions', (text) => partitionsIn(text, topic.partitions)),
    durability: read('durability', (text) => (text === 'memory' ? text : 'object')),
    pool: read('pool', (text) => text),
    retentionMs: read('retentionMs', (text) => (text === '' ? null : parseDuration(text))),
    retentionBytes: read('retentionBytes', (text) => (text === '' ? null : parseBytes(text))),
    config: read('config.maxRecordBytes', (text) => configWith(topic.config, text)),
  };
  return { change, faults };
}

export interface Difference {
  readonly field: FieldName;
  readonly before: string;
  readonly after: string;
}

export function differencesOf(before: Topic, after: Topic): Difference[] {
  const [old, next] = [textsOf(before), textsOf(after)];
  return FIELDS.filter((field) => old[field] !== next[field]).map((field) => ({
    field,
    before: spoken(field, old[field]),
    after: spoken(field, next[field]),
  }));
}

/** What a change does beyond what it says. */
export function warningsOf(before: Topic, after: Topic): string[] {
  const isLess = (old: number | null, next: number | null): boolean =>
    next !== null && (old === null || next < old);
  return [
    ...(after.partitions > before.partitions
      ? [
          'Keys of new records may go to other partitions than before, and partitions cannot be taken away again.',
        ]
      : []),
    ...(before.durability === 'object' && after.durability === 'memory'
      ? ['Records that are acknowledged but not stored yet are lost when an agent fails.']
      : []),
    ...(isLess(before.retention_ms, after.retention_ms) ||
    isLess(before.retention_bytes, after.retention_bytes)
      ? ['Records beyond the new bounds may be deleted, and do not come back.']
      : []),
    ...(before.pool === after.pool
      ? []
      : [
          `Its partitions go to agents of the pool ${after.pool}: without any, they have no leader.`,
        ]),
  ];
}

function partitionsIn(text: string, present: number): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= present) return count;
  throw new Error(`A whole number from ${whole(present)} on: they only grow`);
}

function configWith(config: Topic['config'], maxRecordSize: string): Topic['config'] {
  const { [MAX_RECORD_BYTES]: _, ...others } = config;
  return maxRecordSize === ''
    ? others
    : { ...others, [MAX_RECORD_BYTES]: String(parseBytes(maxRecordSize)) };
}

/** A size that somebody has set as something else is shown as it is. */
function sizeText(bytes: string | undefined): string {
  return bytes !== undefined && /^[1-9]\d{0,14}$/.test(bytes)
    ? formatBytes(Number(bytes))
    : (bytes ?? '');
}
