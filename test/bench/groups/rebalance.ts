/** How long ten members need to share 900 partitions anew: from a member's call until all are owned in one generation. */
import { type BenchContext, createTopic, inTurn, startStage, wallMs } from '../bench.ts';
import { type Figure, figure } from '../figure.ts';
import type { WorkerProcess } from '../worker-process.ts';
import { connectMember, connectMembers, type Place, shared } from './members.ts';

const MEMBERS = 10;
const PARTITIONS = 900;
const TARGET = { kind: 'atMost', value: 2_000 } as const;

export async function benchRebalance(context: BenchContext): Promise<Figure[]> {
  await using parts = new AsyncDisposableStack();
  const cluster = parts.use(await startStage(context, { agents: 1, objects: 'directory' }));
  const topic = await createTopic(cluster, 'groups-rebalance', PARTITIONS);
  const place = { cluster, groupId: 'rebalance', topic, partitions: PARTITIONS };
  const members = await connectMembers(context, place, MEMBERS, parts);
  const startMs = wallMs();
  await Promise.all(members.map((member) => member.ask({ kind: 'memberJoin' })));
  const allMs = (await shared(members, place)).atMs - startMs;
  const runs = await inTurn(context.options.faults, async (run) => {
    const times = await leaveAndJoin(members, run % MEMBERS, place);
    context.say(
      `rebalance ${run + 1}: leave ${Math.round(times.leaveMs)} ms, join ${Math.round(times.joinMs)} ms`,
    );
    return times;
  });
  const name = `rebalance, ${MEMBERS} members, ${PARTITIONS} partitions`;
  const [leaves, joins] = [runs.map(({ leaveMs }) => leaveMs), runs.map(({ joinMs }) => joinMs)];
  return [
    figure(`${name}: a member joins`, 'ms', joins, TARGET),
    figure(`${name}: a member leaves`, 'ms', leaves, TARGET),
    figure(`${name}: all join an empty group`, 'ms', [allMs], TARGET),
  ];
}

async function leaveAndJoin(
  members: readonly WorkerProcess[],
  number: number,
  place: Place,
): Promise<{ readonly leaveMs: number; readonly joinMs: number }> {
  const mover = members[number];
  if (mover === undefined) throw new Error('no such member');
  const others = members.filter((member) => member !== mover);
  const leftMs = wallMs();
  const [left] = await Promise.all([shared(others, place), mover.ask({ kind: 'memberLeave' })]);
  await connectMember(mover, place);
  const joinedMs = wallMs();
  await mover.ask({ kind: 'memberJoin' });
  const joined = await shared(members, place);
  return { leaveMs: left.atMs - leftMs, joinMs: joined.atMs - joinedMs };
}
