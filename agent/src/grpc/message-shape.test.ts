import { packageDefinition } from '@streamhouse/api/services.ts';
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { StreamError } from '@streamhouse/core/errors.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkFields, messageShape } from './message-shape.ts';

const PRODUCE = (packageDefinition['streamhouse.v1.ProducerService'] as ServiceDefinition)[
  'Produce'
]!;
const TYPE = packageDefinition['streamhouse.v1.ProduceRequest'] as MessageTypeDefinition<
  object,
  object
>;
const SHAPE = messageShape(packageDefinition, TYPE);

const record = (headers: number): object => ({
  key: Buffer.from('k'),
  headers: Array.from({ length: headers }, () => ({ name: 'h', value: Buffer.alloc(3) })),
});

function encode(request: object): Buffer {
  return PRODUCE.requestSerialize(request);
}

/** How many fields the bytes have: the least bound that they pass. */
function countOf(bytes: Uint8Array, shape = SHAPE): number {
  for (let max = 0; ; max++) {
    const refusal = refusalOf(bytes, max, shape);
    if (refusal === undefined) return max;
    expect(refusal).toBe('REQUEST_FIELDS');
  }
}

function refusalOf(bytes: Uint8Array, max = 1000, shape = SHAPE): string | undefined {
  try {
    checkFields(bytes, shape, max);
    return undefined;
  } catch (error) {
    if (error instanceof StreamError) return error.reason;
    throw error;
  }
}

describe('I-41 the fields of a request', () => {
  test('are counted in all depths', () => {
    expect(countOf(encode({ topic: 't' }))).toBe(1);
    // topic, 3 records of: the record, its key, 4 headers of three fields each.
    const request = encode({ topic: 't', records: [record(4), record(4), record(4)] });
    expect(countOf(request)).toBe(1 + 3 * (2 + 4 * 3));
  });

  test('are counted in maps as well', () => {
    const type = packageDefinition['streamhouse.v1.CreateTopicRequest'];
    const admin = packageDefinition['streamhouse.v1.AdminService'] as ServiceDefinition;
    const request = { name: 't', config: { config: { a: 'b', c: 'd' } } };
    const bytes = admin['CreateTopic']!.requestSerialize(request);
    const shape = messageShape(packageDefinition, type as typeof TYPE);
    expect(countOf(bytes, shape)).toBe(1 + 1 + 2 * 3);
  });
});

describe('B-03 bytes that are no protobuf', () => {
  test.each([
    ['0aff01', 'a text longer than the message'],
    ['1a050a036162', 'a record longer than the message'],
    ['1a020a05', 'a key longer than its record'],
    ['0d0000', 'a fixed32 that is cut'],
    ['0900000000000000', 'a fixed64 that is cut'],
    ['0f', 'a wire type that is none'],
    ['0b0c', 'a group'],
    ['0200', 'a field 0'],
    ['08', 'a field without its value'],
    [`08${'ff'.repeat(11)}`, 'a number without an end'],
  ])('%s: %s', (hex) => {
    expect(refusalOf(Buffer.from(hex, 'hex'))).toBe('MALFORMED_REQUEST');
  });

  test('never break the walk, and never what a serializer writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect([undefined, 'MALFORMED_REQUEST']).toContain(refusalOf(bytes));
      }),
    );
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 0, max: 5 }),
        fc.integer(),
        (topic, headers, partition) => {
          const records = [record(headers)];
          expect(refusalOf(encode({ topic, partition, records }))).toBeUndefined();
        },
      ),
    );
  });
});
