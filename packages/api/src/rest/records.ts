/** Records in and out as JSON. Bytes that are not UTF-8 travel as base64, and say so. */
import { LIMITS } from '@streamhouse/core/limits.ts';
import { z } from 'zod';
import { object } from '../crd/schema.ts';
import type { Routes } from './route.ts';
import {
  DRY_RUN,
  type DryRunQuery,
  instant,
  integer,
  integerText,
  NO_FIELDS,
  type NoFields,
  text,
} from './schema.ts';

export type Encoding = 'utf8' | 'base64';

export interface HeaderOut {
  readonly name: string;
  readonly value: string | null;
  readonly encoding: Encoding;
}

export interface HeaderIn {
  readonly name: string;
  readonly value: string | null;
  readonly encoding?: Encoding | undefined;
}

export interface RecordIn {
  readonly key?: string | null | undefined;
  readonly keyEncoding?: Encoding | undefined;
  readonly value: string | null;
  readonly valueEncoding?: Encoding | undefined;
  readonly partition?: number | undefined;
  readonly headers?: readonly HeaderIn[] | undefined;
  readonly timestamp?: number | undefined;
}

export interface ProduceRequest extends RecordIn {
  readonly topic: string;
}

/** Null in a dry run, as far as it is not known before. */
export interface Produced {
  readonly partition: number | null;
  readonly offset: number | null;
}

export interface ProduceBatchRequest {
  readonly topic: string;
  readonly records: readonly RecordIn[];
}

export interface ProduceFailure {
  readonly reason: string;
  readonly detail: string;
  readonly retryable: boolean;
}

export interface BatchResult extends Produced {
  readonly error?: ProduceFailure | undefined;
}

export interface ProducedBatch {
  readonly produced: number;
  readonly failed: number;
  readonly results: readonly BatchResult[];
}

export interface RecordOut {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly keyEncoding: Encoding;
  readonly value: string | null;
  readonly valueEncoding: Encoding;
  readonly timestamp: number;
  readonly headers: readonly HeaderOut[];
}

export interface ConsumeQuery {
  readonly topic: string;
  readonly partition: number;
  readonly offset?: number | undefined;
  readonly timestamp?: number | undefined;
  readonly maxRecords?: number | undefined;
}

export interface Consumed {
  readonly records: readonly RecordOut[];
  readonly nextOffset: number;
  readonly lowWatermark: number;
  readonly highWatermark: number;
}

export interface SearchQuery extends ConsumeQuery {
  readonly text?: string | undefined;
  readonly filter?: string | undefined;
}

/** Why a search does not go on: there is nothing more, or a budget is used up. */
const SEARCH_ENDS = ['end', 'found', 'records', 'bytes', 'time'] as const;
export type SearchEnd = (typeof SEARCH_ENDS)[number];

export interface SearchFailure {
  readonly offset: number;
  readonly message: string;
}

export interface Searched extends Consumed {
  readonly scanned: number;
  readonly failed: number;
  readonly firstFailure: SearchFailure | null;
  readonly endedBy: SearchEnd;
}

export interface RecordOperations {
  'POST /api/v1/produce': {
    readonly path: NoFields;
    readonly query: DryRunQuery;
    readonly body: ProduceRequest;
    readonly response: Produced;
  };
  'POST /api/v1/produce/batch': {
    readonly path: NoFields;
    readonly query: DryRunQuery;
    readonly body: ProduceBatchRequest;
    readonly response: ProducedBatch;
  };
  'GET /api/v1/consume': {
    readonly path: NoFields;
    readonly query: ConsumeQuery;
    readonly body: undefined;
    readonly response: Consumed;
  };
  'GET /api/v1/search': {
    readonly path: NoFields;
    readonly query: SearchQuery;
    readonly body: undefined;
    readonly response: Searched;
  };
}

export const CONSUME_RECORDS_DEFAULT = 100;
const PARTITION_MAX = 0x7fffffff;
const NAME = text('Name of the topic', LIMITS.topicNameCharsMax, 1);
const ENCODING = z
  .enum(['utf8', 'base64'])
  .describe('How the bytes are written: as they are, or as base64 where they are not UTF-8');

const HEADER_IN = object<HeaderIn>({
  name: text('1 to 1024 bytes', LIMITS.headerNameBytesMax, 1),
  value: z.string().nullable(),
  encoding: ENCODING.optional(),
}).meta({ id: 'NewRecordHeader' });

const RECORD_IN = {
  key: z.string().nullable().optional().describe('Decides the partition where none is given'),
  keyEncoding: ENCODING.optional(),
  value: z.string().nullable().describe('null: a tombstone'),
  valueEncoding: ENCODING.optional(),
  partition: integer('Wins over the key', 0, PARTITION_MAX).optional(),
  headers: z.array(HEADER_IN).max(LIMITS.recordHeadersMax).optional(),
  timestamp: integer('Milliseconds since 1970. Default: now').optional(),
} as const;

const PRODUCED = {
  partition: integer('Where the record went, or would go').nullable(),
  offset: integer('Its place in the partition; null in a dry run').nullable(),
} as const;

const RECORD_OUT = object<RecordOut>({
  partition: integer('From 0'),
  offset: integer('Place in the partition, from 0'),
  key: z.string().nullable().describe('null: no key'),
  keyEncoding: ENCODING,
  value: z.string().nullable().describe('null: a tombstone'),
  valueEncoding: ENCODING,
  timestamp: instant('As its producer says'),
  headers: z.array(
    object<HeaderOut>({ name: z.string(), value: z.string().nullable(), encoding: ENCODING }),
  ),
}).meta({ id: 'Record' });

