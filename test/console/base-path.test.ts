/** The console behind an ingress that gives it a path of its own: deep links, reloads and what the pages load. */
import { createTestDatabase } from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { startRest } from '../harness/rest.ts';
import { buildConsole, visit } from './stage.ts';

test('C-001 pages are reached, left and loaded again below a path', {
  timeout: 120_000,
}, async () => {
  await buildConsole();
  await using database = await createTestDatabase();
  const store = await database.open();
  await using api = await startRest(store, { basePath: '/streamhouse' });
  await using parts = new AsyncDisposableStack();
  const browser = parts.adopt(await launchBrowser(), (opened) => opened.close());
  await using visited = await visit({ browser, url: api.url }, '/streamhouse/topics');
  const { page, faults } = visited;
  await page.getByText('There is no topic yet').waitFor();
  await page.getByRole('link', { name: 'Agents' }).first().click();
  await page.getByText('No agent has started yet').waitFor();
  expect(new URL(page.url()).pathname).toBe('/streamhouse/agents');
  await page.reload();
  await page.getByText('No agent has started yet').waitFor();
  expect(faults).toEqual([]);
});
