import { StreamError } from '@streamhouse/core/errors.ts';
import { producerId } from '@streamhouse/core/ids.ts';
import { expect, test } from 'vitest';
import {
  openPartitionQueue,
  type PartitionQueueEffect,
  type PartitionQueueEvent,
  type QueueEntry,
  stepPartitionQueue,
  takeSendable,
} from './partition-queue.ts';

const BACKOFF = { backoffMs: 100, backoffMaxMs: 1_000, random: () => 0.5 };
const IN_FLIGHT_MAX = 5;

interface TestBatch {
  readonly id: number;
  readonly recordCount: number;
  readonly deadlineMs: number;
}
type Entry = QueueEntry<TestBatch>;

/** A queue with so many batches of one record, all in flight. */
function inFlight(count: number): {
  readonly step: (event: PartitionQueueEvent<TestBatch>) => PartitionQueueEffect<TestBatch>[];
  readonly take: (nowMs?: number) => Entry[];
  readonly entries: readonly Entry[];
} {
  const queue = openPartitionQueue<TestBatch>({ producerId: producerId(1), producerEpoch: 0 });
  const step = (event: PartitionQueueEvent<TestBatch>) =>
    stepPartitionQueue(queue, event, 0, BACKOFF);
  const take = (nowMs = 0) => takeSendable(queue, IN_FLIGHT_MAX, nowMs);
  for (let id = 0; id < count; id++) {
    step({ type: 'enqueued', batch: { id, recordCount: 1, deadlineMs: 0 } });
  }
  return { step, take, entries: take() };
}

const idsOf = (entries: readonly Entry[]) => entries.map(({ batch }) => batch.id);
const refusal = (entry: Entry, kind: StreamError['kind'], reason: string) =>
  ({
    type: 'refused',
    entry,
    round: entry.round,
    error: new StreamError(kind, reason, ''),
  }) as const;

test('a new holder gets everything that is in flight at once, with the same sequences', () => {
  const { step, take, entries } = inFlight(3);
  const sequences = entries.map(({ baseSequence }) => baseSequence);
  step(refusal(entries[0]!, 'notHolder', 'NOT_HOLDER'));
  expect(take()).toEqual([]);
  step({ type: 'moved' });
  const again = take();
  expect(idsOf(again)).toEqual([0, 1, 2]);
  expect(again.map(({ baseSequence }) => baseSequence)).toEqual(sequences);
});

test('a retry waits for the backoff, and for longer if the agent asks for it', () => {
  const { step, take, entries } = inFlight(1);
  const error = new StreamError('overloaded', 'FULL', '', { retryAfterMs: 400 });
  step({ type: 'refused', entry: entries[0]!, round: entries[0]!.round, error });
  expect(take(399)).toEqual([]);
  expect(idsOf(take(400))).toEqual([0]);
});

test('a refusal of an earlier sending does not send again what is under way', () => {
  const { step, take, entries } = inFlight(2);
  const stale = entries.map((entry) => refusal(entry, 'notHolder', 'NOT_HOLDER'));
  step({ type: 'moved' });
  expect(idsOf(take())).toEqual([0, 1]);
  for (const event of stale) expect(step(event)).toEqual([]);
  expect(take(10_000)).toEqual([]);
});

test('what is behind a batch that failed for good does not wait for a refusal of its own', () => {
  const { step, take, entries } = inFlight(2);
  const effects = step(refusal(entries[0]!, 'invalid', 'RECORD_HEADERS'));
  expect(effects.map(({ type }) => type)).toEqual(['fail', 'identify']);
  expect(take()).toEqual([]);
  step({ type: 'identified', identity: { producerId: producerId(2), producerEpoch: 0 } });
  expect(take()).toMatchObject([
    { batch: { id: 1 }, baseSequence: 0, identity: { producerId: 2 } },
  ]);
});

test('I-13: the new identity is not used before everything under the old one is settled', () => {
  const { step, take, entries } = inFlight(3);
  step(refusal(entries[1]!, 'invalid', 'RECORD_HEADERS'));
  step({ type: 'identified', identity: { producerId: producerId(2), producerEpoch: 0 } });
  expect(take()).toEqual([]);
  step({ type: 'acknowledged', entry: entries[0]!, baseOffset: 0 });
  expect(idsOf(take())).toEqual([2]);
});

test('I-11: a refusal that leaves the outcome open is not taken for a failure later', () => {
  for (const [kind, reason] of [
    ['indefinite', 'PUBLISH_UNKNOWN'],
    ['conflict', 'DUPLICATE_SEQUENCE'],
    ['internal', 'UNEXPECTED'],
  ] as const) {
    const { step, entries } = inFlight(1);
    const effects = [...step(refusal(entries[0]!, kind, reason)), ...step({ type: 'expired' })];
    expect(effects).toContainEqual(
      expect.objectContaining({
        type: 'fail',
        error: expect.objectContaining({ kind: 'indefinite' }),
      }),
    );
  }
});