const PRODUCE = {
  tag: 'records',
  access: { noun: 'records', verb: 'create' },
  path: NO_FIELDS,
  query: object<DryRunQuery>({ dryRun: DRY_RUN }),
  isMutation: true,
  isRepeatable: true,
} as const;

const CONSUME = {
  topic: NAME,
  partition: integerText('From 0', { max: PARTITION_MAX }),
  offset: integerText('Default: the low watermark').optional(),
  timestamp: integerText(
    'Milliseconds since 1970: from the first record that is not older. Not with `offset`',
  ).optional(),
  maxRecords: integerText('Fewer come when they are large', {
    min: 1,
    max: LIMITS.apiConsumeRecordsMax,
    default: CONSUME_RECORDS_DEFAULT,
  }).optional(),
} as const;

const CONSUMED = {
  records: z.array(RECORD_OUT),
  nextOffset: integer('Where to go on'),
  lowWatermark: integer('First offset that can be read'),
  highWatermark: integer('First offset that cannot be read yet'),
} as const;

const SEARCH = [
  'Reads on from an offset or a time and answers with what it finds: of `text` and `filter` one, or both, which then both have to hold.',
  `Ends at the end of the partition, or when one of its budgets is used up: ${LIMITS.apiSearchRecordsMax} records (\`records\`), ${LIMITS.apiSearchBytesMax} bytes of keys, values and headers (\`bytes\`), ${LIMITS.apiConsumeMsMax} ms (\`time\`), \`maxRecords\` or ${LIMITS.apiAnswerBytesMax} bytes of what was found (\`found\`). It is given up when its caller goes.`,
  'The expression knows `key` and `value` (text, or null), `json` (the value as JSON, or null where it is none; its numbers are doubles), `headers` (a map from name to text or null; of several with one name the last), `partition` and `offset` (int) and `timestamp` (a timestamp). Bytes that are not UTF-8 read as U+FFFD.',
  `An expression that is wrong is 400, naming \`query.filter\`. So is one that takes more than ${LIMITS.apiSearchBatchMsMax} ms, or ${LIMITS.apiSearchHeapMibMax} MiB, for the first record; for a later one the search ends before it, by \`time\`.`,
].join('\n\n');

export const RECORD_ROUTES: Routes<RecordOperations> = {
  'POST /api/v1/produce': {
    ...PRODUCE,
    operationId: 'produce',
    summary: 'Sends one record',
    body: object<ProduceRequest>({ topic: NAME, ...RECORD_IN }).meta({ id: 'NewRecord' }),
    bodyBytesMax: LIMITS.apiRecordBodyBytesMax,
    response: object<Produced>(PRODUCED).meta({ id: 'Produced' }),
  },
  'POST /api/v1/produce/batch': {
    ...PRODUCE,
    operationId: 'produceBatch',
    summary: 'Sends many records of one topic',
    description: 'Not a transaction: each record has its own result, in their order.',
    body: object<ProduceBatchRequest>({
      topic: NAME,
      records: z.array(object<RecordIn>(RECORD_IN)).min(1).max(LIMITS.apiBatchRecordsMax),
    }).meta({ id: 'NewRecords' }),
    bodyBytesMax: LIMITS.apiBatchBodyBytesMax,
    response: object<ProducedBatch>({
      produced: integer('Records that were acknowledged'),
      failed: integer('Records that were not'),
      results: z.array(
        object<BatchResult>({
          ...PRODUCED,
          error: object<ProduceFailure>({
            reason: z.string(),
            detail: z.string(),
            retryable: z.boolean(),
          }).optional(),
        }),
      ),
    }).meta({ id: 'ProducedBatch' }),
  },
  'GET /api/v1/consume': {
    tag: 'records',
    operationId: 'consume',
    summary: 'Records of one partition from an offset or a time on',
    description:
      'At once: an offset at the high watermark gives none. One outside of what can be read is 400 with the range in `details`.',
    access: { noun: 'records', verb: 'read' },
    path: NO_FIELDS,
    query: object<ConsumeQuery>(CONSUME),
    response: object<Consumed>(CONSUMED).meta({ id: 'Consumed' }),
  },
  'GET /api/v1/search': {
    tag: 'records',
    operationId: 'search',
    summary: 'Records of one partition that have a text, or of which an expression is true',
    description: SEARCH,
    access: { noun: 'records', verb: 'read' },
    path: NO_FIELDS,
    query: object<SearchQuery>({
      ...CONSUME,
      text: text(
        'In the key, the value, or the name or value of a header, in any case',
        LIMITS.apiSearchCharsMax,
        1,
      ).optional(),
      filter: text(
        'An expression in CEL (cel.dev) that is true or false',
        LIMITS.apiSearchCharsMax,
        1,
      ).optional(),
    }),
    endsWithCaller: true,
    response: object<Searched>({
      ...CONSUMED,
      scanned: integer('Records that were looked at'),
      failed: integer('Those of which the expression is neither true nor false: not found'),
      firstFailure: object<SearchFailure>({
        offset: integer('Of the first of them'),
        message: z.string().describe('Why, as in `No such key: price`'),
      }).nullable(),
      endedBy: z
        .enum(SEARCH_ENDS)
        .describe(
          '`end`: of the partition. Else the budget that is used up: go on at `nextOffset`',
        ),
    }).meta({ id: 'Searched' }),
  },
};
