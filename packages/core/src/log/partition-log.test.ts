import { describe, expect, it } from 'vitest';
import { epoch, offset, producerId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import {
  openPartitionLog,
  type PartitionLogEffect,
  type PartitionLogState,
  sealProducers,
  stepPartitionLog,
} from './partition-log.ts';

function newLog(): PartitionLogState {
  return openPartitionLog({ epoch: epoch(1), nextOffset: offset(0), producers: [] });
}

/** One record, with the producer's id as its ticket. */
function append(log: PartitionLogState, id: number, baseSequence = 0): PartitionLogEffect[] {
  return stepPartitionLog(log, {
    type: 'append',
    ticket: id,
    producerId: producerId(id),
    producerEpoch: 0,
    baseSequence,
    recordCount: 1,
    acknowledge: 'published',
  });
}

function publish(log: PartitionLogState, endOffset: number): PartitionLogEffect[] {
  return stepPartitionLog(log, { type: 'published', endOffset: offset(endOffset) });
}

describe('producers that a partition remembers', () => {
  const max = LIMITS.partitionProducersMax;

  it('are at most the limit, and the one unused for longest is forgotten', () => {
    const log = newLog();
    for (let id = 0; id < max; id++) append(log, id);
    publish(log, max);
    append(log, 0, 1);
    append(log, max);
    expect(log.producers.size).toBe(max);
    expect(log.producers.has(producerId(1))).toBe(false);
    expect(log.producers.has(producerId(0))).toBe(true);
  });

  it('include every one with a batch that is not published: its retry must not append again (I-12)', () => {
    const log = newLog();
    for (let id = 0; id <= max; id++) append(log, id);
    sealProducers(log);
    append(log, max + 1);
    expect(append(log, 0)).toEqual([]);
    expect(publish(log, max + 2).filter(({ type }) => type === 'acknowledge')).toHaveLength(
      max + 3,
    );
    append(log, max + 2);
    expect(log.producers.size).toBe(max);
  });

  it('have their last batches remembered, as many as may be in flight', () => {
    const log = newLog();
    const count = LIMITS.producerBatchesMax + 1;
    for (let sequence = 0; sequence < count; sequence++) append(log, 7, sequence);
    publish(log, count);
    expect(append(log, 7, 1)).toEqual([{ type: 'acknowledge', ticket: 7, baseOffset: 1 }]);
    expect(append(log, 7, 0)).toEqual([
      { type: 'refuse', ticket: 7, refusal: 'duplicateForgotten' },
    ]);
  });

  it('go into the publish when they wrote since the last one, and only then', () => {
    const log = newLog();
    append(log, 7);
    append(log, 8);
    append(log, 7, 1);
    expect(sealProducers(log)).toMatchObject([
      { producerId: 7, batches: [{ baseOffset: 0 }, { baseOffset: 2 }] },
      { producerId: 8, batches: [{ baseOffset: 1 }] },
    ]);
    append(log, 8, 1);
    expect(sealProducers(log)).toMatchObject([{ producerId: 8 }]);
    expect(sealProducers(log)).toEqual([]);
  });
});

describe('partition log', () => {
  it('never lets the high watermark fall, even when it is told of an older publish (I-03)', () => {
    const log = newLog();
    for (const id of [1, 2, 3]) append(log, id);
    publish(log, 3);
    expect(publish(log, 2)).toEqual([]);
    expect(publish(log, 3)).toEqual([]);
    expect(log.highWatermark).toBe(3);
  });

  it('goes on after the last int32 sequence with 0', () => {
    const last = 0x7fffffff;
    const batch = { firstSequence: 0, lastSequence: last - 1, baseOffset: offset(0) };
    const producer = { producerId: producerId(7), producerEpoch: 0, batches: [batch] };
    const log = openPartitionLog({ epoch: epoch(1), nextOffset: offset(1), producers: [producer] });
    const send = (ticket: number, baseSequence: number): PartitionLogEffect[] =>
      stepPartitionLog(log, {
        type: 'append',
        ticket,
        producerId: producerId(7),
        producerEpoch: 0,
        baseSequence,
        recordCount: 3,
        acknowledge: 'published',
      });
    expect(send(1, last)).toEqual([{ type: 'accept', ticket: 1, baseOffset: 1 }]);
    expect(send(2, 2)).toEqual([{ type: 'accept', ticket: 2, baseOffset: 4 }]);
    publish(log, 7);
    expect(send(3, last)).toEqual([{ type: 'acknowledge', ticket: 3, baseOffset: 1 }]);
  });
});
