import { expect, test } from 'vitest';
import { CoalescedReads } from './coalesced-reads.ts';

/** Reads that a test lets end: each answers with the number it was started as. */
function world() {
  const reads = new CoalescedReads<number>();
  const running: PromiseWithResolvers<number>[] = [];
  const ask = (question = 'q'): Promise<number> =>
    reads.get(question, () => {
      const read = Promise.withResolvers<number>();
      running.push(read);
      return read.promise;
    });
  return { ask, running };
}

test('an answer is never older than its question, and those who wait share one read', async () => {
  const { ask, running } = world();
  const first = ask();
  const waiting = [ask(), ask(), ask()];
  expect(running).toHaveLength(1);
  running[0]?.resolve(1);
  expect(await first).toBe(1);
  await expect.poll(() => running.length).toBe(2);
  const last = ask();
  running[1]?.resolve(2);
  expect(await Promise.all(waiting)).toEqual([2, 2, 2]);
  await expect.poll(() => running.length).toBe(3);
  running[2]?.resolve(3);
  expect(await last).toBe(3);
});

test('a failure is of those who asked for that read, and the next one is asked again', async () => {
  const { ask, running } = world();
  const failing = ask();
  const next = ask();
  running[0]?.reject(new Error('lost'));
  await expect(failing).rejects.toThrow('lost');
  await expect.poll(() => running.length).toBe(2);
  running[1]?.resolve(2);
  expect(await next).toBe(2);
  const later = ask();
  running[2]?.resolve(3);
  expect(await later).toBe(3);
});

test('other questions do not wait', async () => {
  const { ask, running } = world();
  const [one, other] = [ask('one'), ask('other')];
  running[1]?.resolve(2);
  expect(await other).toBe(2);
  running[0]?.resolve(1);
  expect(await one).toBe(1);
});
