/** What many Topics cost, how soon one is there, and what happens when the operator that acts goes. */
import type { OperatorProcess } from '../harness/operator-process.ts';
import { until } from '../harness/until.ts';
import type { BenchContext } from './bench.ts';
import { type Figure, figure, type Target } from './figure.ts';
import { benchRollout } from './operator-rollout.ts';
import { OperatorWorld, untilMetric } from './operator-world.ts';
import { percentile } from './stats.ts';

const TOPICS = 10_000;
const TOPICS_QUICK = 500;
/** Seconds of a measurement that say that it is a quick one. */
const QUICK_SECONDS = 2;
const SINGLES = 100;
const P99 = 0.99;
const STEADY_MS = 60_000;
const STEADY_QUICK_MS = 5_000;
const LEADERS_MAX = 5;
const HOUR_MS = 3_600_000;
const MIB = 2 ** 20;
const WAIT_MS = 120_000;
/** Of many topics, after which there is no figure. */
const CREATION_MS = 420_000;
const TELL_MS = 5_000;
const QUIET_MS = 3_000;
/** More often than a comparison begins: there is always one under way or about to be. */
const NOTIFY_MS = 200;

/** Statements that answer what topics there are, or give a resource its own. */
const OF_TOPICS = ['owned-topics', 'topic-owners', 'claim-topics', 'release-topic'];
const RESYNCS = 'streamhouse_operator_resyncs_total';

/** In the order in which one state leads to the next. */
export async function benchOperator(context: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = [];
  // Each is told when it is known: who interrupts the command has seen those that there are.
  const add = (...more: readonly Figure[]): void => {
    figures.push(...more);
    for (const { name, median, unit } of more) context.say(`${name}: ${median.toFixed(2)} ${unit}`);
  };
  await benchTopics(context, add);
  context.say(
    `a rollout: agents as processes of this machine, as pods of simulated nodes are none`,
  );
  add(...(await benchRollout(context)));
  return figures;
}

async function benchTopics(
  { options, say }: BenchContext,
  add: (...figures: readonly Figure[]) => void,
): Promise<void> {
  const isQuick = options.seconds <= QUICK_SECONDS;
  const count = isQuick ? TOPICS_QUICK : TOPICS;
  say('a control plane');
  await using world = await OperatorWorld.open(say);
  const first = await world.start();
  await until(() => first.isLeader(), AbortSignal.timeout(WAIT_MS));
  await world.watch();
  say(`${count} new topics`);
  add(await newTopics(world, count, say));
  add(await memory(first, `memory of the operator after it has made ${count} topics`));
  say('until the last event is written');
  await untilQuiet(first);
  say('one topic at a time');
  const idle = await singles(world, 'idle');
  add(figure('apply to Ready, p99, idle', 'ms', [percentile(idle, P99)], atMost(250)));
  const busy = await duringResyncs(world, () => singles(world, 'busy'));
  const busyName = `apply to Ready, p99, while ${count} topics are compared`;
  add(figure(busyName, 'ms', [percentile(busy, P99)], atMost(1_000)));
  say('steady state');
  add(...(await steady(first, isQuick ? STEADY_QUICK_MS : STEADY_MS)));
  first.kill('SIGTERM');
  await first.ended;
  say('cold start');
  const { operator: second, statements } = await world.startCounted();
  const all = count + 2 * SINGLES;
  add(...(await coldStart(second, all, statements)));
  add(await memory(second, `memory of an operator that found ${all} topics`));
  say('leaders that go');
  const faults = Math.min(options.faults, LEADERS_MAX);
  add(...(await leaders(world, second, faults)));
}

function atMost(value: number): Target {
  return { kind: 'atMost', value };
}

async function memory(operator: OperatorProcess, name: string): Promise<Figure> {
  const residentBytes = await operator.metric('process_resident_memory_bytes');
  return figure(name, 'MiB', [residentBytes / MIB], atMost(200));
}

async function newTopics(
  world: OperatorWorld,
  count: number,
  say: BenchContext['say'],
): Promise<Figure> {
  const beganMs = performance.now();
  const telling = setInterval(() => say(`${world.readyCount} are Ready`), TELL_MS);
  try {
    await world.createTopics(count, (index) => `many-${index}`);
    await until(() => world.readyCount >= count, AbortSignal.timeout(CREATION_MS));
  } finally {
    clearInterval(telling);
  }
  const seconds = (performance.now() - beganMs) / 1_000;
  return figure(`${count} new topics to Ready`, 's', [seconds], atMost(60));
}

