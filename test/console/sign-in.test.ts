/** A server that wants to know who asks: keys, right and wrong, with few rights, and taken back while a page is open. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newApiKey, SCOPES } from '@streamhouse/operator/http/identity/api-keys.ts';
import type { Scope } from '@streamhouse/operator/http/identity/principal.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { openPgMetadata } from '@streamhouse/store/metadata/pg/metadata.ts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type RestApi, startRest } from '../harness/rest.ts';
import { columnOf, figureOf, PATIENCE, searchOf, settled, violationsOf } from './looks.ts';
import { send, type Stage, startStage, type Visit, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const HMAC_KEY = randomBytes(32).toString('base64url');

function makeKey(name: string, scopes: readonly Scope[]) {
  return newApiKey(HMAC_KEY, { name, scopes, expiresAt: null });
}

const all = makeKey('all', SCOPES);
const other = makeKey('other', SCOPES);
const few = makeKey('few', ['topics:read', 'metrics:read']);
const unknown = makeKey('unknown', SCOPES);

let parts: AsyncDisposableStack;
let stage: Stage;
let api: RestApi;
let keysFile: string;

beforeAll(async () => {
  await using made = new AsyncDisposableStack();
  stage = made.use(await startStage({ agents: 1 }));
  await stage.call('POST /api/v1/topics', { body: { name: 'orders', partitions: 2 } });
  await send(stage.call, 'orders', 5, { partition: 0 });
  const folder = await mkdtemp(join(tmpdir(), 'streamhouse-keys-'));
  made.defer(() => rm(folder, { recursive: true }));
  keysFile = join(folder, 'keys.json');
  await writeKeys([all, other, few]);
  const metadata = made.use(
    await openPgMetadata({
      ...{ url: stage.cluster.postgres.url, applicationName: 'test-console' },
      ...{ clock: systemClock, random: Math.random, onError: () => undefined },
    }),
  );
  api = made.use(await startRest(metadata, { keysFile }));
  parts = made.move();
});
afterAll(() => parts?.[Symbol.asyncDispose]());

async function writeKeys(keys: readonly { readonly entry: object }[]): Promise<void> {
  const text = JSON.stringify({ hmacKey: HMAC_KEY, keys: keys.map(({ entry }) => entry) });
  await writeFile(keysFile, text);
}

async function open(path: string): Promise<Visit> {
  return await visit({ browser: stage.browser, url: api.url }, path);
}

async function signIn(page: Page, key: string): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.getByLabel(/API key/).fill(key);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
}

/** But that somebody was not known, or not let in. */
function faultsOf({ faults }: Visit): string[] {
  return faults.filter((fault) => !/\b40[13]\b/.test(fault));
}

test('a wrong key is told so and stays in its field; the right one opens the page that was asked for', async () => {
  await using visited = await open('/topics/orders/messages?partition=0&record=3');
  const { page } = visited;
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.waitFor();
  expect(await violationsOf(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await signIn(page, unknown.key);
  await dialog.getByText('a valid token is required').waitFor();
  expect(await dialog.getByLabel(/API key/).inputValue()).toBe(unknown.key);
  expect(await dialog.getByLabel(/API key/).getAttribute('type')).toBe('password');
  await signIn(page, all.key);
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('region', { name: 'Record 3' }).waitFor();
  expect(await page.evaluate('document.cookie + JSON.stringify(localStorage)')).not.toContain(
    'shk_',
  );
  await page.reload();
  await page.getByRole('region', { name: 'Record 3' }).waitFor();
  await page.getByRole('link', { name: 'Monitoring' }).first().click();
  const socket = await page.waitForEvent('websocket');
  await socket.waitForEvent('framereceived');
  expect(faultsOf(visited)).toEqual([]);
});

test('C-008 what a key may not see fails by itself, and the rest of the page is there', async () => {
  await using visited = await open('/dashboard');
  const { page } = visited;
  await signIn(page, few.key);
  const topics = page.getByRole('table', { name: 'Recent topics' });
  await expect.poll(() => columnOf(topics, 'Name'), PATIENCE).toEqual(['orders']);
  expect(await figureOf(page, 'Total messages')).toBe('5');
  const agents = page.getByRole('region', { name: 'Active agents' });
  await agents
    .getByRole('alert')
    .getByText(/agents/)
    .waitFor();
  await agents.getByRole('button', { name: 'Retry' }).waitFor();
  const verdict = page.getByRole('status', { name: 'Health' });
  expect(await verdict.textContent()).not.toContain('cannot be reached');
  expect(await violationsOf(page)).toEqual([]);
  await page.getByRole('link', { name: 'Topics' }).first().click();
  await page.getByRole('button', { name: 'Create Topic' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create Topic' });
  await dialog.getByLabel('Name').fill('mine');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await dialog.getByRole('alert').waitFor();
  expect(await dialog.getByLabel('Name').inputValue()).toBe('mine');
  expect(faultsOf(visited)).toEqual([]);
});

test('whose key is taken back while a page is open signs in again, and is where they were', async () => {
  await using visited = await open('/console?topic=orders');
  const { page } = visited;
  await signIn(page, other.key);
  const form = page.getByRole('form', { name: 'Send a record' });
  await form.getByLabel('Value', { exact: true }).fill('{"half": "written"}');
  await form.getByRole('button', { name: 'Send' }).click();
  const sent = page.getByRole('table', { name: 'Last records' });
  await expect.poll(() => sent.innerText(), PATIENCE).toContain('Sent');
  await writeKeys([all, few]);
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.waitFor();
  await signIn(page, all.key);
  await dialog.waitFor({ state: 'detached' });
  expect(searchOf(page, 'topic')).toBe('orders');
  expect(await form.getByLabel('Value', { exact: true }).inputValue()).toBe('{"half": "written"}');
  expect(await sent.getByText('Sent').count()).toBe(1);
  await form.getByRole('button', { name: 'Send' }).click();
  await expect.poll(() => sent.getByText('Sent').count(), PATIENCE).toBe(2);
  await settled(page);
  expect(faultsOf(visited)).toEqual([]);
});
