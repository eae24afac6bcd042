import { packageDefinition } from '@streamhouse/api/services.ts';
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countFields, messageShape } from './message-shape.ts';

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

describe('I-41 the fields of a request', () => {
  test('are counted in all depths', () => {
    expect(countFields(encode({ topic: 't' }), SHAPE, 100)).toBe(1);
    // topic, 3 records of: the record, its key and timestamp, 4 headers of three fields each.
    const request = encode({ topic: 't', records: [record(4), record(4), record(4)] });
    expect(countFields(request, SHAPE, 1000)).toBe(1 + 3 * (2 + 4 * 3));
  });

  test('of every request of the contract can be counted, maps included', () => {
    const type = packageDefinition['streamhouse.v1.CreateTopicRequest'] as MessageTypeDefinition<
      object,
      object
    >;
    const admin = packageDefinition['streamhouse.v1.AdminService'] as ServiceDefinition;
    const bytes = admin['CreateTopic']!.requestSerialize({
      name: 't',
      config: { config: { a: 'b', c: 'd' } },
    });
    expect(countFields(bytes, messageShape(packageDefinition, type), 100)).toBe(1 + 1 + 2 * 3);
  });

  test('are counted no further than asked', () => {
    const bytes = Buffer.concat(Array.from({ length: 10_000 }, () => Buffer.from([0x1a, 0x00])));
    expect(countFields(bytes, SHAPE, 50)).toBe(51);
  });

  test('of bytes that are no protobuf are counted without an end of the world', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, (random) => {
        expect(countFields(random, SHAPE, 1000)).toBeLessThanOrEqual(random.length);
      }),
    );
  });
});
