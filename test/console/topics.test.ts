/** Changing a topic: what would happen is seen before it does, and nobody undoes what another has changed meanwhile. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Topic, TopicChange } from '@streamhouse/api/rest/topics.ts';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { PHONE } from '../harness/browser.ts';
import { until } from '../harness/until.ts';
import { type Stage, startStage, visit } from './stage.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const MANAGED = `apiVersion: streamhouse.io/v1alpha1
kind: Topic
metadata: { name: managed, namespace: default }
spec: { partitions: 2 }
`;

let stage: Stage;
let name: string;
let count = 0;
beforeAll(async () => {
  const manifests = await mkdtemp(join(tmpdir(), 'streamhouse-manifests-'));
  await writeFile(join(manifests, 'topic.yaml'), MANAGED);
  stage = await startStage({ agents: 1, manifests });
  await rm(manifests, { recursive: true });
});
afterAll(() => stage?.[Symbol.asyncDispose]());
beforeEach(async () => {
  name = `orders-${(count += 1)}`;
  await stage.call('POST /api/v1/topics', { body: { name, partitions: 3 } });
});

async function topicOf(): Promise<Topic> {
  return (await stage.call('GET /api/v1/topics/{name}', { path: { name } })).data;
}

async function changeMeanwhile(body: TopicChange): Promise<void> {
  await stage.call('PATCH /api/v1/topics/{name}', { path: { name }, body });
}

async function openDialog(page: Page): Promise<Locator> {
  await page.getByRole('button', { name: 'Change' }).click();
  const dialog = page.getByRole('dialog', { name: `Change topic ${name}` });
  await dialog.getByLabel('Partitions').waitFor();
  return dialog;
}

async function preview(dialog: Locator): Promise<void> {
  await dialog.getByRole('button', { name: 'Show what would change' }).click();
}

test('partitions and a configuration are changed after a look at what that means', async () => {
  await using visited = await visit(stage, `/topics/${name}`);
  const { page, faults } = visited;
  const dialog = await openDialog(page);
  expect(new URL(page.url()).searchParams.get('change')).toBe('true');
  await dialog.getByText('Now 168h').waitFor();
  await dialog.getByLabel('Partitions').fill('6');
  await dialog.getByLabel('Largest record').fill('64Ki');
  await preview(dialog);
  const differences = dialog.getByRole('list', { name: 'What would change' }).getByRole('listitem');
  await differences.first().waitFor();
  expect(await differences.allTextContents()).toEqual([
    'Partitions: 3 → 6',
    'Largest record: the default → 64Ki',
  ]);
  await dialog.getByText('Keys of new records may go to other partitions than before').waitFor();
  expect(await topicOf()).toMatchObject({ partitions: 3, config: {} });
  await dialog.getByRole('button', { name: 'Change topic' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText(`Topic ${name} is changed`).waitFor();
  const rows = page.getByRole('table', { name: 'Partitions' }).getByRole('row');
  await until(async () => (await rows.count()) === 7, AbortSignal.timeout(10_000));
  expect(await topicOf()).toMatchObject({
    ...{ partitions: 6, config: { maxRecordBytes: '65536' } },
    ...{ retention_ms: 604_800_000, retention_bytes: null, pool: 'default' },
  });
  expect(new URL(page.url()).searchParams.has('change')).toBe(false);
  expect(faults).toEqual([]);
});

test('another wish after the look asks for another look', async () => {
  await using visited = await visit(stage, `/topics/${name}?change=true`);
  const dialog = visited.page.getByRole('dialog');
  await dialog.getByLabel('Retention').fill('');
  await preview(dialog);
  await dialog.getByText('Retention: 168h → for ever').waitFor();
  await dialog.getByLabel('Retention').fill('24h');
  expect(await dialog.getByRole('button', { name: 'Change topic' }).count()).toBe(0);
  await preview(dialog);
  await dialog.getByText('Retention: 168h → 24h').waitFor();
  await dialog.getByText('Records beyond the new bounds may be deleted').waitFor();
});

test('what is refused stands beside its field, here and from the server', async () => {
  await using visited = await visit(stage, `/topics/${name}?change=true`);
  const dialog = visited.page.getByRole('dialog');
  await preview(dialog);
  await dialog.getByText('Nothing is different yet').waitFor();
  await dialog.getByLabel('Partitions').fill('2');
  await preview(dialog);
  expect(await faultOf(dialog, 'Partitions')).toBe('A whole number from 3 on: they only grow');
  await dialog.getByLabel('Partitions').fill('4');
  await dialog.getByLabel('Largest record').fill('2Mi');
  await preview(dialog);
  expect(await faultOf(dialog, 'Largest record')).toBe('must be an integer in 1..1048576');
  expect(await dialog.getByLabel('Partitions').inputValue()).toBe('4');
  expect(await topicOf()).toMatchObject({ partitions: 3, config: {} });
});

/** What is said of a field that is wrong. */
async function faultOf(dialog: Locator, label: string): Promise<string | null> {
  const field = dialog.getByLabel(label);
  await dialog.getByRole('alert').waitFor();
  expect(await field.getAttribute('aria-invalid')).toBe('true');
  const note = await field.getAttribute('aria-describedby');
  return await dialog.locator(`[id="${note}"]`).textContent();
}

