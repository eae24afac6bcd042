/** `npm run screenshots`: every page in both themes and two sizes, into `.cache/screenshots`, and those of the README. */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connectConsumer } from '@streamhouse/client/mod.ts';
import { pause } from '@streamhouse/standalone/process.ts';
import { DESKTOP, PHONE } from '../harness/browser.ts';
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
/** For the figures to have something to show. */
const TRAFFIC_MS = 20_000;

async function fill({ call, cluster }: Stage): Promise<void> {
  for (const [name, partitions] of Object.entries({ orders: 6, payments: 3, clicks: 12 }))
    await call('POST /api/v1/topics', { body: { name, partitions } });
  const { bootstrap } = cluster;
  await using consumer = await connectConsumer({
    ...{ bootstrap, groupId: 'billing', autoOffsetReset: 'earliest' },
  });
  await consumer.subscribe(['orders']);
  const deadline = Date.now() + TRAFFIC_MS;
  while (Date.now() < deadline) {
    for (const topic of ['orders', 'payments', 'clicks'])
      await send(call, topic, 50 + Math.round(Math.random() * 100));
    await consumer.poll(200);
    await pause(300, AbortSignal.timeout(TRAFFIC_MS));
  }
  await send(call, 'orders', 20, { partition: 1 });
}

async function main(): Promise<void> {
  await using stage = await startStage();
  await rm(OUT, { recursive: true, force: true });
  await mkdir(OUT, { recursive: true });
  await fill(stage);
  for (const [size, options] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const [name, path] of Object.entries(PAGES)) {
        await using visited = await visit(stage, path, { ...options, colorScheme });
        await visited.page
          .waitForLoadState('networkidle', { timeout: 5_000 })
          .catch(() => undefined);
        await visited.page.screenshot({ path: join(OUT, `${name}-${size}-${colorScheme}.png`) });
        for (const fault of visited.faults) console.error(`${path}: ${fault}`);
      }
    }
  }
  await mkdir(README, { recursive: true });
  for (const [name, file] of Object.entries(KEPT))
    await copyFile(join(OUT, `${name}.png`), join(README, file));
  console.log(OUT);
}

await main();
