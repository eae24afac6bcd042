/**
 * Follows the members of consumer groups: who owned what in which generation, what members were done with, and what was
 * committed. Members know topics by name; which life of a name they read shows in the values, once all of the history is
 * known. So what they did is kept in its order, and judged at the end.
 */
import type { Findings } from './anomaly.ts';
import { acknowledgedPlace, type KnownValue, logOf, type PartitionLog } from './facts.ts';
import { GroupJudge } from './group-judge.ts';
import type { HistoryEvent, Operation, PartitionName } from './history.ts';
import type { Topics } from './topics.ts';

type EventOf<F extends Operation['f']> = HistoryEvent & Extract<Operation, { f: F }>;

/** One member's ownership of one partition, from when it was told until it was taken back. */
export interface Holding {
  readonly process: string;
  readonly place: PartitionName;
  /** Some of those that it read, by which its topic is found. */
  readonly values: string[];
  /** The last generation in which the member was seen with it. */
  generation: number | undefined;
}

export type Step =
  | {
      readonly kind: 'owns';
      readonly holding: Holding;
      readonly generation: number;
      readonly at: number;
    }
  /** Offsets `[start, end)` were handed out. */
  | {
      readonly kind: 'reads';
      readonly holding: Holding;
      readonly start: number;
      readonly end: number;
      readonly at: number;
    }
  /** The program has come back from all that it was handed out. */
  | { readonly kind: 'isDone'; readonly holding: Holding; readonly at: number }
  | {
      readonly kind: 'commits';
      readonly holding: Holding;
      readonly offset: number;
      readonly at: number;
    };

/** The newest generation that any member has shown, and the event that did. */
interface Latest {
  readonly generation: number;
  readonly at: number;
}

interface Group {
  readonly name: string;
  readonly steps: Step[];
  readonly members: Map<string, Member>;
  latest: Latest;
}

interface Member {
  /** By name of topic and partition. */
  readonly holdings: Map<string, Holding>;
  /** What the program has in its hands. */
  readonly out: Set<Holding>;
  /** Whether it tells what it has: then it reads nothing else. */
  isTold: boolean;
  /** What was known of the group when the commit under way was invoked. */
  committing: Latest;
}

const VALUES_MAX = 16;
const NEVER: Latest = { generation: 0, at: 0 };

export class Groups {
  readonly #topics: Topics;
  readonly #findings: Findings;
  readonly #groups = new Map<string, Group>();
  /** Records that members were handed out, and commits that were answered `ok`. */
  reads = 0;
  commits = 0;

  constructor(topics: Topics, findings: Findings) {
    this.#topics = topics;
    this.#findings = findings;
  }

  takeOwn({ i, process, value }: EventOf<'own'>): void {
    const group = this.#group(value.group);
    const member = memberOf(group, process);
    member.isTold = true;
    for (const place of value.partitions) {
      if (value.change !== 'assigned') {
        member.holdings.delete(keyOf(place));
        continue;
      }
      const holding = hold(member, process, place);
      show(group, holding, value.generation, i);
    }
  }

  takeConsume({ i, process, type, value }: EventOf<'consume'>): void {
    const group = this.#group(value.group);
    const member = memberOf(group, process);
    if (type === 'invoke') comeBack(group, member, i);
    if (type !== 'ok') return;
    for (const part of value.records) {
      if (member.isTold && !member.holdings.has(keyOf(part))) this.#findUntold(process, part, i);
      const holding = holdingOf(member, process, part);
      show(group, holding, value.generation, i);
      for (const { start, end } of runsOf(part.reads)) {
        group.steps.push({ kind: 'reads', holding, start, end, at: i });
        this.reads += end - start;
      }
      if (holding.values.length < VALUES_MAX)
        holding.values.push(...part.reads.slice(0, 1).map(([, text]) => text));
      member.out.add(holding);
    }
  }

  takeCommit({ i, process, type, value }: EventOf<'commit'>): void {
    const group = this.#group(value.group);
    const member = memberOf(group, process);
    if (type === 'invoke') {
      comeBack(group, member, i);
      member.committing = group.latest;
    }
    if (type !== 'ok') return;
    this.commits++;
    const { generation } = value;
    if (generation !== undefined && generation < member.committing.generation)
      this.#findStale(group, process, generation, member.committing, i);
    for (const place of value.offsets)
      group.steps.push({
        kind: 'commits',
        holding: holdingOf(member, process, place),
        offset: place.offset,
        at: i,
      });
  }

