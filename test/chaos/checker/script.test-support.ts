/** Histories written by hand: each call adds an operation with its answer, a millisecond for each event. */
import { checkEvents } from './check-history.ts';
import type { HistoryEvent, Operation, PartitionName } from './history.ts';

type Read = readonly [offset: number, value: string];
type Where = Partial<PartitionName>;
/** Offsets of the values; or that it failed, that nobody knows, or that no answer ever came. */
export type Answer = readonly number[] | 'fail' | 'info' | 'open';

const NS_PER_EVENT = 1_000_000;

export class Script {
  readonly events: HistoryEvent[] = [];

  /** Partition 0 of topic `t`, unless `where` says otherwise. */
  send(process: string, values: readonly string[], answer: Answer, where: Where = {}): this {
    this.sendBegins(process, values, where);
    return answer === 'open' ? this : this.sendEnds(process, values, answer, where);
  }

  sendBegins(process: string, values: readonly string[], where: Where = {}): this {
    return this.add(process, 'invoke', { f: 'send', value: { ...place(where), values } });
  }

  sendEnds(
    process: string,
    values: readonly string[],
    answer: Exclude<Answer, 'open'>,
    where: Where = {},
  ): this {
    const value = { ...place(where), values };
    if (typeof answer === 'string') return this.add(process, answer, { f: 'send', value });
    return this.add(process, 'ok', { f: 'send', value: { ...value, offsets: answer } });
  }

  assign(process: string, offset: number, ...wheres: readonly Where[]): this {
    const from = (wheres.length === 0 ? [{}] : wheres).map((each) => ({ ...place(each), offset }));
    this.add(process, 'invoke', { f: 'assign', value: { from } });
    return this.add(process, 'ok', { f: 'assign', value: { from } });
  }

  poll(process: string, reads: readonly Read[], where: Where = {}): this {
    this.add(process, 'invoke', { f: 'poll', value: { records: [] } });
    const records = [{ ...place(where), reads }];
    return this.add(process, 'ok', { f: 'poll', value: { records } });
  }

  own(
    process: string,
    generation: number,
    change: 'assigned' | 'revoked' | 'lost' = 'assigned',
    where: Where = {},
  ): this {
    const partitions = [place(where)];
    return this.add(process, 'ok', {
      f: 'own',
      value: { group: 'g', generation, change, partitions },
    });
  }

  /** A poll of a member of group `g`, which is done with what it got before. */
  consume(process: string, generation: number, reads: readonly Read[], where: Where = {}): this {
    const member = { group: 'g', generation };
    this.add(process, 'invoke', { f: 'consume', value: { ...member, records: [] } });
    const records = reads.length === 0 ? [] : [{ ...place(where), reads }];
    return this.add(process, 'ok', { f: 'consume', value: { ...member, records } });
  }

  commit(
    process: string,
    generation: number,
    offset: number,
    answer: 'ok' | 'fail' | 'info' = 'ok',
    where: Where = {},
  ): this {
    this.commitBegins(process, generation, offset, where);
    return this.commitEnds(process, generation, offset, answer, where);
  }

  commitBegins(process: string, generation: number, offset: number, where: Where = {}): this {
    return this.#commit(process, 'invoke', generation, offset, where);
  }

  commitEnds(
    process: string,
    generation: number,
    offset: number,
    answer: 'ok' | 'fail' | 'info' = 'ok',
    where: Where = {},
  ): this {
    return this.#commit(process, answer, generation, offset, where);
  }

  #commit(
    process: string,
    type: HistoryEvent['type'],
    generation: number,
    offset: number,
    where: Where,
  ): this {
    const offsets = [{ ...place(where), offset }];
    return this.add(process, type, { f: 'commit', value: { group: 'g', generation, offsets } });
  }

  topic(
    change: 'create' | 'delete',
    topicId?: string,
    answer: 'ok' | 'fail' | 'info' = 'ok',
  ): this {
    this.topicBegins(change);
    const identity = topicId === undefined ? {} : { topicId };
    return this.add('admin', answer, { f: 'topic', value: { change, topic: 't', ...identity } });
  }

  topicBegins(change: 'create' | 'delete'): this {
    return this.add('admin', 'invoke', { f: 'topic', value: { change, topic: 't' } });
  }

  /** From here on reads are final ones. */
  final(): this {
    return this.add('nemesis', 'info', { f: 'phase', value: { phase: 'final' } });
  }

  end(offset: number, where: Where = {}): this {
    const ends = [{ ...place(where), offset }];
    this.add('final', 'invoke', { f: 'end', value: { ends: [] } });
    return this.add('final', 'ok', { f: 'end', value: { ends } });
  }

  /** Final reads of one partition from 0 to behind these values, with what a checker needs to know of its end. */
  readAll(values: readonly string[], where: Where = {}): this {
    this.final().end(values.length, where).assign('final', 0, where);
    return this.poll(
      'final',
      values.map((value, offset) => [offset, value]),
      where,
    );
  }

  add(process: string, type: HistoryEvent['type'], operation: Operation): this {
    const i = this.events.length;
    this.events.push({ i, t: i * NS_PER_EVENT, process, type, ...operation });
    return this;
  }
}

function place({ topic = 't', topicId, partition = 0 }: Where): PartitionName {
  return { topic, ...(topicId === undefined ? {} : { topicId }), partition };
}

export const A: Where = { topicId: 'A' };
export const B: Where = { topicId: 'B' };
export const ONE: Where = { partition: 1 };

/** Three records of one send. */
export function three(): Script {
  return new Script().send('p', ['a', 'b', 'c'], [0, 1, 2]);
}

/** The topic with identity A, with "a" in it, is deleted and made again with identity B. */
export function remade(): Script {
  return new Script()
    .topic('create', 'A')
    .send('p', ['a'], [0])
    .topic('delete')
    .topic('create', 'B');
}

/** The kinds of anomaly of a history, in the order of the alphabet. */
export function kindsOf({ events }: Script): string[] {
  return checkEvents(events)
    .anomalies.map(({ kind }) => kind)
    .toSorted();
}
