/** How many reads one process of the API answers, and how soon, on one core. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ApiProcess } from '../../harness/api-process.ts';
import { watchUsage } from '../agent-usage.ts';
import { afterWarmup, type BenchContext, inTurn, startClients } from '../bench.ts';
import { type Figure, figure, type Target } from '../figure.ts';
import { LatencyHistogram } from '../stats.ts';
import type { HttpLoadResult } from '../worker/protocol.ts';
import { startApiWorld } from './api-world.ts';

const run = promisify(execFile);
const CONNECTIONS = 32;
const RATE = 10_000;
const P99 = 0.99;
const PATH = '/api/v1/topics/shop.orders-00042';
const FASTER: Target = { kind: 'atLeast', value: RATE };
const SOONER: Target = { kind: 'atMost', value: 5 };

/** What is polled: an answer that is known already, and one that is not. */
const READS = { '304': 'a topic that has not changed', '200': 'a topic with its body' } as const;
type Status = keyof typeof READS;
const STATUSES = ['304', '200'] as const;

interface Measured {
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly cpuPercent: number;
}

export async function benchApi(context: BenchContext): Promise<Figure[]> {
  const { options, say } = context;
  const folder = options.profileFolder;
  const flags = folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}/operator`];
  await using world = await startApiWorld(say, flags);
  // All of its threads on one core, so that the figure is that of a core.
  await run('taskset', ['--all-tasks', '--pid', '--cpu-list', '0', String(world.operator.pid)]);
  const { headers } = await world.call('GET /api/v1/topics/{name}', {
    path: { name: PATH.slice(PATH.lastIndexOf('/') + 1) },
  });
  const etag = headers.get('etag') ?? '';
  const figures: Figure[] = [];
  for (const status of STATUSES) {
    const request = requestOf(world, status === '304' ? etag : undefined);
    const closed = await measureAll(context, world, { status, request, rate: undefined });
    const open = await measureAll(context, world, { status, request, rate: RATE });
    const name = READS[status];
    figures.push(
      figure(
        `${name}, as fast as it goes`,
        '1/s',
        closed.map(({ perSecond }) => perSecond),
        FASTER,
      ),
      figure(
        `the same, p99`,
        'ms',
        closed.map(({ p99Ms }) => p99Ms),
      ),
      figure(
        `${name}, ${RATE} a second, p99`,
        'ms',
        open.map(({ p99Ms }) => p99Ms),
        SOONER,
      ),
      figure(
        `the same, share of a core`,
        '%',
        open.map(({ cpuPercent }) => cpuPercent),
      ),
    );
  }
  return figures;
}

function requestOf({ url, key }: ApiProcess, etag: string | undefined): string {
  const known = etag === undefined ? [] : [`if-none-match: ${etag}`];
  const { host } = new URL(url);
  const lines = [`GET ${PATH} HTTP/1.1`, `host: ${host}`, `authorization: Bearer ${key}`, ...known];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

interface Load {
  readonly status: Status;
  readonly request: string;
  /** Requests per second; undefined: as many as are answered. */
  readonly rate: number | undefined;
}

async function measureAll(
  context: BenchContext,
  world: ApiProcess,
  load: Load,
): Promise<readonly Measured[]> {
  return await inTurn(context.options.runs, async (index) => {
    const measured = await measure(context, world, load);
    const { perSecond, p99Ms, cpuPercent } = measured;
    const what = load.rate === undefined ? 'closed loop' : `${load.rate} a second`;
    context.say(
      `${load.status}, ${what} ${index + 1}: ${Math.round(perSecond)} a second, p99 ${p99Ms.toFixed(2)} ms, ${cpuPercent.toFixed(0)} % of a core`,
    );
    return measured;
  });
}

async function measure(
  context: BenchContext,
  { url, operator }: ApiProcess,
  { status, request, rate }: Load,
): Promise<Measured> {
  await using parts = new AsyncDisposableStack();
  const [client] = startClients(context, 1).map((worker) => parts.use(worker));
  if (client === undefined) throw new Error('there is no client');
  const { hostname: host, port } = new URL(url);
  const asked: Promise<HttpLoadResult> = client.ask({
    ...{ kind: 'httpLoad', host, port: Number(port), request },
    ...{ connections: CONNECTIONS, requestsPerSecond: rate },
    ...{ measureAtMs: afterWarmup(), measureMs: context.options.seconds * 1_000 },
  });
  const { cpuPercent } = await watchUsage(operator.pid, asked);
  const { answered, measureMs, latencies, statuses } = await asked;
  if (Object.keys(statuses).join() !== status)
    throw new Error(`not every answer was ${status}: ${JSON.stringify(statuses)}`);
  return {
    perSecond: (answered * 1_000) / measureMs,
    p99Ms: LatencyHistogram.from(latencies).percentile(P99),
    cpuPercent,
  };
}
