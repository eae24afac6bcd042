/**
 * How long one partition takes no records when its holder dies, hangs or leaves: from the last acknowledgement before to
 * the first one after, as a producer sees it that sends all the time with its defaults.
 */
import { setTimeout as rest } from 'node:timers/promises';
import { type Admin, connectAdmin } from '@streamhouse/client/mod.ts';
import { signalProcess } from '@streamhouse/standalone/process.ts';
import type { Cluster, ClusterOptions } from '../harness/cluster.ts';
import {
  type BenchContext,
  createTopic,
  inTurn,
  startClients,
  startStage,
  wallMs,
} from './bench.ts';
import { type Figure, figure, type Target } from './figure.ts';
import { percentile } from './stats.ts';
import type { WorkerProcess } from './worker-process.ts';

interface Fault {
  readonly title: string;
  readonly signal: 'SIGKILL' | 'SIGSTOP' | 'SIGTERM';
  readonly target: Target | undefined;
  /** Whether nobody tells Postgres that the holder is gone: its session has to run out. */
  readonly isUnnoticed: boolean;
}

const AGENTS = 3;
const PARTITIONS = 24;
const PARTITION = 0;
const PROBE_EVERY_MS = 5;
const ANSWER_MS_MAX = 30_000;
const SETTLE_MS_MAX = 60_000;
/** Undisturbed time before each fault. */
const CALM_MS = 1_500;
const POLL_MS = 50;

const FAILOVERS: readonly Fault[] = [
  {
    title: 'failover, SIGKILL, fenced at once',
    signal: 'SIGKILL',
    target: { kind: 'atMost', value: 3_000 },
    isUnnoticed: false,
  },
  {
    title: 'failover, SIGKILL, session runs out',
    signal: 'SIGKILL',
    target: undefined,
    isUnnoticed: true,
  },
  {
    title: 'failover, SIGSTOP',
    signal: 'SIGSTOP',
    target: { kind: 'atMost', value: 5_000 },
    isUnnoticed: false,
  },
];
const HANDOVER: Fault = {
  title: 'planned handover, SIGTERM',
  signal: 'SIGTERM',
  target: { kind: 'atMost', value: 500 },
  isUnnoticed: false,
};

export async function benchFailover(context: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const fault of FAILOVERS) figures.push(...(await measure(context, fault)));
  return figures;
}

export function benchHandover(context: BenchContext): Promise<Figure[]> {
  return measure(context, HANDOVER);
}

async function measure(context: BenchContext, fault: Fault): Promise<Figure[]> {
  const release = new Releases();
  const options: ClusterOptions = {
    agents: AGENTS,
    objects: 'directory',
    ...(fault.isUnnoticed ? { beforeFence: () => release.wait() } : {}),
  };
  await using cluster = await startStage(context, options);
  const topic = await createTopic(cluster, 'failover', PARTITIONS);
  await using admin = await connectAdmin({ bootstrap: cluster.bootstrap });
  const [probe] = startClients(context, 1);
  if (probe === undefined) throw new Error('no client');
  await using _owned = probe;
  await probe.ask({
    kind: 'probeStart',
    bootstrap: cluster.bootstrap,
    topic,
    partition: PARTITION,
    everyMs: PROBE_EVERY_MS,
  });
  const scene: Scene = { cluster, admin, topic, probe, release };
  const gaps = await inTurn(context.options.faults, async (number) => {
    const gapMs = await strike(scene, fault);
    context.say(`${fault.title} ${number + 1}: ${Math.round(gapMs)} ms`);
    return gapMs;
  });
  const { failed } = await probe.ask({ kind: 'probe', sinceMs: 0, overAfterMs: 0 });
  await probe.ask({ kind: 'probeEnd' });
  return figuresOf(fault, gaps, failed);
}

function figuresOf({ title, target }: Fault, gaps: readonly number[], failed: number): Figure[] {
  return [
    figure(title, 'ms', gaps),
    figure(`${title}, p99 of ${gaps.length}`, 'ms', [percentile(gaps, 0.99)], target),
    figure(`${title}, sends that failed`, 'records', [failed], { kind: 'atMost', value: 0 }),
  ];
}

interface Scene {
  readonly cluster: Cluster;
  readonly admin: Admin;
  readonly topic: string;
  readonly probe: WorkerProcess;
  readonly release: Releases;
}

/** Faults the holder of the partition, and waits until everything is as before. Resolves the gap. */
async function strike(scene: Scene, fault: Fault): Promise<number> {
  await settled(scene);
  await rest(CALM_MS);
  const holder = await holderOf(scene);
  if (holder === undefined) throw new Error('nobody holds the partition');
  const sinceMs = wallMs();
  scene.release.hold();
  if (!signalProcess(holder.pid, fault.signal)) throw new Error('the holder is gone already');
  // An answer after the signal may still be the old holder's, which was on its way or is draining.
  await replaced(scene, holder.incarnation);
  const failoverMs = await gapSince(scene.probe, sinceMs);
  scene.release.free();
  if (fault.signal === 'SIGSTOP') signalProcess(holder.pid, 'SIGCONT');
  if (fault.signal !== 'SIGTERM') return failoverMs;
  // The one that comes back takes its partitions again: that is part of a planned restart.
  await settled(scene);
  await rest(CALM_MS);
  return await gapSince(scene.probe, sinceMs);
}

async function replaced(scene: Scene, incarnation: number): Promise<void> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  for (;;) {
    const holder = await holderOf(scene).catch(() => undefined);
    if (holder !== undefined && holder.incarnation !== incarnation) return;
    await rest(POLL_MS, undefined, { signal });
  }
}

/** The longest gap from `sinceMs` until records that are sent from now on are acknowledged. */
async function gapSince(probe: WorkerProcess, sinceMs: number): Promise<number> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const overAfterMs = wallMs();
  for (;;) {
    const { gapMs } = await probe.ask({ kind: 'probe', sinceMs, overAfterMs });
    if (gapMs !== undefined) return gapMs;
    await rest(POLL_MS, undefined, { signal });
  }
}

async function holderOf({ admin, cluster, topic }: Scene) {
  const { topics } = await admin.metadata([topic]);
  const holder = topics[0]?.partitions[PARTITION]?.holder;
  const agent = cluster.agents.find(({ id }) => id === holder?.agentId);
  if (holder === undefined || agent?.pid === undefined) return undefined;
  return { pid: agent.pid, incarnation: holder.incarnation };
}

/** Every agent is there, each with its share. */
async function settled({ admin, topic }: Scene): Promise<void> {
  const signal = AbortSignal.timeout(SETTLE_MS_MAX);
  while (!(await isSettled().catch(() => false))) await rest(POLL_MS, undefined, { signal });

  async function isSettled(): Promise<boolean> {
    const { topics, agents } = await admin.metadata([topic], { signal });
    const held = (topics[0]?.partitions ?? []).map(({ holder }) => holder?.incarnation);
    const live = agents.filter((agent) => !agent.isDraining).map((agent) => agent.incarnation);
    return (
      live.length === AGENTS &&
      live.every((incarnation) => held.includes(incarnation)) &&
      held.every((incarnation) => incarnation !== undefined && live.includes(incarnation))
    );
  }
}

/** Keeps the supervisor from fencing while a fault is measured. */
class Releases {
  #gate: PromiseWithResolvers<void> | undefined;

  hold(): void {
    this.#gate = Promise.withResolvers();
  }

  free(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async wait(): Promise<void> {
    await this.#gate?.promise;
  }
}
