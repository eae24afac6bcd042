/**
 * The part of a random history that is a consumer group: members that share partitions, commit, crash, sleep through
 * generations and go on as if nothing had been. Nothing is ever left out, and no old generation commits.
 */
import type { HistoryEvent, Membership, Operation, PartitionName } from './history.ts';

/** A topic in one life of its name: values by partition and offset. */
export interface RandomTopic {
  readonly topic: string;
  readonly topicId: string;
  readonly logs: readonly (readonly string[])[];
}

/** What the group needs of the world around it. */
export interface GroupWorld {
  readonly random: () => number;
  readonly topics: () => readonly RandomTopic[];
  readonly note: (process: string, type: HistoryEvent['type'], operation: Operation) => void;
}

interface Holding {
  readonly source: RandomTopic;
  readonly partition: number;
  /** Whether events name the topic's identity. */
  readonly isIdentified: boolean;
  next: number;
}

interface Member {
  name: string;
  lives: number;
  generation: number;
  isAsleep: boolean;
  /** By identity of the topic and partition. */
  readonly holdings: Map<string, Holding>;
}

const POLL_MAX = 20;

export class RandomGroup {
  readonly #world: GroupWorld;
  readonly #members: readonly Member[];
  /** By identity of the topic and partition. */
  readonly #committed = new Map<string, number>();
  #generation = 0;

  constructor(world: GroupWorld, members: number) {
    this.#world = world;
    this.#members = Array.from({ length: members }, (_, index) => ({
      name: `m${index}`,
      lives: 0,
      generation: 0,
      isAsleep: false,
      holdings: new Map(),
    }));
  }

  step(): void {
    const member = this.#members[this.#below(this.#members.length)];
    if (member === undefined) return;
    const chance = this.#world.random();
    if (chance < 0.6) this.#poll(member);
    else if (chance < 0.85) this.#commit(member);
    else if (chance < 0.92) this.#share();
    else if (chance < 0.95) this.#crash(member);
    else if (member.isAsleep) this.#wake(member);
    else member.isAsleep = true;
  }

  #poll(member: Member): void {
    this.#note(member, 'invoke', { f: 'consume', value: { ...membership(member), records: [] } });
    const records = [...member.holdings.values()].flatMap((holding) => {
      const { source, partition, next } = holding;
      const values = source.logs[partition]?.slice(next, next + this.#below(POLL_MAX)) ?? [];
      holding.next += values.length;
      const reads = values.map((value, index) => [next + index, value] as const);
      return reads.length === 0 ? [] : { ...nameOf(holding), reads };
    });
    this.#note(member, 'ok', { f: 'consume', value: { ...membership(member), records } });
  }

  #commit(member: Member): void {
    const offsets = [...member.holdings.values()].map((holding) => ({
      ...nameOf(holding),
      offset: holding.next,
    }));
    const commit = { f: 'commit', value: { ...membership(member), offsets } } as const;
    this.#note(member, 'invoke', commit);
    const isCurrent = member.generation === this.#generation;
    if (isCurrent) for (const [key, { next }] of member.holdings) this.#committed.set(key, next);
    const isLost = this.#world.random() < 0.1;
    this.#note(member, isLost ? 'info' : isCurrent ? 'ok' : 'fail', commit);
  }

  /** A new generation of those who are awake. */
  #share(): void {
    const awake = this.#members.filter(({ isAsleep }) => !isAsleep);
    if (awake.length === 0) return;
    this.#generation++;
    const targets = new Map<
      string,
      {
        readonly source: RandomTopic;
        readonly partition: number;
        readonly owner: Member | undefined;
      }
    >();
    for (const source of this.#world.topics())
      for (const partition of source.logs.keys())
        targets.set(`${source.topicId}/${partition}`, {
          source,
          partition,
          owner: awake[this.#below(awake.length)],
        });
    for (const member of awake) {
      const kept = [...member.holdings.keys()].filter((key) => targets.get(key)?.owner === member);
      this.#release(member, 'revoked', kept);
      member.generation = this.#generation;
    }
    for (const [key, { source, partition, owner }] of targets) {
      if (owner === undefined || owner.holdings.has(key)) continue;
      const isIdentified = this.#world.random() < 0.5;
      const holding = { source, partition, isIdentified, next: this.#committed.get(key) ?? 0 };
      owner.holdings.set(key, holding);
      this.#own(owner, 'assigned', [holding]);
    }
  }

  #wake(member: Member): void {
    member.isAsleep = false;
    this.#release(member, 'lost', []);
    this.#share();
  }

  /** What it had in its hands comes again, to another one. */
  #crash(member: Member): void {
    member.lives++;
    member.name = `${member.name.split('.')[0]}.${member.lives}`;
    member.generation = 0;
    member.holdings.clear();
    this.#share();
  }

  #release(member: Member, change: 'revoked' | 'lost', kept: readonly string[]): void {
    const gone = [...member.holdings].filter(([key]) => !kept.includes(key));
    for (const [key] of gone) member.holdings.delete(key);
    if (gone.length > 0)
      this.#own(
        member,
        change,
        gone.map(([, holding]) => holding),
      );
  }

  #own(
    member: Member,
    change: 'assigned' | 'revoked' | 'lost',
    holdings: readonly Holding[],
  ): void {
    const partitions = holdings.map(nameOf);
    this.#note(member, 'ok', { f: 'own', value: { ...membership(member), change, partitions } });
  }

  #note({ name }: Member, type: HistoryEvent['type'], operation: Operation): void {
    this.#world.note(name, type, operation);
  }

  #below(bound: number): number {
    return Math.floor(this.#world.random() * bound);
  }
}

function membership({ generation }: Member): Membership {
  return generation === 0 ? { group: 'g' } : { group: 'g', generation };
}

function nameOf({ source: { topic, topicId }, partition, isIdentified }: Holding): PartitionName {
  return { topic, ...(isIdentified ? { topicId } : {}), partition };
}
