/**
 * What a rollout costs who writes meanwhile. Pods of simulated nodes are none, so the agents are processes of this machine:
 * the controllers that roll them are those of Kubernetes.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import { connectAdmin } from '@streamhouse/client/mod.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { HttpKubeApi } from '@streamhouse/operator/kube/http-kube-api.ts';
import { standaloneComponents } from '@streamhouse/standalone/components.ts';
import { DEFAULT_POOL } from '@streamhouse/standalone/pools/local-pools.ts';
import { POOLS } from '@streamhouse/standalone/resources/resources.test-support.ts';
import { type Standalone, startStandalone } from '@streamhouse/standalone/standalone.ts';
import { temporaryHome } from '../harness/guard.ts';
import { until } from '../harness/until.ts';
import { type BenchContext, startClients, wallMs } from './bench.ts';
import { type Figure, figure } from './figure.ts';
import { percentile } from './stats.ts';
import type { WorkerProcess } from './worker-process.ts';

const AGENTS = 6;
const TOPIC = 'rollout';
const PARTITIONS = 24;
/** Producers, each of which writes to a partition of its own all the time. */
const PROBES = 4;
const PROBE_EVERY_MS = 5;
const ROLLOUTS_MAX = 2;
/** Of one rollout, on a machine that does nothing else: half a minute. */
const ROLLOUT_MS_MAX = 150_000;
const HANDOVER_P99_MS = 2_000;
const P99 = 0.99;

export async function benchRollout(context: BenchContext): Promise<Figure[]> {
  const { options, say } = context;
  await using parts = new AsyncDisposableStack();
  const standalone = await startAgents(parts);
  const bootstrap = standalone.agents.map(({ address }) => address);
  await using admin = await connectAdmin({ bootstrap });
  await admin.createTopic({ name: TOPIC, partitions: PARTITIONS });
  const pool = parts.use(new Pool(standalone));
  await pool.settled();
  const probes = startClients(context, PROBES).map((probe) => parts.use(probe));
  await Promise.all(
    probes.map((probe, partition) =>
      probe.ask({
        kind: 'probeStart',
        bootstrap,
        topic: TOPIC,
        partition,
        everyMs: PROBE_EVERY_MS,
      }),
    ),
  );
  const [gaps, seconds]: [number[], number[]] = [[], []];
  for (let count = 0; count < Math.min(options.faults, ROLLOUTS_MAX); count++) {
    const sinceMs = wallMs();
    await pool.roll();
    seconds.push((wallMs() - sinceMs) / 1_000);
    gaps.push(...(await Promise.all(probes.map((probe) => longestGap(probe, sinceMs)))));
    say(`rollout ${count + 1}: ${seconds.at(-1)?.toFixed(1)} s`);
  }
  const answers = probes.map((probe) => probe.ask({ kind: 'probe', sinceMs: 0, overAfterMs: 0 }));
  const failed = (await Promise.all(answers)).reduce((sum, answer) => sum + answer.failed, 0);
  await Promise.all(probes.map((probe) => probe.ask({ kind: 'probeEnd' })));
  const name = `rollout of ${AGENTS} agents, as processes`;
  const worst = percentile(gaps, P99);
  return [
    figure(name, 's', seconds),
    figure(`${name}, longest time without an answer, by partition`, 'ms', gaps),
    figure(`${name}, p99 of it`, 'ms', [worst], { kind: 'atMost', value: HANDOVER_P99_MS }),
    figure(`${name}, sends that failed`, 'records', [failed], { kind: 'atMost', value: 0 }),
  ];
}

async function startAgents(parts: AsyncDisposableStack): Promise<Standalone> {
  const { path: home } = parts.use(await temporaryHome());
  // No topics but that of the bench.
  const manifests = join(home, 'manifests');
  await mkdir(manifests);
  const settings = {
    ...{ home, agentCount: AGENTS, agentPort: 0, metricsPort: 0, isAutoPort: true },
    postgresUrl: undefined,
    objects: { kind: 'directory' },
    readyFile: undefined,
    agentEnv: { LOG_LEVEL: 'warn' },
    resources: { manifests, apiPort: 0 },
  } as const;
  return parts.use(
    await startStandalone(
      settings,
      standaloneComponents(() => undefined),
    ),
  );
}

async function longestGap(probe: WorkerProcess, sinceMs: number): Promise<number> {
  const overAfterMs = wallMs();
  let gap: number | undefined;
  await until(async () => {
    gap = (await probe.ask({ kind: 'probe', sinceMs, overAfterMs })).gapMs;
    return gap !== undefined;
  }, AbortSignal.timeout(ROLLOUT_MS_MAX));
  return gap ?? 0;
}

/** The pool of a standalone, as its user sees it. */
class Pool implements Disposable {
  readonly #kube: HttpKubeApi;

  constructor({ api }: Standalone) {
    this.#kube = new HttpKubeApi({
      access: { server: api?.url ?? '', credentials: () => Promise.resolve({}) },
      clock: systemClock,
      random: Math.random,
      userAgent: 'streamhouse-bench',
    });
  }

  /** As `kubectl rollout restart`, until every agent is another one. */
  async roll(): Promise<void> {
    const restartedAt = new Date().toISOString();
    const signal = AbortSignal.timeout(ROLLOUT_MS_MAX);
    const patch = { spec: { rollout: { restartedAt } } };
    await this.#kube.mergePatch(POOLS, DEFAULT_POOL, patch, {}, signal);
    await this.settled();
  }

  async settled(): Promise<void> {
    const signal = AbortSignal.timeout(ROLLOUT_MS_MAX);
    await until(async () => {
      const pool = await this.#kube.get<AgentPoolResource>(POOLS, DEFAULT_POOL, signal);
      const { observedGeneration, updatedReplicas, conditions = [] } = pool?.status ?? {};
      return (
        observedGeneration === pool?.metadata.generation &&
        updatedReplicas === AGENTS &&
        conditions.some(({ type, reason }) => type === 'Progressing' && reason === 'Settled')
      );
    }, signal);
  }

  [Symbol.dispose](): void {
    this.#kube[Symbol.dispose]();
  }
}
