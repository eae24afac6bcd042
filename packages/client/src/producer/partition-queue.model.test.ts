import { StreamError } from '@streamhouse/core/errors.ts';
import { epoch, offset, producerId } from '@streamhouse/core/ids.ts';
import {
  openPartitionLog,
  type PartitionLogEffect,
  type PartitionLogEvent,
  type PartitionLogState,
  stepPartitionLog,
} from '@streamhouse/core/log/partition-log.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  openPartitionQueue,
  type PartitionQueueEffect,
  type PartitionQueueEvent,
  type PartitionQueueState,
  type QueueEntry,
  stepPartitionQueue,
  takeSendable,
} from './partition-queue.ts';

const BACKOFF = { backoffMs: 100, backoffMaxMs: 1_000, random: () => 0.5 };
const DELIVERY_TIMEOUT_MS = 5_000;
const IN_FLIGHT_MAX = 5;

interface ModelBatch {
  readonly id: number;
  readonly recordCount: number;
  readonly deadlineMs: number;
  readonly isPoison: boolean;
}
type Entry = QueueEntry<ModelBatch>;

/** What was sent, with the values it had on the wire. */
interface Sent {
  readonly entry: Entry;
  readonly round: number;
  readonly producerId: number;
  readonly baseSequence: number;
}
interface Reply {
  readonly sent: Sent;
  readonly baseOffset?: number;
  readonly error?: StreamError;
}
interface Agent {
  readonly log: PartitionLogState;
  readonly accepted: { readonly sent: Sent; readonly baseOffset: number }[];
  isAlive: boolean;
}
interface Stream {
  readonly agent: Agent;
  readonly toAgent: Sent[];
  readonly toClient: Reply[];
  isOpen: boolean;
}

const REFUSALS = {
  notHolder: ['notHolder', 'NOT_HOLDER'],
  draining: ['notHolder', 'DRAINING'],
  outOfOrder: ['conflict', 'OUT_OF_ORDER'],
  duplicateForgotten: ['conflict', 'DUPLICATE_SEQUENCE'],
  unknownProducer: ['conflict', 'UNKNOWN_PRODUCER'],
  producerFenced: ['fenced', 'PRODUCER_FENCED'],
  stopped: ['unavailable', 'STOPPED'],
  outcomeUnknown: ['indefinite', 'OUTCOME_UNKNOWN'],
} as const;

/** One producer and a partition whose agents crash, hand over, forget and answer late; core's own log decides. */
class World {
  readonly queue: PartitionQueueState<ModelBatch> = openPartitionQueue(undefined);
  /** Published batches in offset order. */
  readonly published: { readonly id: number; readonly baseOffset: number }[] = [];
  readonly outcomes = new Map<number, number | StreamError>();
  readonly acknowledgedIds: number[] = [];
  nowMs = 0;
  #nextId = 0;
  #nextProducerId = 0;
  #isIdentifying = false;
  #nextOffset = 0;
  #epoch = 0;
  #publishedProducers: PartitionLogState['producers'] = new Map();
  #holder: Agent;
  #stream: Stream;
  readonly #streams: Stream[] = [];
  readonly #tickets = new Map<number, { readonly stream: Stream; readonly sent: Sent }>();

  constructor() {
    this.#holder = this.#startAgent();
    this.#stream = this.#openStream();
  }

