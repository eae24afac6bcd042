/**
 * Producers, agents and the store together. The reference log is the store's array of records; whatever an agent answers is
 * compared with it. An agent that was fenced lives on as a zombie until it finds out.
 */
import assert from 'node:assert/strict';
import { producerId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import {
  type AgentListener,
  type AppendRequest,
  LogAgent,
  type Lost,
} from './log-agent.test-support.ts';
import { type Batch, LogStoreModel } from './log-store.test-support.ts';
import type { Refusal } from './partition-log.ts';

export const PARTITIONS = 2;
export const PRODUCERS = 4;

/** Each producer writes to one partition. */
interface Producer {
  readonly id: number;
  epoch: number;
  nextSequence: number;
  /** Sent and not acknowledged, in sequence. */
  inFlight: AppendRequest[];
  /** Its connection is gone: no answer arrives until it tries again. */
  isCutOff: boolean;
}

/** What a producer may send besides what it should. */
export type Mischief = 'gap' | 'oldEpoch' | 'forgotten';

const MISCHIEF = /^(gap|oldEpoch|forgotten)/;

/** To the holder as the store knows it, or to any agent, by number. */
export type Target = number | 'holder';

export class LogWorld implements AgentListener {
  readonly store: LogStoreModel = new LogStoreModel(PARTITIONS);
  readonly agents: LogAgent[] = [];
  readonly #producers: readonly Producer[] = Array.from({ length: PRODUCERS }, (_, id) => ({
    id,
    epoch: 1,
    nextSequence: 0,
    inFlight: [],
    isCutOff: false,
  }));
  /** Batches that were refused for certain after they had been accepted. */
  readonly #dead = new Set<Batch>();
  /** By label: the offset that was acknowledged. */
  readonly #acknowledged = new Map<string, number>();
  /** By label: the batch that is in the log. */
  readonly #visible = new Map<string, Batch>();
  /** By partition: records that were looked at. */
  readonly #checkedCounts: number[] = Array<number>(PARTITIONS).fill(0);
  readonly #newestAck = new Map<string, number>();
  /** What happened at least once: a run in which nothing happens proves nothing. */
  readonly reached: Set<string> = new Set();
  #unnamedCount = 0;

  constructor() {
    for (let partition = 0; partition < PARTITIONS; partition++) this.takeOver(partition, 0);
  }

  /** The holder of a partition loses its session. It lives on until it finds out. */
  fence(partition: number): void {
    const { holder } = this.store.row(partition);
    if (holder !== undefined) this.store.fence(holder);
  }

  /** The lease is taken away from a holder that is well, as when a topic is deleted and made again. */
  revoke(partition: number): void {
    this.store.revoke(partition);
  }

  takeOver(partition: number, agentNumber: number): void {
    const agent = this.#fitAgent(agentNumber);
    if (agent.isWaitingFor(partition)) return;
    const start = this.store.takeOver(agent.id, partition);
    if (start !== undefined) agent.open(partition, start);
  }

  drain(partition: number, heirNumber: number): void {
    this.#holder(partition)?.drain(partition, heirNumber);
  }

  /** A drained partition goes to its heir, which opens it. */
  release(partition: number): void {
    const agent = this.#holder(partition);
    const held = agent?.held.get(partition);
    if (agent === undefined || held?.heir === undefined || !held.isDrained) return;
    const heir = this.#fitAgent(held.heir);
    if (heir.isWaitingFor(partition)) return;
    const start = this.store.handOver(agent.id, heir.id, partition, held.log.epoch);
    if (start === undefined) return;
    this.reached.add('handover');
    agent.held.delete(partition);
    heir.open(partition, start);
  }

  stop(partition: number): void {
    this.#holder(partition)?.stop();
  }

  tick(agentNumber: number): void {
    this.agents[agentNumber % this.agents.length]?.tick();
  }

  upload(number: number, how: 'done' | 'failed'): void {
    const busy = this.agents.filter((agent) => agent.uploading.size > 0 && !agent.isOver);
    const agent = busy[number % Math.max(1, busy.length)];
    if (how === 'done') agent?.uploadDone(number);
    else agent?.uploadFailed();
  }

  publish(number: number, lost: Lost): void {
    const busy = this.agents.filter((agent) => agent.publishing !== undefined && !agent.isOver);
    busy[number % Math.max(1, busy.length)]?.publish(lost);
  }

  /** The next batch of a producer, unless it has as many in flight as it may. */
  send(producerNumber: number, to: Target, recordCount: number): void {
    const producer = this.#producers[producerNumber % PRODUCERS]!;
    if (producer.inFlight.length >= LIMITS.producerBatchesMax) return;
    const agent = this.#target(to, producer.id % PARTITIONS);
    const { epoch, nextSequence } = producer;
    const request = newRequest(producer, agent, epoch, nextSequence, recordCount);
    producer.nextSequence += recordCount;
    producer.inFlight.push(request);
    agent.append(request);
  }

  /** Sends everything unacknowledged again, in sequence, as a client does after an error or a new connection. */
  retry(producerNumber: number, to: Target): void {
    const producer = this.#producers[producerNumber % PRODUCERS]!;
    const agent = this.#target(to, producer.id % PARTITIONS);
    producer.isCutOff = false;
    producer.inFlight = producer.inFlight.map((request) => ({ ...request, agent: agent.id }));
    for (const request of [...producer.inFlight]) agent.append(request);
  }

  cutOff(producerNumber: number): void {
    this.#producers[producerNumber % PRODUCERS]!.isCutOff = true;
  }

  /** A new epoch: what was in flight is given up. */
  bumpEpoch(producerNumber: number): void {
    const producer = this.#producers[producerNumber % PRODUCERS]!;
    producer.epoch++;
    producer.nextSequence = 0;
    producer.inFlight = [];
  }

  /** Sends what must be refused, once the epoch of the producer is known to every holder to come. */
  misbehave(producerNumber: number, to: Target, what: Mischief): void {
    const producer = this.#producers[producerNumber % PRODUCERS]!;
    const { id, epoch, nextSequence } = producer;
    const known = this.store.row(id % PARTITIONS).producers.get(producerId(id));
    if (known?.producerEpoch !== epoch) return;
    const agent = this.#target(to, id % PARTITIONS);
    const request = {
      gap: () => newRequest(producer, agent, epoch, nextSequence + 7, 1),
      oldEpoch: () => newRequest(producer, agent, epoch - 1, nextSequence, 1),
      // No batch has as many records, so it cannot be taken for the repeat of one.
      forgotten: () => newRequest(producer, agent, epoch, 0, 9),
    }[what]();
    agent.append({ ...request, label: `${what} ${request.label}` });
  }

  /** A batch without idempotence: each time another one. */
  sendPlain(partition: number, acknowledge: 'published' | 'accepted'): void {
    const agent = this.#target('holder', partition);
    agent.append({
      agent: agent.id,
      label: `plain ${this.#unnamedCount++}`,
      partition,
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
      recordCount: 1,
      acknowledge,
    });
  }

  /** Lets everything on its way arrive; then every agent ends, and every append must have had its answer. */
  finish(): void {
    for (const agent of this.agents) {
      for (let round = 0; round < 100 && !agent.isOver; round++) {
        agent.tick();
        agent.uploadDone(0);
        agent.publish('nothing');
      }
      const isAllAnswered = (): boolean => agent.waiting.every(({ isAnswered }) => isAnswered);
      assert(agent.isOver || isAllAnswered(), 'unanswered although all is published');
      agent.stop();
      assert(isAllAnswered(), 'unanswered at the end');
    }
    this.check();
  }

  check(): void {
    for (const agent of this.agents) agent.check();
    for (const [partition, { records }] of this.store.rows.entries()) {
      for (const batch of records.slice(this.#checkedCounts[partition])) this.#checkRecord(batch);
      this.#checkedCounts[partition] = records.length;
    }
  }

  acknowledged(
    agent: LogAgent,
    request: AppendRequest,
    baseOffset: number,
    isAccepted: boolean,
  ): void {
    const { label, recordCount, partition } = request;
    if (request.acknowledge === 'accepted') return;
    const { records } = this.store.row(partition);
    // I-01: readable at its offset when it is acknowledged.
    const found = records.slice(baseOffset, baseOffset + recordCount);
    assert(found.length === recordCount, 'I-01: acknowledged before it is published');
    assert(
      found.every((batch) => batch.label === label),
      'I-01: another batch is there',
    );
    const original = records[baseOffset]!;
    if (original !== request) this.reached.add('repeat');
    if (original.agent !== agent.id) this.reached.add('repeat after a change of holder');
    // I-12: a repeat has the offset of what it repeats.
    const known = this.#acknowledged.get(label) ?? baseOffset;
    assert(known === baseOffset, 'I-12: a repeat was acknowledged elsewhere');
    if (isAccepted) this.#checkAckOrder(agent, request, baseOffset);
    this.#acknowledged.set(label, baseOffset);
    const producer = this.#producers[request.producerId];
    if (producer !== undefined && !producer.isCutOff) {
      producer.inFlight = producer.inFlight.filter((sent) => sent.label !== label);
    }
  }

  refused(_: LogAgent, request: AppendRequest, refusal: Refusal, isAccepted: boolean): void {
    this.reached.add(isAccepted ? `${refusal} after it was accepted` : refusal);
    if (!isAccepted || refusal === 'outcomeUnknown') return;
    assert(
      !this.store.row(request.partition).records.includes(request),
      'I-11: visible and refused',
    );
    this.#dead.add(request);
  }

  #checkRecord(batch: Batch): void {
    assert(!this.#dead.has(batch), 'I-11: visible after it was refused for certain');
    const other = this.#visible.get(batch.label) ?? batch;
    assert(other === batch, 'I-12: a sequence is in the log twice');
    this.#visible.set(batch.label, batch);
    assert(!MISCHIEF.test(batch.label), 'what must be refused is in the log');
  }

  #holder(partition: number): LogAgent | undefined {
    const { holder } = this.store.row(partition);
    return holder === undefined ? undefined : this.agents[holder];
  }

  #target(to: Target, partition: number): LogAgent {
    const agent = to === 'holder' ? this.#holder(partition) : this.agents[to % this.agents.length];
    return agent ?? this.#fitAgent(0);
  }

  /** One of the agents that may hold partitions; a new one when there are fewer than two. */
  #fitAgent(number: number): LogAgent {
    const fit = this.agents.filter(({ id, isOver }) => !isOver && !this.store.isFenced(id));
    while (fit.length < 2) {
      const agent = new LogAgent(this.agents.length, this.store, this);
      this.agents.push(agent);
      fit.push(agent);
    }
    return fit[number % fit.length]!;
  }

  /** I-13: of what a producer appended. An answer to a repeat comes when the repeat comes. */
  #checkAckOrder(agent: LogAgent, request: AppendRequest, baseOffset: number): void {
    const key = `${agent.id}/${request.partition}/${request.producerId}`;
    assert(baseOffset > (this.#newestAck.get(key) ?? -1), 'I-13: acknowledged out of order');
    this.#newestAck.set(key, baseOffset);
  }
}

function newRequest(
  producer: Producer,
  agent: LogAgent,
  epoch: number,
  baseSequence: number,
  recordCount: number,
): AppendRequest {
  return {
    agent: agent.id,
    label: `p${producer.id} e${epoch} s${baseSequence}`,
    partition: producer.id % PARTITIONS,
    producerId: producer.id,
    producerEpoch: epoch,
    baseSequence,
    recordCount,
    acknowledge: 'published',
  };
}
