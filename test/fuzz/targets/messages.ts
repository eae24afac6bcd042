/** What comes over the wire, as both sides decode it. */
import assert from 'node:assert/strict';
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { checkFields, messageShape } from '@streamhouse/agent/grpc/message-shape.ts';
import type { GetMetadataResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/GetMetadataResponse.ts';
import { packageDefinition } from '@streamhouse/api/services.ts';
import { decodeStatus, encodeStatusDetails } from '@streamhouse/api/status.ts';
import { EMPTY_VIEW, mergeMetadata } from '@streamhouse/client/cluster/cluster-view.ts';
import { PartitionReader } from '@streamhouse/client/consumer/partition-reader.ts';
import type { ConsumerRecord } from '@streamhouse/client/mod.ts';
import { nativeCompression } from '@streamhouse/codec/compression.ts';
import { crc32c } from '@streamhouse/codec/crc32c.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { methodsOf } from '../../harness/raw-grpc.ts';
import { type Decoder, decoded } from '../decoder.ts';
import type { Seed } from '../target.ts';
import { REQUESTS } from './requests.ts';
import { RESPONSES } from './responses.ts';
import { batchSeeds, bombSeeds, sealed } from './records.ts';

/** Every method of the contract; the first byte of an input says which. */
export const METHODS: readonly string[] = [
  ...methodsOf('unary'),
  ...methodsOf('serverStream'),
  ...methodsOf('clientStream'),
].toSorted();

export type LoadedMethod = MethodDefinition<object, object>;

export function definitionOf(method: string): LoadedMethod {
  const [service = '', name = ''] = method.split('/');
  const found = packageDefinition[`streamhouse.v1.${service}`] as ServiceDefinition;
  return found[name] as LoadedMethod;
}

/** The method that an input is for, and the bytes of its message. */
export function messageOf(input: Uint8Array): { readonly method: string; readonly bytes: Buffer } {
  const method = METHODS[(input[0] ?? 0) % METHODS.length]!;
  return { method, bytes: Buffer.from(input.subarray(1)) };
}

function seedOf(method: string, name: string, bytes: Uint8Array): Seed {
  const index = Buffer.from([METHODS.indexOf(method)]);
  const file = `${method.replace('/', '-').toLowerCase()}-${name}`;
  return { name: file, bytes: Buffer.concat([index, bytes]) };
}

export function requestSeeds(): readonly Seed[] {
  return REQUESTS.map(({ method, name, request }) =>
    seedOf(method, name, definitionOf(method).requestSerialize(request)),
  );
}

export function responseSeeds(): readonly Seed[] {
  return RESPONSES.map(({ method, name, response }) =>
    seedOf(method, name, definitionOf(method).responseSerialize(response)),
  );
}

/** What the walk accepts, the decoder can decode within the memory that the walk has bounded. */
function checkRequest(input: Uint8Array): void {
  const { method, bytes } = messageOf(input);
  const { requestType, requestDeserialize } = definitionOf(method);
  const shape = messageShape(packageDefinition, requestType);
  const isAccepted =
    decoded(() => (checkFields(bytes, shape, LIMITS.requestFieldsMax), true)) ?? false;
  if (isAccepted) decoded(() => requestDeserialize(bytes), isProtobufError);
}

/** The agent tells these as MALFORMED_REQUEST. */
function isProtobufError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof TypeError);
}

function checkMetadata(input: Uint8Array): void {
  const { responseDeserialize } = definitionOf('MetadataService/GetMetadata');
  const answer = decoded(
    () => responseDeserialize(Buffer.from(input)) as GetMetadataResponse__Output,
    isProtobufError,
  );
  if (answer === undefined) return;
  const once = decoded(() => mergeMetadata(EMPTY_VIEW, answer));
  if (once === undefined) return;
  assert.deepEqual(mergeMetadata(once, answer), once);
  for (const { address } of once.agents.values()) assert.match(address, /^[^\s:/]+:\d+$|^\[/);
  for (const { partitions } of once.topics.values())
    for (const { epoch, holder } of partitions)
      assert(Number.isSafeInteger(epoch) && epoch >= 0 && Number.isSafeInteger(holder));
}

function metadataSeeds(): readonly Seed[] {
  return RESPONSES.filter(({ method }) => method === 'MetadataService/GetMetadata').map(
    ({ method, name, response }) => ({
      name,
      bytes: definitionOf(method).responseSerialize(response),
    }),
  );
}

/** A fetched partition, its batches as they came and with checksums that fit. */
function checkFetched(input: Uint8Array): void {
  for (const bytes of [input, sealed(input)]) {
    const place = { topic: 'orders', topicIdBytes: new Uint8Array(16), partition: 0 };
    const reader = new PartitionReader(place, { port: nativeCompression, crc32c });
    reader.seek(0);
    reader.receive(bytes, 1_000);
    const records: ConsumerRecord[] = [];
    reader.take(records, 1_000_000);
    for (const [index, record] of records.entries()) {
      const before = records[index - 1]?.offset ?? -1;
      assert(Number.isSafeInteger(record.offset) && record.offset > before);
      assert(Number.isSafeInteger(record.timestampMs), `timestamp ${record.timestampMs}`);
    }
    assert(reader.failure === undefined || reader.failure instanceof StreamError);
    assert((reader.position ?? 0) <= reader.fetchOffset);
  }
}

/** uint8 status code, then the details of a status. */
function checkStatus(input: Uint8Array): void {
  const error = decodeStatus(input[0] ?? 0, 'told', input.subarray(1), undefined);
  assert(error instanceof StreamError);
  const { retryAfterMs } = error;
  assert(retryAfterMs === undefined || (Number.isFinite(retryAfterMs) && retryAfterMs >= 0));
}

function statusSeeds(): readonly Seed[] {
  const errors = [
    new StreamError('overloaded', 'BUSY', 'wait', { retryAfterMs: 50 }),
    new StreamError('outOfRange', 'OFFSET', 'seek', { details: { earliest: '0', latest: '9' } }),
  ];
  return errors.map((error, index) => ({
    name: `status-${index}`,
    bytes: Buffer.concat([Buffer.from([8]), encodeStatusDetails(error)]),
  }));
}

export const MESSAGE_DECODERS: readonly Decoder[] = [
  { name: 'request-fields', seeds: requestSeeds, check: checkRequest },
  { name: 'metadata-view', seeds: metadataSeeds, check: checkMetadata },
  { name: 'fetched-batches', seeds: () => [...batchSeeds(), ...bombSeeds()], check: checkFetched },
  { name: 'status-details', seeds: statusSeeds, check: checkStatus },
];