test('what somebody has changed meanwhile is not undone, and what was written is kept', async () => {
  await using visited = await visit(stage, `/topics/${name}?change=true`);
  const dialog = visited.page.getByRole('dialog');
  await dialog.getByLabel('Partitions').fill('6');
  await preview(dialog);
  await dialog.getByText('Partitions: 3 → 6').waitFor();
  await changeMeanwhile({ partitions: 4, retentionMs: 3_600_000 });
  await dialog.getByRole('button', { name: 'Change topic' }).click();
  await dialog.getByText('Somebody changed it meanwhile').waitFor();
  expect(await topicOf()).toMatchObject({ partitions: 4 });
  await dialog.getByRole('button', { name: 'Look again' }).click();
  await dialog.getByText('Now 4; more only').waitFor();
  expect(await dialog.getByLabel('Partitions').inputValue()).toBe('6');
  expect(await dialog.getByLabel('Retention').inputValue()).toBe('1h');
  await preview(dialog);
  await dialog.getByText('Partitions: 4 → 6').waitFor();
  await dialog.getByRole('button', { name: 'Change topic' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await topicOf()).toMatchObject({ partitions: 6, retention_ms: 3_600_000 });
});

test('a topic of a resource is left to it', async () => {
  await using visited = await visit(stage, '/topics/managed?change=true');
  const { page, faults } = visited;
  await page.getByText('Managed by Kubernetes default/managed (read-only here)').waitFor();
  const change = page.getByRole('button', { name: 'Change' });
  expect(await change.isDisabled()).toBe(true);
  expect(await change.getAttribute('title')).toBe('Its resource owns it: change that one');
  expect(await page.getByRole('dialog').count()).toBe(0);
  await page.getByRole('button', { name: 'Copy YAML' }).waitFor();
  expect(faults).toEqual([]);
});

test.each(['light', 'dark'] as const)('keeps nobody out, %s', async (colorScheme) => {
  await using visited = await visit(stage, `/topics/${name}?change=true`, {
    ...PHONE,
    colorScheme,
  });
  const { page } = visited;
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Partitions').fill('6');
  await preview(dialog);
  await dialog.getByText('Partitions: 3 → 6').waitFor();
  await page.setViewportSize({ width: 360, height: 844 });
  expect(await dialog.evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))).toEqual(
    [],
  );
});

test('beside the charts the table of topics has room for all its columns', async () => {
  await using visited = await visit(stage, '/monitoring');
  const table = visited.page.getByRole('group', { name: 'Topics' });
  await table.getByText(name).waitFor();
  const cutPx = await table.evaluate((scroller) => {
    // What is left at 1280 px where the page and the table have a scroll bar each, as on most desktops.
    scroller.style.width = `${scroller.clientWidth - 23}px`;
    return scroller.scrollWidth - scroller.clientWidth;
  });
  expect(cutPx).toBe(0);
});
