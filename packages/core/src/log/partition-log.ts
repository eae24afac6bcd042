/**
 * Admission to one partition, as its holder sees it. Offsets are given here; they become readable and are acknowledged
 * only when the publish that contains them is done (I-01).
 *
 *   append ──▶ accepted (pending) ──published──▶ acknowledged
 *     │             └── lost / stopped ──▶ refused, as definite or as indefinite as it is known (I-11)
 *     └── refused at once, or joined to the batch that it repeats (I-12)
 *
 * The state belongs to the machine and is changed in place: the maps of a busy partition are too large to copy for each
 * batch. The same events give the same effects.
 */
import { type Epoch, type Offset, offset, type ProducerId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { classifySequence, type ProducerBatch, type ProducerSnapshot } from './producer-state.ts';

/** Names an append to whoever asked for it. Chosen by the shell, unique while it is unanswered. */
export type Ticket = number;

export type PartitionLogStatus = 'open' | 'draining' | 'lost';

interface PendingAppend {
  readonly baseOffset: Offset;
  readonly endOffset: Offset;
  /** Everyone who waits for it: the first to send it and those who repeated it. Empty: acknowledged already. */
  readonly tickets: Ticket[];
}

export interface PartitionLogState {
  readonly epoch: Epoch;
  status: PartitionLogStatus;
  /** Next offset to give. */
  nextOffset: Offset;
  /** First offset not yet readable. */
  highWatermark: Offset;
  /** Accepted and not yet published, in offset order. */
  readonly pending: PendingAppend[];
  /** In the order of their newest batches, oldest first. */
  readonly producers: Map<ProducerId, ProducerSnapshot>;
  /** Producers that wrote since the last seal: their state goes into the next publish. */
  readonly unsealedProducers: Set<ProducerId>;
}

/** Why an append is not in the log. A closed set: the shell maps each to one error. */
export type Refusal =
  | 'notHolder'
  | 'draining'
  | 'outOfOrder'
  | 'duplicateForgotten'
  | 'unknownProducer'
  | 'producerFenced'
  | 'stopped'
  | 'outcomeUnknown';

export type PartitionLogEvent =
  | {
      readonly type: 'append';
      readonly ticket: Ticket;
      readonly producerId: ProducerId;
      readonly producerEpoch: number;
      readonly baseSequence: number;
      readonly recordCount: number;
      /** Acknowledged once published, or at once where the topic's durability is `memory`. */
      readonly acknowledge: 'published' | 'accepted';
    }
  /** A publish made everything below `endOffset` visible. */
  | { readonly type: 'published'; readonly endOffset: Offset }
  /** A publish was refused for this partition: someone else holds it, and nothing pending will ever be visible. */
  | { readonly type: 'publishFenced' }
  /** Admit nothing more; say `drained` once nothing is pending. */
  | { readonly type: 'drain' }
  /** The agent stops. `isPublishUnknown`: a publish with pending batches may have happened. */
  | { readonly type: 'stop'; readonly isPublishUnknown: boolean };

export type PartitionLogEffect =
  /** The batch belongs to the log at `baseOffset`: put it into the open object. */
  | { readonly type: 'accept'; readonly ticket: Ticket; readonly baseOffset: Offset }
  | { readonly type: 'acknowledge'; readonly ticket: Ticket; readonly baseOffset: Offset }
  | { readonly type: 'refuse'; readonly ticket: Ticket; readonly refusal: Refusal }
  | { readonly type: 'advance'; readonly highWatermark: Offset }
  | { readonly type: 'drained' };

/** What a new holder starts from: the partition as Postgres has it. */
export interface PartitionLogStart {
  readonly epoch: Epoch;
  readonly nextOffset: Offset;
  readonly producers: readonly ProducerSnapshot[];
}

export function openPartitionLog(start: PartitionLogStart): PartitionLogState {
  return {
    epoch: start.epoch,
    status: 'open',
    nextOffset: start.nextOffset,
    highWatermark: start.nextOffset,
    pending: [],
    producers: new Map(start.producers.map((producer) => [producer.producerId, producer])),
    unsealedProducers: new Set(),
  };
}

export function stepPartitionLog(
  state: PartitionLogState,
  event: PartitionLogEvent,
): PartitionLogEffect[] {
  switch (event.type) {
    case 'append':
      return append(state, event);
    case 'published':
      return published(state, event.endOffset);
    case 'publishFenced':
      return end(state, 'notHolder');
    case 'drain':
      if (state.status === 'lost') return [];
      state.status = 'draining';
      return state.pending.length === 0 ? [{ type: 'drained' }] : [];
    case 'stop':
      return end(state, event.isPublishUnknown ? 'outcomeUnknown' : 'stopped');
  }
}

/**
 * The producers that wrote since the last call, as they are now. Called when the open object is sealed: everything accepted
 * so far is in this object or an earlier one, so the state is exactly the one after it.
 */
export function sealProducers(state: PartitionLogState): readonly ProducerSnapshot[] {
  const sealed: ProducerSnapshot[] = [];
  for (const id of state.unsealedProducers) {
    const producer = state.producers.get(id);
    if (producer !== undefined) sealed.push(producer);
  }
  state.unsealedProducers.clear();
  return sealed;
}

type AppendEvent = Extract<PartitionLogEvent, { type: 'append' }>;

function append(state: PartitionLogState, event: AppendEvent): PartitionLogEffect[] {
  const refusal = refusalByStatus(state.status);
  if (refusal !== undefined) return [{ type: 'refuse', ticket: event.ticket, refusal }];
  if (event.producerId === -1) return accept(state, event);

  const producer = state.producers.get(event.producerId);
  const decision = classifySequence(producer, event);
  switch (decision.type) {
    case 'next':
      return accept(state, event);
    case 'duplicate':
      return acknowledgeDuplicate(state, event.ticket, decision.batch);
    case 'refuse':
      return [{ type: 'refuse', ticket: event.ticket, refusal: decision.refusal }];
  }
}

function refusalByStatus(status: PartitionLogStatus): Refusal | undefined {
  switch (status) {
    case 'open':
      return undefined;
    case 'draining':
      return 'draining';
    case 'lost':
      return 'notHolder';
  }
}

function accept(state: PartitionLogState, event: AppendEvent): PartitionLogEffect[] {
  const baseOffset = state.nextOffset;
  const endOffset = offset(baseOffset + event.recordCount);
  const isAcknowledged = event.acknowledge === 'accepted';
  state.nextOffset = endOffset;
  state.pending.push({ baseOffset, endOffset, tickets: isAcknowledged ? [] : [event.ticket] });
  if (event.producerId !== -1) remember(state, event, baseOffset);
  const effects: PartitionLogEffect[] = [{ type: 'accept', ticket: event.ticket, baseOffset }];
  if (isAcknowledged) effects.push({ type: 'acknowledge', ticket: event.ticket, baseOffset });
  return effects;
}

function remember(state: PartitionLogState, event: AppendEvent, baseOffset: Offset): void {
  const { producerId, producerEpoch, baseSequence, recordCount } = event;
  const known = state.producers.get(producerId);
  const earlier = known?.producerEpoch === producerEpoch ? known.batches : [];
  const batch = {
    firstSequence: baseSequence,
    lastSequence: wrapSequence(baseSequence + recordCount - 1),
    baseOffset,
  };
  const batches = [...earlier.slice(1 - LIMITS.producerBatchesMax), batch];
  // Deleting first moves the producer to the end of the map's order.
  state.producers.delete(producerId);
  state.producers.set(producerId, { producerId, producerEpoch, batches });
  state.unsealedProducers.add(producerId);
  forgetOldest(state);
}

/**
 * I-12: never a producer with a batch that is not published, since its retry would be appended again. The map is in the
 * order of the producers' newest batches, so behind the first of these there are only such.
 */
function forgetOldest(state: PartitionLogState): void {
  for (const [id, producer] of state.producers) {
    const newest = producer.batches.at(-1);
    const isPending = newest !== undefined && newest.baseOffset >= state.highWatermark;
    if (state.producers.size <= LIMITS.partitionProducersMax || isPending) return;
    state.producers.delete(id);
  }
}

function acknowledgeDuplicate(
  state: PartitionLogState,
  ticket: Ticket,
  batch: ProducerBatch,
): PartitionLogEffect[] {
  if (batch.baseOffset < state.highWatermark) {
    return [{ type: 'acknowledge', ticket, baseOffset: batch.baseOffset }];
  }
  // I-12: the answer to a repeat waits until the original is durable.
  state.pending.find((append) => append.baseOffset === batch.baseOffset)?.tickets.push(ticket);
  return [];
}

function published(state: PartitionLogState, endOffset: Offset): PartitionLogEffect[] {
  if (state.status === 'lost' || endOffset <= state.highWatermark) return [];
  state.highWatermark = endOffset;
  const effects: PartitionLogEffect[] = [{ type: 'advance', highWatermark: endOffset }];
  let count = 0;
  for (const append of state.pending) {
    if (append.endOffset > endOffset) break;
    count++;
    for (const ticket of append.tickets) {
      effects.push({ type: 'acknowledge', ticket, baseOffset: append.baseOffset });
    }
  }
  state.pending.splice(0, count);
  if (state.status === 'draining' && state.pending.length === 0) effects.push({ type: 'drained' });
  return effects;
}

function end(state: PartitionLogState, refusal: Refusal): PartitionLogEffect[] {
  const effects: PartitionLogEffect[] = [];
  for (const append of state.pending) {
    for (const ticket of append.tickets) effects.push({ type: 'refuse', ticket, refusal });
  }
  state.status = 'lost';
  state.pending.length = 0;
  return effects;
}

/** Sequences are int32 and start again at 0, as in Kafka. */
function wrapSequence(sequence: number): number {
  return sequence > 0x7fffffff ? sequence - 0x80000000 : sequence;
}
