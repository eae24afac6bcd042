/** Follows every reader through its partitions, and finds where it left their order. */
import type { Findings } from './anomaly.ts';
import { lifeName, logName, logOf, type PartitionLog } from './facts.ts';
import type { PartitionName } from './history.ts';
import { HistoryError } from './history-reader.ts';
import type { Position, Process } from './processes.ts';
import type { Topics } from './topics.ts';

/** An operation by its events. */
export interface When {
  readonly invokedAt: number;
  readonly at: number;
}

type Start = PartitionName & { readonly offset: number };

export class Reading {
  readonly #topics: Topics;
  readonly #findings: Findings;

  constructor(topics: Topics, findings: Findings) {
    this.#topics = topics;
    this.#findings = findings;
  }

  /** @throws HistoryError when a partition stands there twice, or could be of several topics. */
  assign(process: Process, from: readonly Start[], when: When): void {
    process.positions.clear();
    process.assignedAt = when.at;
    for (const start of from) {
      if (process.positions.has(positionKey(start)))
        throw new HistoryError(when.at + 1, `assigns ${positionKey(start)} twice`);
      const log = this.logOf(start, when);
      process.positions.set(positionKey(start), openPosition(log, start.offset, when));
    }
  }

  /** Where the process reads that partition, of which a poll returned records from `offset` on. */
  positionOf(process: Process, part: PartitionName, offset: number, when: When): Position {
    const key = positionKey(part);
    const position = process.positions.get(key);
    if (position !== undefined && part.topicId === undefined) return position;
    const log = this.logOf(part, when);
    if (position?.log === log) return position;
    if (position !== undefined) this.#findOtherTopic(process, position, log, offset, when.at);
    else if (process.assignedAt !== undefined) this.#findUnassigned(process, log, offset, when.at);
    const begun = openPosition(log, offset, when);
    process.positions.set(key, begun);
    return begun;
  }

  /** The process got the record at `offset`. */
  move(process: Process, position: Position, offset: number, at: number): void {
    const { log, next, span, openedAt } = position;
    if (offset !== next) this.#findJump(process, position, offset, at);
    if (openedAt > log.life.goneAt) this.#findDeleted(process, position, offset, at);
    position.next = offset + 1;
    position.movedAt = at;
    if (offset >= span.end) span.end = offset + 1;
  }

  /** @throws HistoryError when several topics of the name may be meant. */
  logOf({ topic, topicId, partition }: PartitionName, { invokedAt, at }: When): PartitionLog {
    if (topicId !== undefined) return logOf(this.#topics.identified(topic, topicId), partition);
    const [life, other] = this.#topics.livingSince(topic, invokedAt);
    if (life === undefined || other !== undefined)
      throw new HistoryError(at + 1, `several topics may be meant by "${topic}": it needs topicId`);
    return logOf(life, partition);
  }

  #findJump(process: Process, position: Position, offset: number, at: number): void {
    const { log, next, movedAt } = position;
    const isSkip = offset > next;
    const key = `${process.name} ${logName(log)} ${at} ${next} ${offset}`;
    this.#findings.add(isSkip ? 'poll-skip' : 'nonmonotonic-poll', key, () => ({
      text: `${process.name} was at ${logName(log)} offset ${next} (#${movedAt}), and read ${offset} (#${at})${
        isSkip ? `: ${offset - next} left out` : ''
      }`,
      events: [movedAt, at],
      values: [],
      offsets: [next, offset],
    }));
  }

  #findUnassigned(process: Process, log: PartitionLog, offset: number, at: number): void {
    const { name, assignedAt } = process;
    this.#findings.add('poll-skip', `${name} ${logName(log)} ${at} unassigned`, () => ({
      text: `${name} read ${logName(log)} offset ${offset} (#${at}), which #${assignedAt} did not assign`,
      events: [assignedAt ?? at, at],
      values: [],
      offsets: [offset],
    }));
  }

  #findOtherTopic(
    { name }: Process,
    { log: assigned, openedAt }: Position,
    log: PartitionLog,
    offset: number,
    at: number,
  ): void {
    this.#findings.add('wrong-incarnation', `${name} ${logName(log)} ${at}`, () => ({
      text: `${name} read ${logName(log)} offset ${offset} (#${at}) where it had ${lifeName(assigned.life)} (#${openedAt})`,
      events: [openedAt, at],
      values: [],
      offsets: [offset],
    }));
  }

  #findDeleted({ name }: Process, position: Position, offset: number, at: number): void {
    const { log, openedAt } = position;
    const { goneAt } = log.life;
    this.#findings.add('wrong-incarnation', `${name} ${logName(log)} ${openedAt} gone`, () => ({
      text: `${name} began at #${openedAt} to read ${logName(log)}, which was gone since #${goneAt}, and got offset ${offset} (#${at})`,
      events: [goneAt, openedAt, at],
      values: [],
      offsets: [offset],
    }));
  }
}

function positionKey({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}

function openPosition(log: PartitionLog, offset: number, { invokedAt, at }: When): Position {
  const span = { start: offset, end: offset };
  log.spans.push(span);
  return { log, span, openedAt: invokedAt, next: offset, movedAt: at };
}
