/** The members of one group, each in a process of its own, and when they share a topic among them. */
import { setTimeout as rest } from 'node:timers/promises';
import type { Cluster } from '../../harness/cluster.ts';
import { type BenchContext, startClients, wallMs } from '../bench.ts';
import type { MemberState } from '../worker/protocol.ts';
import type { WorkerProcess } from '../worker-process.ts';

const POLL_MS = 10;
const SHARED_MS_MAX = 60_000;

export interface Place {
  readonly cluster: Cluster;
  readonly groupId: string;
  readonly topic: string;
  readonly partitions: number;
}

/** How the group shares, and since when. */
export interface Share {
  /** Milliseconds since 1970, up to `POLL_MS` and a question late. */
  readonly atMs: number;
  /** Which member owns which partition. */
  readonly owners: ReadonlyMap<number, WorkerProcess>;
}

/** Processes that each have a member that is connected and has not joined. */
export async function connectMembers(
  context: BenchContext,
  place: Place,
  count: number,
  parts: AsyncDisposableStack,
): Promise<readonly WorkerProcess[]> {
  const members = startClients(context, count).map((member) => parts.use(member));
  await Promise.all(members.map((member) => connectMember(member, place)));
  return members;
}

export async function connectMember(
  member: WorkerProcess,
  { cluster: { bootstrap }, groupId, topic }: Place,
): Promise<void> {
  await member.ask({ kind: 'memberStart', bootstrap, groupId, topic });
}

/** Waits until these are all of the members, in one generation, and own every partition in fair shares. */
export async function shared(
  members: readonly WorkerProcess[],
  { partitions }: Place,
): Promise<Share> {
  const signal = AbortSignal.timeout(SHARED_MS_MAX);
  for (;;) {
    const states = await Promise.all(members.map((member) => member.ask({ kind: 'memberState' })));
    if (isShared(states, partitions)) {
      const owners = members.flatMap((member, index) =>
        (states[index]?.partitions ?? []).map((partition) => [partition, member] as const),
      );
      return { atMs: wallMs(), owners: new Map(owners) };
    }
    await rest(POLL_MS, undefined, { signal });
  }
}

/** A generation in which partitions are withheld from their next owner is not the last: shares differ by more than one. */
function isShared(states: readonly MemberState[], partitions: number): boolean {
  const owned = states.flatMap((state) => state.partitions);
  const counts = states.map((state) => state.partitions.length);
  const [generation] = states.map((state) => state.generation);
  return (
    generation !== null &&
    states.every((state) => state.generation === generation) &&
    owned.length === partitions &&
    new Set(owned).size === partitions &&
    Math.max(...counts) - Math.min(...counts) <= 1
  );
}