  enqueue(recordCount: number, isPoison: boolean): void {
    const deadlineMs = this.nowMs + DELIVERY_TIMEOUT_MS;
    this.#step({
      type: 'enqueued',
      batch: { id: this.#nextId++, recordCount, deadlineMs, isPoison },
    });
  }

  pump(): void {
    this.#identify();
    if (!this.#stream.isOpen) this.#stream = this.#openStream();
    const taken = takeSendable(this.queue, IN_FLIGHT_MAX, this.nowMs);
    for (const entry of taken) {
      expect(entry.identity).toBeDefined();
      this.#stream.toAgent.push({
        entry,
        round: entry.round,
        producerId: entry.identity!.producerId,
        baseSequence: entry.baseSequence,
      });
    }
    expect(this.queue.inFlight).toBeLessThanOrEqual(IN_FLIGHT_MAX);
  }

  /** An agent takes the next batch of a stream: also of one that the client has given up. */
  receive(choice: number): void {
    const busy = this.#streams.filter(
      (stream) => stream.toAgent.length > 0 && stream.agent.isAlive,
    );
    const stream = busy[choice % Math.max(1, busy.length)];
    const sent = stream?.toAgent.shift();
    if (stream === undefined || sent === undefined) return;
    if (sent.entry.batch.isPoison) {
      const error = new StreamError('invalid', 'RECORD_HEADERS', 'poison');
      stream.toClient.push({ sent, error });
      return;
    }
    const ticket = this.#tickets.size;
    this.#tickets.set(ticket, { stream, sent });
    this.#stepLog(stream.agent, {
      type: 'append',
      ticket,
      producerId: producerId(sent.producerId),
      producerEpoch: 0,
      baseSequence: sent.baseSequence,
      recordCount: sent.entry.batch.recordCount,
      acknowledge: 'published',
    });
  }

  refuseOverloaded(): void {
    const sent = this.#stream.toAgent.shift();
    if (sent === undefined) return;
    const error = new StreamError('overloaded', 'UNPUBLISHED_BYTES', 'full');
    this.#stream.toClient.push({ sent, error });
  }

  publish(agent: Agent = this.#holder): void {
    if (!agent.isAlive) return;
    if (agent !== this.#holder) {
      agent.accepted.length = 0;
      this.#stepLog(agent, { type: 'publishFenced' });
      return;
    }
    this.#publishAccepted(agent);
    this.#stepLog(agent, { type: 'published', endOffset: offset(this.#nextOffset) });
  }

  publishZombies(): void {
    for (const { agent } of this.#streams) if (agent !== this.#holder) this.publish(agent);
  }

  /** Replies of any stream, also of one that the client has left, arrive in their order. */
  deliver(choice: number): void {
    const busy = this.#streams.filter((stream) => stream.isOpen && stream.toClient.length > 0);
    const reply = busy[choice % Math.max(1, busy.length)]?.toClient.shift();
    if (reply === undefined) return;
    const { entry, round } = reply.sent;
    if (reply.error !== undefined)
      this.#step({ type: 'refused', entry, round, error: reply.error });
    else this.#step({ type: 'acknowledged', entry, baseOffset: reply.baseOffset! });
  }

  /** The connection breaks: replies are gone, batches on the way may still arrive. */
  breakStream(areBatchesLost: boolean): void {
    const stream = this.#stream;
    if (!stream.isOpen) return;
    stream.isOpen = false;
    const unanswered = [...this.#sentOn(stream)];
    stream.toClient.length = 0;
    if (areBatchesLost) stream.toAgent.length = 0;
    const error = new StreamError('unavailable', 'GRPC_14', 'connection reset');
    for (const { entry, round } of unanswered) this.#step({ type: 'lost', entry, round, error });
  }

  /** Another agent takes over from what is published; the old one may live on without knowing. */
  failOver(doesOldAgentCrash: boolean): void {
    if (doesOldAgentCrash) this.#holder.isAlive = false;
    this.#holder = this.#startAgent();
    this.#stream = this.#openStream();
    this.#step({ type: 'moved' });
  }

  /** The holder stops while a publish may or may not have happened, says so, and another one takes over. */
  stopInPublish(isPublished: boolean): void {
    const agent = this.#holder;
    if (isPublished) this.#publishAccepted(agent);
    agent.accepted.length = 0;
    this.#stepLog(agent, { type: 'stop', isPublishUnknown: true });
    this.failOver(false);
  }

  /** The log forgets its producers, as after long idleness: nothing is under way any more, not even in the network. */
  forgetProducers(): void {
    if (this.queue.entries.some((entry) => entry.unresolved > 0)) return;
    if (this.#streams.some(({ agent, toAgent }) => agent.isAlive && toAgent.length > 0)) return;
    this.publish();
    this.#publishedProducers.clear();
    this.#holder.log.producers.clear();
  }

  pass(milliseconds: number): void {
    this.nowMs += milliseconds;
    this.#step({ type: 'expired' });
  }

  settleAll(): void {
    for (let turn = 0; turn < 400 && this.queue.entries.length > 0; turn++) {
      this.pass(50);
      this.pump();
      for (let count = 0; count < 20; count++) this.receive(count);
      this.publish();
      for (let count = 0; count < 20; count++) this.deliver(count);
    }
    // What the network still holds arrives at last.
    for (let count = 0; count < 1_000; count++) this.receive(count);
    this.publishZombies();
    this.publish();
  }

  *#sentOn(stream: Stream): Generator<Sent> {
    for (const { stream: on, sent } of this.#tickets.values()) if (on === stream) yield sent;
    for (const { sent } of stream.toClient) yield sent;
    yield* stream.toAgent;
  }

  #publishAccepted(agent: Agent): void {
    for (const { sent, baseOffset } of agent.accepted) {
      expect(baseOffset).toBe(this.#nextOffset);
      this.#nextOffset += sent.entry.batch.recordCount;
      this.published.push({ id: sent.entry.batch.id, baseOffset });
    }
    agent.accepted.length = 0;
    this.#publishedProducers = new Map(agent.log.producers);
  }

  #identify(): void {
    if (!this.#isIdentifying && this.queue.identity !== undefined) return;
    this.#isIdentifying = false;
    const identity = { producerId: producerId(this.#nextProducerId++), producerEpoch: 0 };
    this.#step({ type: 'identified', identity });
  }

  #startAgent(): Agent {
    const log = openPartitionLog({
      epoch: epoch(this.#epoch++),
      nextOffset: offset(this.#nextOffset),
      producers: [...this.#publishedProducers.values()],
    });
    return { log, accepted: [], isAlive: true };
  }

  #openStream(): Stream {
    const stream = { agent: this.#holder, toAgent: [], toClient: [], isOpen: true };
    this.#streams.push(stream);
    return stream;
  }

  #stepLog(agent: Agent, event: PartitionLogEvent): void {
    for (const effect of stepPartitionLog(agent.log, event)) this.#runLog(agent, effect);
  }

  #runLog(agent: Agent, effect: PartitionLogEffect): void {
    if (effect.type === 'accept') {
      const { sent } = this.#tickets.get(effect.ticket)!;
      agent.accepted.push({ sent, baseOffset: effect.baseOffset });
    } else if (effect.type === 'acknowledge') {
      const { stream, sent } = this.#tickets.get(effect.ticket)!;
      stream.toClient.push({ sent, baseOffset: effect.baseOffset });
    } else if (effect.type === 'refuse') {
      const { stream, sent } = this.#tickets.get(effect.ticket)!;
      const [kind, reason] = REFUSALS[effect.refusal];
      stream.toClient.push({ sent, error: new StreamError(kind, reason, effect.refusal) });
    }
  }

  #step(event: PartitionQueueEvent<ModelBatch>): void {
    for (const effect of stepPartitionQueue(this.queue, event, this.nowMs, BACKOFF)) {
      this.#run(effect);
    }
  }

  #run(effect: PartitionQueueEffect<ModelBatch>): void {
    if (effect.type === 'identify') this.#isIdentifying = true;
    if (effect.type === 'settle') {
      this.#settle(effect.batch, effect.baseOffset);
      this.acknowledgedIds.push(effect.batch.id);
    }
    if (effect.type === 'fail') this.#settle(effect.batch, effect.error);
  }

  #settle(batch: ModelBatch, outcome: number | StreamError): void {
    expect(this.outcomes.has(batch.id)).toBe(false);
    this.outcomes.set(batch.id, outcome);
  }

  get enqueuedCount(): number {
    return this.#nextId;
  }
}

const ACTIONS: Record<string, (world: World, choice: number) => void> = {
  enqueue: (world, choice) => world.enqueue(1 + (choice % 3), false),
  enqueuePoison: (world) => world.enqueue(1, true),
  pump: (world) => world.pump(),
  receive: (world, choice) => world.receive(choice),
  refuseOverloaded: (world) => world.refuseOverloaded(),
  publish: (world) => world.publish(),
  publishZombies: (world) => world.publishZombies(),
  deliver: (world, choice) => world.deliver(choice),
  breakStream: (world, choice) => world.breakStream(choice % 2 === 0),
  failOver: (world, choice) => world.failOver(choice % 2 === 0),
  stopInPublish: (world, choice) => world.stopInPublish(choice % 2 === 0),
  forgetProducers: (world) => world.forgetProducers(),
  passBriefly: (world, choice) => world.pass(choice * 20),
  passLong: (world, choice) => world.pass(choice * 400),
};

// Ordinary steps come more often than faults, or no run would get anywhere.
const weighted = (weight: number, names: string[]) => ({
  weight,
  arbitrary: fc.record({ name: fc.constantFrom(...names), choice: fc.nat(9) }),
});
const script = fc.array(
  fc.oneof(
    weighted(12, ['enqueue', 'pump', 'receive', 'publish', 'deliver', 'passBriefly']),
    weighted(3, ['breakStream', 'failOver', 'refuseOverloaded', 'publishZombies']),
    weighted(1, ['enqueuePoison', 'passLong', 'forgetProducers', 'stopInPublish']),
  ),
  { maxLength: 120, size: 'max' },
);

test('I-11, I-12, I-13: whatever fails, each batch is written at most once, in order, and told truly', () => {
  fc.assert(
    fc.property(script, (steps) => {
      const world = new World();
      for (const { name, choice } of steps) ACTIONS[name]!(world, choice);
      world.settleAll();

      expect(world.outcomes.size).toBe(world.enqueuedCount);
      const publishedIds = world.published.map(({ id }) => id);
      expect(new Set(publishedIds).size).toBe(publishedIds.length);
      const offsets = new Map(world.published.map(({ id, baseOffset }) => [id, baseOffset]));
      for (const [id, outcome] of world.outcomes) {
        if (typeof outcome === 'number') expect(offsets.get(id)).toBe(outcome);
        else if (outcome.kind !== 'indefinite') expect(offsets.has(id)).toBe(false);
      }
      const acknowledged = world.acknowledgedIds;
      expect(acknowledged).toEqual(acknowledged.toSorted((a, b) => a - b));
      const inLogOrder = publishedIds.filter((id) => typeof world.outcomes.get(id) === 'number');
      expect(inLogOrder).toEqual(acknowledged);
    }),
    { numRuns: 2_000 },
  );
});

test('without faults every batch is acknowledged at its place', () => {
  const world = new World();
  for (let count = 0; count < 20; count++) world.enqueue(2, false);
  world.settleAll();
  expect([...world.outcomes.values()]).toEqual(Array.from({ length: 20 }, (_, index) => index * 2));
});

test('a batch that is refused for good fails alone, and those behind it are written under a new identity', () => {
  const world = new World();
  world.enqueue(1, false);
  world.enqueue(1, true);
  world.enqueue(1, false);
  world.settleAll();
  expect(world.outcomes.get(0)).toBe(0);
  expect(world.outcomes.get(1)).toMatchObject({ kind: 'invalid', reason: 'RECORD_HEADERS' });
  expect(world.outcomes.get(2)).toBe(1);
});

test('a batch that was sent and never answered ends as indefinite, one that never left as unavailable', () => {
  const world = new World();
  for (let count = 0; count < IN_FLIGHT_MAX + 1; count++) world.enqueue(1, false);
  world.pump();
  world.pass(DELIVERY_TIMEOUT_MS);
  expect(world.outcomes.get(IN_FLIGHT_MAX - 1)).toMatchObject({ kind: 'indefinite' });
  expect(world.outcomes.get(IN_FLIGHT_MAX)).toMatchObject({
    kind: 'unavailable',
    reason: 'DELIVERY_TIMEOUT',
  });
});

test('a producer that the log has forgotten goes on under a new identity', () => {
  const world = new World();
  world.enqueue(1, false);
  world.settleAll();
  world.forgetProducers();
  world.enqueue(1, false);
  world.settleAll();
  expect(world.outcomes.get(1)).toBe(1);
});
