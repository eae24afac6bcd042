/** Without a mouse: where keys lead, where the focus is, and what the tab says. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readBy } from './consumers.ts';
import { PATIENCE, searchOf, settled, styleOf, violationsOf } from './looks.ts';
import { send, type Stage, startStage, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ agents: 1 });
  for (const name of ['orders', 'payments', ...Array.from({ length: 18 }, (_, n) => `x-${n}`)])
    await stage.call('POST /api/v1/topics', { body: { name, partitions: 1 } });
  await send(stage.call, 'orders', 1);
  await readBy(stage, 'billing', 'orders', 1);
});
afterAll(() => stage?.[Symbol.asyncDispose]());

/** Name of what has the focus. */
async function focused(page: Page): Promise<string | null> {
  return await page
    .locator(':focus')
    .evaluate((element) => element.ariaLabel ?? element.textContent);
}

test('the palette goes to a topic, a group, an agent or a page by a few letters', async () => {
  await using visited = await visit(stage, '/dashboard');
  const { page, faults } = visited;
  await settled(page);
  const palette = page.getByRole('dialog', { name: 'Go to' });
  const goTo = async (letters: string, kind: string): Promise<void> => {
    await page.keyboard.press('Control+k');
    await palette.getByRole('combobox').waitFor();
    await page.keyboard.type(letters);
    await palette
      .getByRole('option', { selected: true })
      .getByText(kind, { exact: true })
      .waitFor();
    await page.keyboard.press('Enter');
    await palette.waitFor({ state: 'detached' });
  };
  await goTo('payme', 'Topic');
  await page.getByRole('heading', { name: 'payments' }).waitFor();
  await goTo('BILL', 'Group');
  await page.getByRole('heading', { name: 'billing' }).waitFor();
  await goTo('agent-0', 'Agent');
  await page.getByRole('heading', { name: 'agent-0' }).waitFor();
  await goTo('monit', 'Page');
  await page.getByRole('heading', { name: 'Monitoring' }).waitFor();
  await page.keyboard.press('Control+k');
  await palette.getByRole('combobox').fill('none of these');
  await palette.getByText('Nothing is called so').waitFor();
  expect(await violationsOf(page)).toEqual([]);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await palette.waitFor({ state: 'detached' });
  expect(faults).toEqual([]);
});

test('while the palette looks it offers nothing that is called otherwise', async () => {
  await using visited = await visit(stage, '/dashboard');
  const { page } = visited;
  await settled(page);
  const gate = Promise.withResolvers<void>();
  await page.route('**/api/v1/topics?*q=payme*', async (route) => {
    await gate.promise;
    await route.continue();
  });
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Go to' });
  const options = palette.getByRole('option');
  await options.getByText('payments').waitFor();
  await palette.getByRole('combobox').fill('payme');
  await palette.getByText('Looking…').waitFor();
  expect(await options.allTextContents()).toEqual(['Topicpayments']);
  gate.resolve();
  await palette.getByText('Looking…').waitFor({ state: 'detached' });
  expect(await options.allTextContents()).toEqual(['Topicpayments']);
});

test('the palette keeps what is chosen in sight', async () => {
  await using visited = await visit(stage, '/dashboard');
  const { page } = visited;
  await settled(page);
  await page.keyboard.press('Control+k');
  const list = page.getByRole('listbox', { name: 'Found' });
  await list.getByRole('option', { name: 'x-17' }).waitFor({ state: 'attached' });
  for (let count = 0; count < 18; count++) await page.keyboard.press('ArrowDown');
  const chosen = list.getByRole('option', { selected: true });
  const [outer, inner] = [await list.boundingBox(), await chosen.boundingBox()];
  expect(inner!.y).toBeGreaterThanOrEqual(outer!.y);
  expect(inner!.y + inner!.height).toBeLessThanOrEqual(outer!.y + outer!.height);
});

test('/ searches, ? helps, g and a letter go to a page, Escape closes', async () => {
  await using visited = await visit(stage, '/topics');
  const { page, faults } = visited;
  await settled(page);
  await page.keyboard.press('/');
  expect(await focused(page)).toBe('Search topics');
  // Letters are letters where somebody writes.
  await page.keyboard.type('?ga');
  expect(await page.getByLabel('Search topics').inputValue()).toBe('?ga');
  await page.getByLabel('Search topics').fill('');
  await page.getByRole('link', { name: 'Skip to content' }).focus();
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  await help.getByText('Search on this page').waitFor();
  expect(await violationsOf(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  for (const [key, heading] of [
    ['m', 'Monitoring'],
    ['c', 'Consumer groups'],
    ['p', 'Producer'],
    ['d', 'Dashboard'],
  ] as const) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Skip to content' }).focus();
  }
  await page.keyboard.press('/');
  await page.getByRole('dialog', { name: 'Go to' }).waitFor();
  expect(faults).toEqual([]);
});

test('the first key leads past the navigation, and whoever has the focus is seen', async () => {
  await using visited = await visit(stage, '/topics');
  const { page } = visited;
  await settled(page);
  await page.keyboard.press('Tab');
  expect(await focused(page)).toBe('Skip to content');
  const skip = page.getByRole('link', { name: 'Skip to content' });
  expect((await skip.boundingBox())!.height).toBeGreaterThan(20);
  await page.keyboard.press('Enter');
  expect(await page.locator(':focus').getAttribute('id')).toBe('main');
  const seen: string[] = [];
  for (let count = 0; count < 12; count++) {
    await page.keyboard.press('Tab');
    const name = (await focused(page)) ?? '';
    expect([name, await styleOf(page.locator(':focus'), 'outline')]).toEqual([
      name,
      expect.stringMatching(/solid 2px$/),
    ]);
    seen.push(name);
  }
  expect(seen).toContain('Create Topic');
  expect(seen).toContain('Search topics');
  expect(seen).not.toContain('Dashboard');
});

test('a dialog keeps the focus inside and gives it back', async () => {
  await using visited = await visit(stage, '/topics/orders');
  const { page } = visited;
  await settled(page);
  for (const [button, dialog] of [
    ['Delete', 'Delete topic orders'],
    ['Preferences', 'Preferences'],
    ['Help', 'Keyboard'],
  ] as const) {
    await page.getByRole('button', { name: button, exact: true }).focus();
    await page.keyboard.press('Enter');
    const opened = page.getByRole('dialog', { name: dialog });
    await opened.waitFor();
    for (let count = 0; count < 8; count++) {
      await page.keyboard.press('Tab');
      expect(await page.locator(':focus:not(dialog *)').count()).toBe(0);
    }
    await page.keyboard.press('Escape');
    await opened.waitFor({ state: 'detached' });
    expect(await focused(page)).toBe(button);
  }
  await expect.poll(() => searchOf(page, 'delete'), PATIENCE).toBeNull();
});
