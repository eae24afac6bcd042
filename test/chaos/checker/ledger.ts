/** Takes the events of a history one by one and keeps what they say; finds what shows at once. */
import { Findings } from './anomaly.ts';
import {
  acknowledgedPlace,
  claimedAt,
  type KnownValue,
  logName,
  NO_PLACES,
  type PartitionLog,
  type Send,
} from './facts.ts';
import { Groups } from './groups.ts';
import type { HistoryEvent, Operation } from './history.ts';
import { HistoryError } from './history-reader.ts';
import { type Process, Processes } from './processes.ts';
import { Reading } from './reading.ts';
import { Topics } from './topics.ts';

type EventOf<F extends Operation['f']> = HistoryEvent & Extract<Operation, { f: F }>;

/** What one Map can hold; a longer history is refused. */
const VALUES_MAX = 2 ** 24 - 1;

export class Ledger {
  readonly findings: Findings = new Findings();
  /** By value, in the order in which they were sent. */
  readonly values: Map<string, KnownValue> = new Map();
  readonly topics: Topics = new Topics();
  readonly processes: Processes = new Processes();
  events = 0;
  /** Records that polls returned. */
  reads = 0;
  /** The event that began the final reads; Infinity: there are none. */
  finalAt: number = Infinity;
  readonly groups: Groups = new Groups(this.topics, this.findings);
  readonly #reading: Reading = new Reading(this.topics, this.findings);

  /** @throws HistoryError when the event cannot come after those before. */
  take(happened: HistoryEvent): void {
    const event = happened as HistoryEvent & Operation;
    this.events++;
    switch (event.f) {
      case 'send':
        this.#takeSend(event);
        break;
      case 'assign':
        this.#takeAssign(event);
        break;
      case 'poll':
        this.#takePoll(event);
        break;
      case 'own':
        this.groups.takeOwn(event);
        break;
      case 'consume':
        this.processes.pair(this.processes.get(event.process), event);
        this.groups.takeConsume(event);
        break;
      case 'commit':
        this.processes.pair(this.processes.get(event.process), event);
        this.groups.takeCommit(event);
        break;
      case 'end':
        this.#takeEnd(event);
        break;
      case 'topic':
        this.#takeTopic(event);
        break;
      case 'phase':
        if (event.value.phase === 'final') this.finalAt = Math.min(this.finalAt, event.i);
        break;
      case 'fault':
        break;
    }
  }

