/** The console as people have it: its build, served by the API of a whole cluster, in a browser. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Call, createCaller } from '@streamhouse/api/rest/client.ts';
import { pause } from '@streamhouse/standalone/process.ts';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { DESKTOP, launchBrowser, PLACE } from '../harness/browser.ts';
import { type Cluster, type ClusterOptions, startCluster } from '../harness/cluster.ts';

const run = promisify(execFile);
const BUILD = join(import.meta.dirname, '../../hack/console/build.ts');

export interface Stage extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly browser: Browser;
  readonly url: string;
  readonly call: Call;
}

/** Rejects with what is over the budget. */
export async function buildConsole(): Promise<void> {
  await run(process.execPath, [BUILD]);
}

export async function startStage(options: Partial<ClusterOptions> = {}): Promise<Stage> {
  await using parts = new AsyncDisposableStack();
  await buildConsole();
  const manifests = await mkdtemp(join(tmpdir(), 'streamhouse-manifests-'));
  parts.defer(() => rm(manifests, { recursive: true }));
  const cluster = parts.use(
    await startCluster({ agents: 3, objects: 'directory', manifests, ...options }),
  );
  const browser = await launchBrowser();
  parts.defer(() => browser.close());
  const url = cluster.api?.url ?? '';
  const owned = parts.move();
  return {
    ...{ cluster, browser, url, call: createCaller({ baseUrl: url }) },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** What went wrong in the browser: errors of the page, of its console, and requests that failed. */
  readonly faults: readonly string[];
}

/** A browser in which somebody has chosen how often pages look at the server. */
export function looking(
  { url }: Pick<Stage, 'url'>,
  often: 'often' | 'only when asked',
): BrowserContextOptions {
  const value = JSON.stringify({ refreshMs: often === 'often' ? 2_000 : 0 });
  const localStorage = [{ name: 'streamhouse.preferences', value }];
  return { storageState: { cookies: [], origins: [{ origin: url, localStorage }] } };
}

/** For a machine that does much else besides. */
const WAIT_MS = 60_000;

/** Opens a page with nothing kept from those before. */
export async function visit(
  { browser, url }: Pick<Stage, 'browser' | 'url'>,
  path: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ ...PLACE, ...DESKTOP, ...options });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    // A look that nobody waits for any more is given up.
    if (why !== 'net::ERR_ABORTED') faults.push(`${request.url()}: ${why}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.url()}: ${response.status()}`);
  });
  await page.goto(`${url}${path}`);
  return { page, faults, [Symbol.asyncDispose]: () => context.close() };
}

/** Sends records with a key each, and waits until they are acknowledged. */
export async function send(
  call: Call,
  topic: string,
  count: number,
  more: { readonly partition?: number } = {},
): Promise<void> {
  const records = Array.from({ length: count }, (_, index) => ({
    key: `customer-${index % 7}`,
    value: JSON.stringify({ order: index, amount: index * 13, currency: 'EUR' }),
    headers: [{ name: 'trace', value: `t-${index}` }],
    ...more,
  }));
  await call('POST /api/v1/produce/batch', { body: { topic, records } });
}

const FLOW_EVERY_MS = 100;
const FLOW_RECORDS = 20;

/** Sends records all the time, until it is disposed. */
export function keepSending(call: Call, topic: string): AsyncDisposable {
  const stop = new AbortController();
  const flow = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await send(call, topic, FLOW_RECORDS);
      await pause(FLOW_EVERY_MS, stop.signal).catch(() => undefined);
    }
  };
  const flowing = flow();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await flowing;
    },
  };
}