  /** Adds to the findings, once all of the history is known. */
  judge(values: ReadonlyMap<string, KnownValue>): void {
    for (const { name, steps } of this.#groups.values()) {
      const logs = new Map<Holding, PartitionLog | undefined>();
      const judge = new GroupJudge(name, this.#findings);
      for (const step of steps) {
        const { holding } = step;
        if (!logs.has(holding)) logs.set(holding, this.#logOf(holding, values));
        const log = logs.get(holding);
        if (log !== undefined) judge.take(step, log);
      }
    }
  }

  /** Undefined: nobody knows which topic of the name it was. */
  #logOf(
    { place, values }: Holding,
    known: ReadonlyMap<string, KnownValue>,
  ): PartitionLog | undefined {
    const { topic, topicId, partition } = place;
    if (topicId !== undefined) return logOf(this.#topics.identified(topic, topicId), partition);
    const [life, other] = this.#topics.named(topic);
    if (life !== undefined && other === undefined) return logOf(life, partition);
    for (const value of values) {
      const seen = known.get(value);
      if (seen === undefined) continue;
      for (const where of [...seen.places, acknowledgedPlace(seen)])
        if (where?.log.life.topic === topic && where.log.partition === partition) return where.log;
    }
    return undefined;
  }

  #findUntold(process: string, { topic, partition }: PartitionName, at: number): void {
    this.#findings.add('poll-skip', `${process} ${topic}/${partition} ${at} untold`, () => ({
      text: `${process} read ${topic}/${partition} (#${at}), which it was not told to have`,
      events: [at],
      values: [],
      offsets: [],
    }));
  }

  #findStale(
    { name }: Group,
    process: string,
    generation: number,
    latest: Latest,
    at: number,
  ): void {
    this.#findings.add('stale-generation', `${name} ${process} ${at}`, () => ({
      text: `${process} committed in generation ${generation} of group ${name} (#${at}), which was in ${latest.generation} before (#${latest.at})`,
      events: [latest.at, at],
      values: [],
      offsets: [],
    }));
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { name, steps: [], members: new Map(), latest: NEVER };
      this.#groups.set(name, group);
    }
    return group;
  }
}

function memberOf({ members }: Group, process: string): Member {
  let member = members.get(process);
  if (member === undefined) {
    member = { holdings: new Map(), out: new Set(), isTold: false, committing: NEVER };
    members.set(process, member);
  }
  return member;
}

function holdingOf(member: Member, process: string, place: PartitionName): Holding {
  const holding = member.holdings.get(keyOf(place));
  const isSame = place.topicId === undefined || place.topicId === holding?.place.topicId;
  return holding !== undefined && isSame ? holding : hold(member, process, place);
}

function hold(
  member: Member,
  process: string,
  { topic, topicId, partition }: PartitionName,
): Holding {
  const place = { topic, ...(topicId === undefined ? {} : { topicId }), partition };
  const holding = { process, place, values: [], generation: undefined };
  member.holdings.set(keyOf(place), holding);
  return holding;
}

/** The member has it in that generation. */
function show(group: Group, holding: Holding, generation: number | undefined, at: number): void {
  if (generation === undefined || generation === holding.generation) return;
  holding.generation = generation;
  group.steps.push({ kind: 'owns', holding, generation, at });
  if (generation > group.latest.generation) group.latest = { generation, at };
}

function comeBack({ steps }: Group, { out }: Member, at: number): void {
  for (const holding of out) steps.push({ kind: 'isDone', holding, at });
  out.clear();
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`;
}

/** Offsets as runs without gaps, in the order in which they came. */
function runsOf(
  reads: readonly (readonly [offset: number, value: string])[],
): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  for (const [offset] of reads) {
    const last = runs.at(-1);
    if (last?.end === offset) last.end++;
    else runs.push({ start: offset, end: offset + 1 });
  }
  return runs;
}
