/** What every bench is given, and the pieces that several of them are made of. */
import { connectAdmin } from '@streamhouse/client/mod.ts';
import { pause, signalProcess } from '@streamhouse/standalone/process.ts';
import { type Cluster, type ClusterOptions, startCluster } from '../harness/cluster.ts';
import { temporaryHome } from '../harness/guard.ts';
import type { Figure } from './figure.ts';
import type { BenchOptions } from './options.ts';
import { WorkerProcess } from './worker-process.ts';
import type { GatewayPlace } from './worker/protocol.ts';

export interface BenchContext {
  readonly options: BenchOptions;
  /** Takes sentences about what is under way. */
  readonly say: (line: string) => void;
  /** Records per second of 100 bytes that the cluster takes, once it was measured. */
  peakRecordsPerSecond: number | undefined;
}

export type Bench = (context: BenchContext) => Promise<Figure[]>;

/** Milliseconds from the start of the clients to the measurement: connected, code compiled, caches filled. */
const WARMUP_MS = 4_000;

const BACK_MS = 60_000;
const BACK_POLL_MS = 50;

/** What S3 takes for a PUT, as its users see it. */
const S3_PUT_LATENCY = { p50Ms: 60, p99Ms: 250 } as const;

export interface S3Stage extends AsyncDisposable {
  readonly place: GatewayPlace;
  /** Objects written so far. */
  puts(): Promise<number>;
}

/** An S3 service as slow as a real one, in a process of its own. */
export async function startS3Stage(): Promise<S3Stage> {
  await using parts = new AsyncDisposableStack();
  const folder = parts.use(await temporaryHome());
  const worker = parts.use(new WorkerProcess());
  const place = await worker.ask({
    kind: 'gateway',
    root: folder.path,
    putLatency: S3_PUT_LATENCY,
  });
  const owned = parts.move();
  return {
    place,
    puts: () => worker.ask({ kind: 'gatewayPuts' }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A cluster whose agents write profiles when that is asked for. */
export function startStage(
  { options: { profileFolder } }: BenchContext,
  options: ClusterOptions,
): Promise<Cluster> {
  const flags = profileFlags(profileFolder, 'agent').join(' ');
  const env = flags === '' ? options.env : { ...options.env, NODE_OPTIONS: flags };
  return startCluster(env === undefined ? options : { ...options, env });
}

/** Now and everywhere on this machine, in milliseconds since 1970 and never set back. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

/** When to begin to measure, for clients that begin now. */
export function afterWarmup(warmupMs: number = WARMUP_MS): number {
  return wallMs() + warmupMs;
}

export function startClients({ options }: BenchContext, count: number): WorkerProcess[] {
  const flags = profileFlags(options.profileFolder, 'client');
  return Array.from({ length: count }, () => new WorkerProcess(flags));
}

/** A topic of its own, so that one run does not stand on another's state. */
export async function createTopic(
  cluster: Cluster,
  name: string,
  partitions: number,
): Promise<string> {
  await using admin = await connectAdmin({ bootstrap: cluster.bootstrap });
  await admin.createTopic({ name, partitions });
  return name;
}

/**
 * A new process in the place of the only agent, with every partition that the old one held. The old one's caches are gone
 * with it; those of the operating system, and the code that it compiled, are not.
 */
export async function restartAgent(cluster: Cluster): Promise<void> {
  const pid = cluster.agents[0]?.pid;
  if (pid === undefined) throw new Error('the agent does not run');
  signalProcess(pid, 'SIGTERM');
  const signal = AbortSignal.timeout(BACK_MS);
  while (cluster.agents[0]?.pid === pid || !(await isAllHeld(cluster, signal))) {
    await pause(BACK_POLL_MS, signal);
  }
}

async function isAllHeld(cluster: Cluster, signal: AbortSignal): Promise<boolean> {
  try {
    await using admin = await connectAdmin({ bootstrap: cluster.bootstrap, signal });
    const { topics, agents } = await admin.metadata(undefined, { signal });
    const live = new Set(agents.map((agent) => agent.incarnation));
    const partitions = topics.flatMap((topic) => topic.partitions);
    return partitions.every(({ holder }) => holder !== undefined && live.has(holder.incarnation));
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** One after the other, so that nothing shares the machine with what is measured. */
export async function inTurn<T>(
  count: number,
  run: (index: number) => Promise<T>,
): Promise<readonly T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index++) results.push(await run(index));
  return results;
}

function profileFlags(folder: string | undefined, who: string): string[] {
  if (folder === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${folder}/${who}`];
}
