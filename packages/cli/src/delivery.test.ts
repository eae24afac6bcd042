import { type Producer, type RecordMetadata, StreamError } from '@streamhouse/client/mod.ts';
import { describe, expect, it } from 'vitest';
import { Delivery } from './delivery.ts';

interface Call {
  readonly acknowledge: () => void;
  readonly fail: (error: Error) => void;
}

/** A producer whose answers the test gives, in any order. */
function answeredByHand(): { readonly producer: Producer; readonly calls: Call[] } {
  const calls: Call[] = [];
  const written: RecordMetadata = { topic: 't', partition: 0, offset: 0, timestampMs: 0 };
  const producer: Producer = {
    send: () =>
      new Promise((resolve, reject) => {
        calls.push({ acknowledge: () => resolve(written), fail: reject });
      }),
    sendBatch: () => Promise.resolve([]),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { producer, calls };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Delivery', () => {
  it('counts how each record ended and never an unknown outcome as failed', async () => {
    const { producer, calls } = answeredByHand();
    const delivery = new Delivery(producer, 't');
    for (let count = 0; count < 4; count++) delivery.send({ value: 'v' });
    calls[0]!.acknowledge();
    calls[1]!.fail(new StreamError('indefinite', 'TIMEOUT', 'no answer'));
    calls[2]!.fail(new StreamError('unavailable', 'NO_AGENT', 'no agent'));
    await turn();
    expect(delivery.counts).toEqual({ sent: 4, acknowledged: 1, unknown: 1, failed: 1 });
  });

  it('stops at the first failure and keeps its reason, whatever fails later', async () => {
    const { producer, calls } = answeredByHand();
    const delivery = new Delivery(producer, 't');
    delivery.send({ value: 'a' });
    delivery.send({ value: 'b' });
    expect(delivery.stopped.aborted).toBe(false);
    const first = new StreamError('notFound', 'TOPIC', 'gone');
    calls[0]!.fail(first);
    calls[1]!.fail(new StreamError('internal', 'OTHER', 'other'));
    await turn();
    expect(delivery.stopped.aborted).toBe(true);
    expect(delivery.failure).toBe(first);
  });

  it('waits when the bytes in flight are at their bound, until an answer makes room', async () => {
    const { producer, calls } = answeredByHand();
    const delivery = new Delivery(producer, 't');
    const value = new Uint8Array(1_048_576);
    while (delivery.hasRoom) delivery.send({ value });
    expect(calls).toHaveLength(32);
    let isThere = false;
    const room = delivery.room().then(() => {
      isThere = true;
    });
    await turn();
    expect(isThere).toBe(false);
    calls[0]!.acknowledge();
    await room;
    expect(delivery.hasRoom).toBe(true);
  });

  it('has a bound for records that are small', () => {
    const { producer, calls } = answeredByHand();
    const delivery = new Delivery(producer, 't');
    while (delivery.hasRoom) delivery.send({ value: '' });
    expect(calls).toHaveLength(100_000);
  });
});