test('I-28: a topic that is made again gets what the old one has not acknowledged, under a new identity', () => {
  const { step, take, entries } = inFlight(2);
  step({ type: 'acknowledged', entry: entries[0]!, baseOffset: 0 });
  expect(step({ type: 'replaced' })).toEqual([{ type: 'identify' }]);
  step({ type: 'identified', identity: { producerId: producerId(2), producerEpoch: 0 } });
  expect(take()).toMatchObject([
    { batch: { id: 1 }, baseSequence: 0, identity: { producerId: 2 } },
  ]);
});

test('I-11: what may be in the log of the topic before is never a definite failure', () => {
  const { step, take } = inFlight(1);
  step({ type: 'replaced' });
  step({ type: 'identified', identity: { producerId: producerId(2), producerEpoch: 0 } });
  const [again] = take();
  const effects = [
    ...step(refusal(again!, 'unavailable', 'AGENT_STOPPED')),
    ...step({ type: 'expired' }),
  ];
  expect(effects).toContainEqual(
    expect.objectContaining({
      type: 'fail',
      error: expect.objectContaining({ kind: 'indefinite' }),
    }),
  );
});

test('an agent that does not know the topic is asked again: only the metadata says that it is gone', () => {
  const { step, take, entries } = inFlight(1);
  const effects = step(refusal(entries[0]!, 'notFound', 'TOPIC_NOT_FOUND'));
  expect(effects).toEqual([{ type: 'refreshMetadata' }]);
  expect(idsOf(take(1_000))).toEqual([0]);
});

test('a batch that was never sent fails without a new identity', () => {
  const { step, entries } = inFlight(IN_FLIGHT_MAX + 1);
  for (const [id, entry] of entries.entries())
    step({ type: 'acknowledged', entry, baseOffset: id });
  expect(step({ type: 'expired' }).map(({ type }) => type)).toEqual(['fail']);
});

test('a batch that is acknowledged before its turn is settled when those before it are, also by failing', () => {
  const { step, entries } = inFlight(3);
  expect(step({ type: 'acknowledged', entry: entries[1]!, baseOffset: 7 })).toEqual([]);
  const effects = step(refusal(entries[0]!, 'invalid', 'RECORD_HEADERS'));
  expect(effects).toContainEqual({ type: 'settle', batch: entries[1]!.batch, baseOffset: 7 });
});

test('a log that forgot the producer may have the batch, unless each sending was refused', () => {
  const known = inFlight(1);
  const unknown = refusal(known.entries[0]!, 'conflict', 'UNKNOWN_PRODUCER');
  expect(known.step(unknown).map(({ type }) => type)).toEqual(['identify']);
  const lost = inFlight(1);
  const error = new StreamError('indefinite', 'CONNECTION_LOST', '');
  lost.step({ type: 'lost', entry: lost.entries[0]!, round: lost.entries[0]!.round, error });
  const [again] = lost.take(1_000);
  expect(lost.step(refusal(again!, 'conflict', 'UNKNOWN_PRODUCER'))).toMatchObject([
    { type: 'fail', error: { kind: 'indefinite' } },
    { type: 'identify' },
  ]);
});

test('a fenced producer fails what waits and whatever comes later', () => {
  const queue = openPartitionQueue<TestBatch>({ producerId: producerId(1), producerEpoch: 0 });
  const batch = { id: 0, recordCount: 1, deadlineMs: 1 };
  const error = new StreamError('fenced', 'PRODUCER_FENCED', 'a newer one exists');
  stepPartitionQueue(queue, { type: 'enqueued', batch }, 0, BACKOFF);
  const [entry] = takeSendable(queue, IN_FLIGHT_MAX, 0);
  const refused = { type: 'refused', entry: entry!, round: entry!.round, error } as const;
  expect(stepPartitionQueue(queue, refused, 0, BACKOFF)).toEqual([{ type: 'fail', batch, error }]);
  expect(stepPartitionQueue(queue, { type: 'enqueued', batch }, 0, BACKOFF)).toEqual([
    { type: 'fail', batch, error },
  ]);
});

test('sequences go round after 2^31', () => {
  const queue = openPartitionQueue<TestBatch>({ producerId: producerId(1), producerEpoch: 0 });
  queue.nextSequence = 0x7fffffff;
  for (const id of [0, 1]) {
    const batch = { id, recordCount: 2, deadlineMs: 1 };
    stepPartitionQueue(queue, { type: 'enqueued', batch }, 0, BACKOFF);
  }
  expect(takeSendable(queue, IN_FLIGHT_MAX, 0).map((entry) => entry.baseSequence)).toEqual([
    0x7fffffff, 1,
  ]);
});
