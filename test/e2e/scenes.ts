/** What happens to the agents while records flow, and what has to be true of the records afterwards. */
import { findAnomalies } from '../harness/anomalies.ts';
import { Facts, type PartitionFact } from '../harness/facts.ts';
import {
  endsOf,
  scanTopic,
  startFollower,
  startTraffic,
  type Traffic,
} from '../harness/traffic.ts';
import { until } from '../harness/until.ts';
import type { Installation } from './installation.ts';

const TOPIC = 'orders';
const PARTITIONS = 12;
const SCAN_MS_MAX = 300_000;
const FLOWING_MS_MAX = 120_000;
/** Records after a disturbance that show that things flow again. */
const FLOWING_RECORDS = 500;
/** From the deletion of a pod without grace until each of its partitions takes records again. */
const WRITABLE_MS_MAX = 2_000;

export interface SceneOptions {
  /** Pods to delete without grace, one after the other. */
  readonly losses: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Resolves what did not hold. */
export async function runScenes(
  installation: Installation,
  options: SceneOptions,
): Promise<readonly string[]> {
  const { bootstrap } = installation;
  const { say, signal } = options;
  await installation.applySamples();
  say(await installation.kubectl('get', 'sht,shap,pods'));
  const where = { bootstrap, topic: TOPIC, partitions: PARTITIONS };
  await using follower = await startFollower(where);
  await using traffic = await startTraffic(where);
  await flowing(traffic, signal);
  for (const [name, scene] of Object.entries(SCENES)) {
    say(name);
    const beganMs = performance.now();
    await scene(installation);
    await flowing(traffic, signal);
    say(`${name}: ${((performance.now() - beganMs) / 1_000).toFixed(1)} s, ${failed(traffic)}`);
  }
  const slow = await lose(installation, traffic, options);
  const sent = await traffic.stop();
  const scan = await scanTopic(where, within(SCAN_MS_MAX, signal));
  await follower.untilRead(endsOf(scan), within(SCAN_MS_MAX, signal));
  say(`${sent.length} records sent, ${failed(traffic)}`);
  const errors = traffic.errors.slice(0, 5).map((error) => `a produce failed: ${error.message}`);
  return [...errors, ...slow, ...findAnomalies(sent, scan, [follower.scan])];
}

type Scene = (installation: Installation) => Promise<void>;

const SCENES: Readonly<Record<string, Scene>> = {
  'scale to 5': async (installation) => {
    await installation.kubectl('scale', 'agentpool/default', '--replicas=5');
    await installation.settled();
  },
  'scale to 3': async (installation) => {
    await installation.kubectl('scale', 'agentpool/default', '--replicas=3');
    await installation.settled();
  },
  'roll all agents': async (installation) => {
    const rollout = { restartedAt: new Date().toISOString() };
    const patch = JSON.stringify({ spec: { rollout } });
    await installation.kubectl('patch', 'agentpool/default', '--type=merge', `--patch=${patch}`);
    await installation.settled();
  },
  'evict an agent': async (installation) => {
    await installation.evict('default-1');
    await installation.settled();
  },
  'kill the process of an agent': async (installation) => {
    await installation.killProcess('default-2');
    await installation.settled();
  },
};

/** Deletes pods without grace. Resolves what says that their partitions did not take records again in time. */
async function lose(
  installation: Installation,
  traffic: Traffic,
  { losses, say, signal }: SceneOptions,
): Promise<readonly string[]> {
  await using facts = new Facts(installation.postgresUrl);
  const timesMs: number[] = [];
  for (let loss = 0; loss < losses; loss++) {
    await installation.settled();
    await flowing(traffic, signal);
    const pod = `default-${loss % 3}`;
    const held = (await facts.partitions(TOPIC)).filter(({ agentId }) => agentId === pod);
    const goneMs = performance.now();
    await installation.lose(pod);
    await writable(facts, traffic, held, signal);
    const tookMs = Math.round(performance.now() - goneMs);
    timesMs.push(tookMs);
    say(`loss ${loss + 1}: ${held.length} partitions of ${pod} writable after ${tookMs} ms`);
  }
  const sorted = timesMs.toSorted((a, b) => a - b);
  say(`losses: median ${sorted[Math.floor(sorted.length / 2)]} ms, at most ${sorted.at(-1)} ms`);
  return sorted
    .filter((ms) => ms > WRITABLE_MS_MAX)
    .map((ms) => `partitions of a lost pod took records again only after ${ms} ms`);
}

/** Waits until each has another holder, and then for one more record: answers of the old one may still be under way. */
async function writable(
  facts: Facts,
  traffic: Traffic,
  held: readonly PartitionFact[],
  ending: AbortSignal,
): Promise<void> {
  const signal = within(FLOWING_MS_MAX, ending);
  await until(async () => {
    const now = await facts.partitions(TOPIC);
    return held.every(({ partition, epoch }) => {
      const present = now[partition];
      return present !== undefined && present.epoch > epoch && present.agentId !== undefined;
    });
  }, signal);
  const before = held.map(({ partition }) => traffic.acknowledged(partition));
  const isMore = (_: PartitionFact, index: number): boolean =>
    traffic.acknowledged(held[index]?.partition) > (before[index] ?? 0);
  await until(() => held.every(isMore), signal);
}

async function flowing(traffic: Traffic, signal: AbortSignal): Promise<void> {
  const enough = traffic.acknowledged() + FLOWING_RECORDS;
  await until(() => traffic.acknowledged() >= enough, within(FLOWING_MS_MAX, signal));
}

function within(ms: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}

function failed({ errors }: Traffic): string {
  return `${errors.length} failed produces`;
}