/** Until the operator has nothing left to write: events come after what they tell of. */
async function untilQuiet(operator: OperatorProcess): Promise<void> {
  let [writes, sinceMs] = [-1, performance.now()];
  await until(async () => {
    const present = await writesOf(operator);
    if (present !== writes) [writes, sinceMs] = [present, performance.now()];
    return performance.now() - sinceMs > QUIET_MS;
  }, AbortSignal.timeout(WAIT_MS));
}

async function singles(world: OperatorWorld, name: string): Promise<number[]> {
  const timesMs: number[] = [];
  for (let index = 0; index < SINGLES; index++)
    timesMs.push(await world.readyMs(`${name}-${index}`));
  return timesMs;
}

async function duringResyncs<T>(world: OperatorWorld, work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    world.notify().catch(() => undefined);
  }, NOTIFY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** With nothing to do. Renewing the Lease is no write to a resource. */
async function steady(operator: OperatorProcess, forMs: number): Promise<Figure[]> {
  const cpu = (): Promise<number> => operator.metric('process_cpu_seconds_total');
  const [cpuBefore, writesBefore] = [await cpu(), await writesOf(operator)];
  const beganMs = performance.now();
  await until(() => performance.now() - beganMs >= forMs, AbortSignal.timeout(forMs * 2));
  const tookMs = performance.now() - beganMs;
  const share = ((await cpu()) - cpuBefore) / (tookMs / 1_000);
  const writes = (((await writesOf(operator)) - writesBefore) * HOUR_MS) / tookMs;
  return [
    figure('steady state, share of a core', '%', [share * 100], atMost(1)),
    figure('steady state, writes', '1/h', [writes], atMost(0)),
  ];
}

async function writesOf(operator: OperatorProcess): Promise<number> {
  return (
    (await operator.metric('rest_client_requests_total', 'method="PATCH"')) +
    (await operator.metric('rest_client_requests_total', 'method="POST"'))
  );
}

/** Every topic is as its resource says already; that has to be found out, and nothing is to be done. */
async function coldStart(
  operator: OperatorProcess,
  count: number,
  statements: ReadonlyMap<string, number>,
): Promise<Figure[]> {
  const signal = AbortSignal.timeout(WAIT_MS);
  await until(async () => (await operator.probe('/readyz')) === 200, signal);
  const listedMs = performance.now();
  await until(() => operator.isLeader(), signal);
  const ledMs = performance.now();
  await untilMetric(operator, RESYNCS, (resyncs) => resyncs >= 1);
  await untilMetric(operator, 'controller_runtime_reconcile_total', (total) => total >= count);
  const verifiedMs = performance.now();
  const seconds = (verifiedMs - Math.max(listedMs, ledMs)) / 1_000;
  return [
    figure(`cold start, ${count} topics verified`, 's', [seconds], atMost(2)),
    figure('cold start, writes', '', [await writesOf(operator)], atMost(0)),
    figure(
      'cold start, SQL queries that tell of topics',
      '',
      [countOf(statements, OF_TOPICS)],
      atMost(1),
    ),
    figure('cold start, SQL statements of all kinds', '', [countOf(statements)]),
  ];
}

/** Executions of some statements, or of all. */
function countOf(statements: ReadonlyMap<string, number>, names?: readonly string[]): number {
  const counted = [...statements].filter(([name]) => names?.includes(name) ?? true);
  return counted.reduce((sum, [, count]) => sum + count, 0);
}

async function leaders(
  world: OperatorWorld,
  leading: OperatorProcess,
  faults: number,
): Promise<Figure[]> {
  const figures: Figure[] = [];
  let leader = leading;
  for (const [signal, value] of [
    ['SIGKILL', 20_000],
    ['SIGTERM', 3_000],
  ] as const) {
    const timesMs: number[] = [];
    for (let fault = 0; fault < faults; fault++) {
      const standby = await world.start();
      const ready = async (): Promise<boolean> => (await standby.probe('/readyz')) === 200;
      await until(ready, AbortSignal.timeout(WAIT_MS));
      leader.kill(signal);
      timesMs.push(await world.readyMs(`after-${signal.toLowerCase()}-${fault}`));
      await leader.ended;
      leader = standby;
    }
    const name = `leader gone by ${signal}, until the standby acts`;
    figures.push(figure(name, 'ms', timesMs, atMost(value)));
  }
  return figures;
}