  #takeSend(event: EventOf<'send'>): void {
    const process = this.processes.get(event.process);
    this.processes.pair(process, event);
    if (event.type === 'invoke') this.#beginSend(event);
    else this.#endSend(event, event.type);
  }

  #beginSend({ i, process, value }: EventOf<'send'>): void {
    const { topic, topicId, partition, values } = value;
    const send: Send = {
      process,
      topic,
      partition,
      count: values.length,
      invokedAt: i,
      outcome: 'open',
      answeredAt: Infinity,
      answeredNs: Infinity,
      offsets: undefined,
      lives: topicId === undefined ? [] : [this.topics.identified(topic, topicId)],
    };
    for (let rank = 0; rank < values.length; rank++) this.#noteSent(send, rank, values[rank]!);
  }

  #noteSent(send: Send, rank: number, value: string): void {
    const known = this.values.get(value);
    if (known?.send !== undefined)
      throw new HistoryError(
        send.invokedAt + 1,
        `sends ${JSON.stringify(value)} again, which #${known.send.invokedAt} sent: values must be unique`,
      );
    if (known === undefined) {
      this.#addValue(value, send, rank);
      return;
    }
    known.send = send;
    known.rank = rank;
    // The order of the map is that of the sends.
    this.values.delete(value);
    this.values.set(value, known);
  }

  #addValue(value: string, send: Send | undefined, rank: number): KnownValue {
    if (this.values.size >= VALUES_MAX)
      throw new HistoryError(this.events, `more than ${VALUES_MAX} values`);
    const known: KnownValue = { value, send, rank, places: NO_PLACES, firstReadNs: Infinity };
    this.values.set(value, known);
    return known;
  }

  #endSend(event: EventOf<'send'>, outcome: 'ok' | 'fail' | 'info'): void {
    const { i, t, value } = event;
    const send = this.#openSend(event);
    send.outcome = outcome;
    send.answeredAt = i;
    send.answeredNs = t;
    if (outcome !== 'ok') return;
    send.offsets = value.offsets;
    send.lives =
      value.topicId === undefined
        ? this.topics.livingSince(send.topic, send.invokedAt)
        : [this.topics.identified(send.topic, value.topicId)];
    for (const text of value.values) {
      const known = this.values.get(text)!;
      const place = acknowledgedPlace(known);
      if (place !== undefined) this.#claim(place.log, place.offset, known, i);
    }
  }

  /** The send that an answer is for: the very same values. */
  #openSend({ i, process, value }: EventOf<'send'>): Send {
    const known = value.values.map((text) => this.values.get(text));
    const send = known[0]?.send;
    const isSame =
      send !== undefined &&
      send.process === process &&
      send.topic === value.topic &&
      send.partition === value.partition &&
      send.count === known.length &&
      known.every((each, rank) => each?.send === send && each.rank === rank);
    if (!isSame) throw new HistoryError(i + 1, `${process} ends a send that it did not invoke`);
    if (send.outcome !== 'open')
      throw new HistoryError(i + 1, `ends a send that #${send.answeredAt} ended`);
    return send;
  }

  /** Somebody says that `known` is at that offset. */
  #claim(log: PartitionLog, offset: number, known: KnownValue, at: number): void {
    const there = log.slots.get(offset);
    if (there === undefined) log.slots.set(offset, known);
    if (there === undefined || there === known) return;
    const key = `${logName(log)}@${offset} ${there.value} ${known.value}`;
    this.findings.add('inconsistent-offsets', key, () => {
      const since = claimedAt(there, log, offset);
      return {
        text: `${logName(log)} offset ${offset} held "${there.value}" (#${since}), and holds "${known.value}" (#${at})`,
        events: [since, at],
        values: [there.value, known.value],
        offsets: [offset],
      };
    });
  }

  #takeAssign(event: EventOf<'assign'>): void {
    const process = this.processes.get(event.process);
    const invokedAt = this.processes.pair(process, event);
    if (event.type === 'ok')
      this.#reading.assign(process, event.value.from, { invokedAt, at: event.i });
  }

  #takePoll(event: EventOf<'poll'>): void {
    const process = this.processes.get(event.process);
    const when = { invokedAt: this.processes.pair(process, event), at: event.i };
    if (event.type !== 'ok') return;
    for (const part of event.value.records) {
      const [first] = part.reads;
      if (first === undefined) continue;
      const position = this.#reading.positionOf(process, part, first[0], when);
      for (const [offset, value] of part.reads) {
        this.#reading.move(process, position, offset, event.i);
        this.#noteRead(position.log, offset, value, event);
      }
    }
  }

  #noteRead(log: PartitionLog, offset: number, value: string, { i, t }: EventOf<'poll'>): void {
    this.reads++;
    const known = this.values.get(value) ?? this.#addValue(value, undefined, 0);
    this.#claim(log, offset, known, i);
    const place = known.places.find((each) => each.log === log && each.offset === offset);
    if (place !== undefined) {
      place.lastReadAt = i;
      return;
    }
    if (known.places.length === 0) known.firstReadNs = t;
    known.places = [...known.places, { log, offset, firstReadAt: i, lastReadAt: i }];
  }

  #takeEnd(event: EventOf<'end'>): void {
    const process = this.processes.get(event.process);
    const when = { invokedAt: this.processes.pair(process, event), at: event.i };
    if (event.type !== 'ok' || this.finalAt === Infinity) return;
    for (const end of event.value.ends)
      this.#reading.logOf(end, when).finalEnd = { offset: end.offset, ...when };
  }

  #takeTopic(event: EventOf<'topic'>): void {
    const { i, type, value } = event;
    const process = this.processes.get(event.process);
    const invokedAt = this.processes.pair(process, event);
    if (value.change === 'create') this.#takeCreation(process, event);
    if (value.change === 'delete' && type === 'ok')
      this.topics.endDeletion(value.topic, value.topicId, invokedAt, i);
  }

  #takeCreation(process: Process, { i, type, value }: EventOf<'topic'>): void {
    if (type === 'invoke') process.creation = this.topics.beginCreation(value.topic);
    if (type === 'invoke' || process.creation === undefined) return;
    if (type === 'ok') this.topics.endCreation(process.creation, value.topicId, i);
    if (type === 'fail') this.topics.cancelCreation(process.creation);
    process.creation = undefined;
  }
}
