/** How soon the console shows what it is asked for, and what it costs the thread that people's input waits for. */
import { setTimeout as rest } from 'node:timers/promises';
import type { ApiProcess } from '../../harness/api-process.ts';
import { launchBrowser } from '../../harness/browser.ts';
import { buildConsole, type Stage, startStage } from '../../console/stage.ts';
import { rssMiB } from '../agent-usage.ts';
import { startApiWorld } from '../api/api-world.ts';
import { TOPICS, WIDE } from '../api/many.ts';
import { type BenchContext, inTurn, startClients, wallMs } from '../bench.ts';
import { type Figure, figure, type Target } from '../figure.ts';
import { percentile } from '../stats.ts';
import type { WorkerProcess } from '../worker-process.ts';
import { type Bounds, BUDGET } from './budget.ts';
import { ENDPOINTS, PAGES, SEARCHES } from './large.ts';
import {
  type ConsolePlace,
  firstRender,
  paintsOf,
  scrollTopics,
  searchMs,
  shownMs,
  ticks,
} from './measure.ts';
import type { Busy } from './trace.ts';

const LOADS = 10;
const RENDERS = 10;
const ASKED = 20;
const TICKS_PER_SECOND = 5;
const P95 = 0.95;
/** Of the cluster that is small. */
const LOADED_TOPICS = 100;
const RECORDS_PER_SECOND = 2_000;
/** For figures that are rates of some seconds. */
const SETTLE_MS = 12_000;
/** Longer than all of it takes. */
const LOAD_MS = 3_600_000;
const PAINTED = [
  ...['/dashboard', '/topics', '/topics/load-0', '/topics/load-0/messages?partition=0'],
  ...['/console', '/agents', '/agents/agent-0'],
  ...['/consumer-groups', '/consumer-groups/readers', '/monitoring'],
];

export async function benchConsole(context: BenchContext): Promise<Figure[]> {
  return [...(await benchLoaded(context)), ...(await benchLarge(context))];
}

function atMost({ target: value, fail }: Bounds): Target {
  return { kind: 'atMost', value, fail };
}

/** A cluster as it is, with records that come and are read. */
async function benchLoaded(context: BenchContext): Promise<Figure[]> {
  const { options, say } = context;
  await using stage = await startStage();
  await using parts = new AsyncDisposableStack();
  await load(
    stage,
    startClients(context, 2).map((client) => parts.use(client)),
  );
  const figures: Figure[] = [];
  for (const path of PAINTED) {
    const paints = await inTurn(Math.max(LOADS, options.runs), () => paintsOf(stage, path));
    const [first, largest] = [paints.map(({ fcpMs }) => fcpMs), paints.map(({ lcpMs }) => lcpMs)];
    figures.push(
      figure(`${path}, first paint`, 'ms', first, atMost(BUDGET.firstPaint)),
      figure(`${path}, largest paint`, 'ms', largest, atMost(BUDGET.largestPaint)),
    );
    say(`${path}: ${first.map(Math.round).join(' ')}; ${largest.map(Math.round).join(' ')} ms`);
  }
  const runs = await inTurn(options.runs, async () => {
    const busy = await ticks(stage, options.seconds * TICKS_PER_SECOND);
    say(`${busy.length} ticks: ${busy.map(({ wallMs }) => wallMs.toFixed(1)).join(' ')} ms`);
    return { wall: p95(busy, 'wallMs'), cpu: p95(busy, 'cpuMs') };
  });
  figures.push(
    figure('a live tick, p95', 'ms', column(runs, 'wall'), atMost(BUDGET.tick)),
    figure('the same, of the processor', 'ms', column(runs, 'cpu')),
  );
  return figures;
}

/** Sends records from now on, and has a group read them, until the clients end. */
async function load(
  { cluster: { bootstrap }, call }: Stage,
  [producer, consumer]: readonly WorkerProcess[],
): Promise<void> {
  for (let index = 0; index < LOADED_TOPICS; index++)
    await call('POST /api/v1/topics', { body: { name: `load-${index}`, partitions: 3 } });
  const topic = 'load-0';
  producer
    ?.ask({
      ...{ kind: 'openLoop', bootstrap, topic, recordBytes: 100, compression: 'lz4', seed: 1 },
      ...{ recordsPerSecond: RECORDS_PER_SECOND, partitions: 3 },
      ...{ measureAtMs: wallMs(), measureMs: LOAD_MS },
    })
    // It ends before its time.
    .catch(() => undefined);
  await consumer?.ask({ kind: 'memberStart', bootstrap, groupId: 'readers', topic });
  await consumer?.ask({ kind: 'memberJoin' });
  await rest(SETTLE_MS);
}

/** As many topics as one has to reckon with. */
async function benchLarge(context: BenchContext): Promise<Figure[]> {
  const { say, options } = context;
  await buildConsole();
  await using api = await startApiWorld(say);
  const figures = [...(await answers(api))];
  const browser = await launchBrowser();
  await using _closing = { [Symbol.asyncDispose]: () => browser.close() };
  const place = { browser, url: api.url, key: api.key };
  for (const [path, selector] of Object.entries(PAGES)) {
    const times = await inTurn(RENDERS, () => shownMs(place, path, selector));
    figures.push(figure(`${path}, until it is seen`, 'ms', times, atMost(BUDGET.answer)));
    say(`${path}: ${times.map(Math.round).join(' ')} ms`);
  }
  for (const [what, search] of Object.entries(SEARCHES)) {
    const times = await inTurn(RENDERS, () => searchMs(place, search));
    figures.push(figure(`search for ${what}`, 'ms', times, atMost(BUDGET.answer)));
    say(`${what}: ${times.map(Math.round).join(' ')} ms`);
  }
  say('tables');
  figures.push(...(await tables(place, options.runs)));
  const residentMiB = await rssMiB(api.operator.pid);
  figures.push(figure('memory of the API', 'MiB', [residentMiB], atMost(BUDGET.memory)));
  return figures;
}

async function answers({ call }: ApiProcess): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [what, ask] of Object.entries(ENDPOINTS)) {
    const times = await inTurn(ASKED, async () => {
      const beganMs = performance.now();
      await ask(call);
      return performance.now() - beganMs;
    });
    figures.push(figure(`GET ${what}`, 'ms', times, atMost(BUDGET.answer)));
  }
  return figures;
}

async function tables(place: ConsolePlace, runs: number): Promise<Figure[]> {
  const renders = await inTurn(RENDERS, () => firstRender(place, WIDE.name));
  const scrolls = await inTurn(runs, () => scrollTopics(place, TOPICS));
  const longest = scrolls.map((scrolled) => scrolled.longest);
  const frames = scrolls.map(({ frameMs }) => Math.max(...frameMs));
  return [
    figure('1,000 rows, first render', 'ms', column(renders, 'wallMs'), atMost(BUDGET.firstRender)),
    figure('the same, of the processor', 'ms', column(renders, 'cpuMs')),
    figure('10,000 rows scrolled, longest frame', 'ms', frames, atMost(BUDGET.frame)),
    figure('the same, longest turn of the main thread', 'ms', column(longest, 'wallMs')),
    figure('the same, of the processor', 'ms', column(longest, 'cpuMs')),
  ];
}

function column<Key extends string>(
  rows: readonly Readonly<Record<Key, number>>[],
  key: Key,
): number[] {
  return rows.map((row) => row[key]);
}

function p95(busy: readonly Busy[], key: keyof Busy): number {
  return percentile(column(busy, key), P95);
}
