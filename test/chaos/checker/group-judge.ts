/** Judges what the members of one group did, step by step. */
import type { Findings } from './anomaly.ts';
import { logName, type PartitionLog } from './facts.ts';
import type { Holding, Step } from './groups.ts';

/** How far members have come in a partition: every record below `end` was handed out, and come back from. */
interface Progress {
  end: number;
  /** The event that brought it there; undefined: the beginning. */
  at: number | undefined;
}

interface Owner {
  readonly holding: Holding;
  readonly at: number;
}

/** Where a member goes on. */
interface Position {
  next: number;
  readonly at: number;
}

export class GroupJudge {
  readonly #group: string;
  readonly #findings: Findings;
  readonly #progress = new Map<PartitionLog, Progress>();
  readonly #owners = new Map<PartitionLog, Map<number, Owner>>();
  readonly #positions = new Map<Holding, Position>();

  constructor(group: string, findings: Findings) {
    this.#group = group;
    this.#findings = findings;
  }

  take(step: Step, log: PartitionLog): void {
    switch (step.kind) {
      case 'owns':
        return this.#own(step, log);
      case 'reads':
        return this.#read(step, log);
      case 'isDone':
        return this.#comeBack(step, log);
      case 'commits':
        return this.#commit(step, log);
    }
  }

  /** I-25: a partition has one owner in a generation. */
  #own({ holding, generation, at }: Step & { kind: 'owns' }, log: PartitionLog): void {
    let owners = this.#owners.get(log);
    if (owners === undefined) {
      owners = new Map();
      this.#owners.set(log, owners);
    }
    const other = owners.get(generation);
    owners.set(generation, { holding, at });
    if (other === undefined || other.holding.process === holding.process) return;
    this.#findings.add('double-owner', `${this.#group} ${logName(log)} ${generation}`, () => ({
      text: `in generation ${generation} of group ${this.#group} both ${other.holding.process} (#${other.at}) and ${holding.process} (#${at}) had ${logName(log)}`,
      events: [other.at, at],
      values: [],
      offsets: [],
    }));
  }

  /** I-26: nobody begins behind what members were done with, and whoever has begun leaves nothing out. */
  #read({ holding, start, end, at }: Step & { kind: 'reads' }, log: PartitionLog): void {
    const position = this.#positions.get(holding);
    const progress = this.#progressOf(log);
    this.#positions.set(holding, { next: end, at });
    if (start > Math.max(progress.end, position?.next ?? 0))
      this.#findSkip(holding, log, start, at);
    if (position === undefined || start >= position.next) return;
    const { next, at: movedAt } = position;
    this.#findings.add('nonmonotonic-poll', `${holding.process} ${logName(log)} ${at}`, () => ({
      text: `${holding.process} was at ${logName(log)} offset ${next} (#${movedAt}), and read ${start} (#${at})`,
      events: [movedAt, at],
      values: [],
      offsets: [next, start],
    }));
  }

  #findSkip({ process }: Holding, log: PartitionLog, start: number, at: number): void {
    const { end, at: doneAt } = this.#progressOf(log);
    this.#findings.add('group-skip', `${this.#group} ${logName(log)} ${end} ${start}`, () => ({
      text: `${process} went on at ${logName(log)} offset ${start} (#${at}), although group ${this.#group} was done only with what is below ${end}${told(doneAt)}`,
      events: [...(doneAt === undefined ? [] : [doneAt]), at],
      values: [],
      offsets: [end, start],
    }));
  }

  #comeBack({ holding, at }: Step & { kind: 'isDone' }, log: PartitionLog): void {
    const progress = this.#progressOf(log);
    const next = this.#positions.get(holding)?.next ?? 0;
    if (next <= progress.end) return;
    progress.end = next;
    progress.at = at;
  }

  #commit({ holding, offset, at }: Step & { kind: 'commits' }, log: PartitionLog): void {
    const { end, at: doneAt } = this.#progressOf(log);
    if (offset <= end) return;
    const { process } = holding;
    this.#findings.add('commit-ahead', `${this.#group} ${logName(log)} ${offset}`, () => ({
      text: `${process} committed ${logName(log)} offset ${offset} (#${at}), although group ${this.#group} was done only with what is below ${end}${told(doneAt)}`,
      events: [...(doneAt === undefined ? [] : [doneAt]), at],
      values: [],
      offsets: [end, offset],
    }));
  }

  #progressOf(log: PartitionLog): Progress {
    let progress = this.#progress.get(log);
    if (progress === undefined) {
      progress = { end: 0, at: undefined };
      this.#progress.set(log, progress);
    }
    return progress;
  }
}

function told(at: number | undefined): string {
  return at === undefined ? '' : ` (#${at})`;
}
