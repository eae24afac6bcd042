/**
 * What a rebalance holds up: the longest time between two polls that gave records of a partition, while records come to all
 * of them all the time; for partitions that stay with their member and for those that move, beside the same time before.
 */
import { setTimeout as rest } from 'node:timers/promises';
import {
  type BenchContext,
  createTopic,
  inTurn,
  startClients,
  startStage,
  wallMs,
} from '../bench.ts';
import { type Figure, figure } from '../figure.ts';
import { longestGapMs } from '../stats.ts';
import type { WorkerProcess } from '../worker-process.ts';
import { connectMember, connectMembers, type Place, shared } from './members.ts';

const MEMBERS = 4;
const PARTITIONS = 24;
/** A hundred for each partition. */
const RECORDS_PER_SECOND = 2_400;
/** Of time without a rebalance, and at least of time with one. */
const WINDOW_MS = 4_000;
/** A rebalance takes some of the processor from everyone: that much is no stop. */
const TARGET = { kind: 'atMost', value: 50 } as const;

/** Milliseconds, one for each partition. */
interface Gaps {
  readonly undisturbed: readonly number[];
  readonly stayed: readonly number[];
  /** How much longer than undisturbed, for the same partitions. */
  readonly stayedLonger: readonly number[];
  readonly moved: readonly number[];
}

export async function benchGroupGaps(context: BenchContext): Promise<Figure[]> {
  await using parts = new AsyncDisposableStack();
  const cluster = parts.use(await startStage(context, { agents: 1, objects: 'directory' }));
  const topic = await createTopic(cluster, 'groups-gaps', PARTITIONS);
  const place = { cluster, groupId: 'gaps', topic, partitions: PARTITIONS };
  const members = await connectMembers(context, place, MEMBERS, parts);
  await Promise.all(members.map((member) => member.ask({ kind: 'memberJoin' })));
  await shared(members, place);
  const [producer] = startClients(context, 1).map((client) => parts.use(client));
  if (producer === undefined) throw new Error('no client');
  // It ends with its process, when all is measured.
  produce(producer, place).catch(() => {});
  const rounds = await inTurn(context.options.runs, async (run) => {
    const round = await leaveAndJoin(members, run % MEMBERS, place);
    context.say(
      `gaps ${run + 1}: moved by a join ${round.join.moved.map(Math.round).join(' ')} ms`,
    );
    return round;
  });
  return [
    ...figuresOf(
      'a member joins',
      rounds.map(({ join }) => join),
    ),
    ...figuresOf(
      'a member leaves',
      rounds.map(({ leave }) => leave),
    ),
  ];
}

function produce(producer: WorkerProcess, { cluster, topic }: Place): Promise<unknown> {
  return producer.ask({
    kind: 'openLoop',
    bootstrap: cluster.bootstrap,
    topic,
    recordBytes: 100,
    compression: 'lz4',
    seed: 1,
    measureAtMs: wallMs(),
    measureMs: Number.MAX_SAFE_INTEGER,
    recordsPerSecond: RECORDS_PER_SECOND,
    partitions: PARTITIONS,
  });
}

async function leaveAndJoin(
  members: readonly WorkerProcess[],
  number: number,
  place: Place,
): Promise<{ readonly leave: Gaps; readonly join: Gaps }> {
  const mover = members[number];
  if (mover === undefined) throw new Error('no such member');
  const others = members.filter((member) => member !== mover);
  const leave = await disturb(place, members, others, () => mover.ask({ kind: 'memberLeave' }));
  await connectMember(mover, place);
  const join = await disturb(place, others, members, () => mover.ask({ kind: 'memberJoin' }));
  return { leave, join };
}

/** The gaps around `act`, by which the members become others. */
async function disturb(
  place: Place,
  before: readonly WorkerProcess[],
  after: readonly WorkerProcess[],
  act: () => Promise<unknown>,
): Promise<Gaps> {
  const old = await shared(before, place);
  await rest(WINDOW_MS);
  const atMs = wallMs();
  await act();
  const current = await shared(after, place);
  await rest(Math.max(WINDOW_MS, current.atMs - atMs));
  const endMs = wallMs();
  const reads = await readsOf(new Set([...before, ...after]));
  const gaps = Array.from({ length: place.partitions }, (_, partition) => {
    const readMs = (reads.get(partition) ?? []).toSorted((a, b) => a - b);
    return {
      undisturbed: gapWithin(readMs, atMs - WINDOW_MS, atMs),
      disturbed: gapWithin(readMs, atMs, endMs),
      isMoved: old.owners.get(partition) !== current.owners.get(partition),
    };
  });
  const stayed = gaps.filter(({ isMoved }) => !isMoved);
  return {
    undisturbed: gaps.map(({ undisturbed }) => undisturbed),
    stayed: stayed.map(({ disturbed }) => disturbed),
    stayedLonger: stayed.map(({ undisturbed, disturbed }) => disturbed - undisturbed),
    moved: gaps.filter(({ isMoved }) => isMoved).map(({ disturbed }) => disturbed),
  };
}

/** By partition, whoever has read it. */
async function readsOf(members: ReadonlySet<WorkerProcess>): Promise<Map<number, number[]>> {
  const reads = new Map<number, number[]>();
  const answers = await Promise.all(
    [...members].map((member) => member.ask({ kind: 'memberReads' })),
  );
  for (const [partition, readMs] of answers.flat()) {
    reads.set(partition, [...(reads.get(partition) ?? []), ...readMs]);
  }
  return reads;
}

/** The longest time without a record that ends in the window, or is not over at its end. */
function gapWithin(readMs: readonly number[], fromMs: number, toMs: number): number {
  const gapMs = longestGapMs([...readMs.filter((ms) => ms < toMs), toMs], fromMs);
  if (gapMs === undefined) throw new Error('a partition was never read');
  return gapMs;
}

function figuresOf(when: string, rounds: readonly Gaps[]): Figure[] {
  const all = (read: (gaps: Gaps) => readonly number[]): number[] => rounds.flatMap(read);
  return [
    figure(
      `gap, before ${when}`,
      'ms',
      all(({ undisturbed }) => undisturbed),
    ),
    figure(
      `gap of what stays, ${when}`,
      'ms',
      all(({ stayed }) => stayed),
    ),
    figure(
      `gap of what stays, longer than before, ${when}`,
      'ms',
      all(({ stayedLonger }) => stayedLonger),
      TARGET,
    ),
    figure(
      `gap of what moves, ${when}`,
      'ms',
      all(({ moved }) => moved),
    ),
  ];
}
