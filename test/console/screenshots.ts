/** `npm run screenshots`: every page in both themes and two sizes, into `.cache/screenshots`, and those of the README. */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connectConsumer } from '@streamhouse/client/mod.ts';
import { pause } from '@streamhouse/standalone/process.ts';
import { DESKTOP, PHONE } from '../harness/browser.ts';
import { settled } from './looks.ts';
import { send, type Stage, startStage, visit } from './stage.ts';

const ROOT = join(import.meta.dirname, '../..');
const OUT = join(ROOT, '.cache/screenshots');
const README = join(ROOT, 'docs/images');
const KEPT = { 'topic-desktop-light': 'topic.png', 'monitoring-desktop-dark': 'monitoring.png' };

const PAGES: Readonly<Record<string, string>> = {
  dashboard: '/dashboard',
  topics: '/topics',
  'topic-create': '/topics?create=true',
  topic: '/topics/orders',
  'topic-change': '/topics/orders?change=true',
  'topic-delete': '/topics/orders?delete=true',
  messages: '/topics/orders/messages?partition=1&record=3',
  producer: '/console?topic=orders',
  agents: '/agents',
  agent: '/agents/agent-0',
  groups: '/consumer-groups',
  group: '/consumer-groups/billing',
  'group-reset': '/consumer-groups/billing?reset=true',
  monitoring: '/monitoring',
};
const SIZES = { desktop: DESKTOP, phone: PHONE } as const;
/** Until the charts of the last minute are full. */
const TRAFFIC_MS = 65_000;

/** Records that come in and are read, for the figures to have something to show. Ends with the signal. */
async function runTraffic({ call, cluster }: Stage, stop: AbortSignal): Promise<void> {
  const { bootstrap } = cluster;
  await using consumer = await connectConsumer({
    ...{ bootstrap, groupId: 'billing', autoOffsetReset: 'earliest' },
  });
  await consumer.subscribe(['orders']);
  while (!stop.aborted) {
    for (const topic of ['orders', 'payments', 'clicks'])
      await send(call, topic, 50 + Math.round(Math.random() * 100));
    await consumer.poll(200);
    await pause(300, stop).catch(() => undefined);
  }
}

async function main(): Promise<void> {
  await using stage = await startStage();
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  for (const [name, partitions] of Object.entries({ orders: 6, payments: 3, clicks: 12 }))
    await stage.call('POST /api/v1/topics', { body: { name, partitions } });
  const stop = new AbortController();
  const traffic = runTraffic(stage, stop.signal);
  await pause(TRAFFIC_MS);
  await shoot(stage);
  stop.abort();
  await traffic;
  await keepForReadme();
  console.log(OUT);
}

async function shoot(stage: Stage): Promise<void> {
  for (const [size, options] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [name, path] of Object.entries(PAGES)) {
        await using visited = await visit(stage, path, { ...options, colorScheme });
        await settled(visited.page);
        if (path.endsWith('=true')) await visited.page.getByRole('dialog').waitFor();
        await visited.page.screenshot({ path: join(OUT, `${name}-${size}-${colorScheme}.png`) });
        for (const fault of visited.faults) {
          console.error(`${path}: ${fault}`);
          process.exitCode = 1;
        }
      }
    }
  }
}

async function keepForReadme(): Promise<void> {
  await mkdir(README, { recursive: true });
  for (const [name, file] of Object.entries(KEPT))
    await copyFile(join(OUT, `${name}.png`), join(README, file));
}

await main();
