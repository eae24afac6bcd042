/** Every page, loaded and empty, in both themes: no fault in the browser, nothing that keeps people out, nothing cut off. */
import { connectConsumer } from '@streamhouse/client/mod.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PHONE } from '../harness/browser.ts';
import { overflowOf, PAGES, settled, violationsOf } from './looks.ts';
import { send, type Stage, startStage, visit } from './stage.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const EMPTY = ['/', '/topics', '/consumer-groups', '/agents', '/console', '/monitoring'];

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test.each(EMPTY)('C-001, C-007 %s of an empty cluster', async (path) => {
    await expectWell(path, colorScheme);
  });
});

describe('with records', () => {
  beforeAll(async () => {
    await stage.call('POST /api/v1/topics', { body: { name: 'orders', partitions: 3 } });
    await send(stage.call, 'orders', 300);
    await send(stage.call, 'orders', 10, { partition: 1 });
    const { bootstrap } = stage.cluster;
    await using consumer = await connectConsumer({
      ...{ bootstrap, groupId: 'billing', autoOffsetReset: 'earliest' },
    });
    await consumer.subscribe(['orders']);
    await consumer.poll(10_000);
  });

  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    test.each(PAGES)('C-001, C-003 %s', async (path) => {
      await expectWell(path, colorScheme);
    });
  });
});

test.each(['/topics/none', '/agents/none', '/consumer-groups/none', '/nothing/here'])(
  '%s says what is missing',
  async (path) => {
    await using visited = await visit(stage, path);
    await visited.page
      .getByText(/not found|there is no|nothing here|does not exist|is not there/i)
      .first()
      .waitFor();
    expect(await violationsOf(visited.page)).toEqual([]);
  },
);

async function expectWell(path: string, colorScheme: 'light' | 'dark'): Promise<void> {
  await using desktop = await visit(stage, path, { colorScheme });
  await settled(desktop.page);
  expect(await violationsOf(desktop.page)).toEqual([]);
  expect(await overflowOf(desktop.page)).toBe(0);
  expect(desktop.faults).toEqual([]);
  await using phone = await visit(stage, path, { ...PHONE, colorScheme });
  await settled(phone.page);
  for (const width of [390, 360, 768]) {
    await phone.page.setViewportSize({ width, height: 844 });
    expect(await overflowOf(phone.page)).toBe(0);
  }
  expect(await violationsOf(phone.page)).toEqual([]);
  expect(phone.faults).toEqual([]);
}
