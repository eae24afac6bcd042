import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@streamhouse/standalone/testing/temporary-folder.test-support.ts';
import { expect, test } from 'vitest';
import { mergeHistory } from './merge.ts';

const value = { topic: 't', partition: 0, values: ['v'] };

function line(t: number, by: string, type: string): string {
  return JSON.stringify({ t, process: by, type, f: 'send', value });
}

/** Each event as `i t process type err`. */
async function merged(
  parts: readonly { readonly text: string; readonly endedNs?: number }[],
): Promise<string[]> {
  await using folder = await temporaryFolder();
  const files = parts.map(({ text, endedNs }, index) => ({
    file: join(folder.path, String(index)),
    text,
    endedNs,
  }));
  for (const { file, text } of files) await writeFile(file, text);
  const whole = join(folder.path, 'whole');
  await mergeHistory(files, whole);
  const events = (await readFile(whole, 'utf8')).trimEnd().split('\n');
  return events.map((text) => {
    const { i, t, process: by, type, err } = JSON.parse(text) as Record<string, unknown>;
    return [i, t, by, type, ...(err === undefined ? [] : [err])].join(' ');
  });
}

test('parts are put together by time', async () => {
  const one = { text: `${line(1, 'a', 'invoke')}\n${line(4, 'a', 'ok')}\n` };
  const two = { text: `${line(2, 'b', 'invoke')}\n${line(3, 'b', 'fail')}\n` };
  expect(await merged([one, two])).toEqual([
    '0 1 a invoke',
    '1 2 b invoke',
    '2 3 b fail',
    '3 4 a ok',
  ]);
});

test('what a process left open when it was gone ends unknown at that moment', async () => {
  const one = { text: `${line(1, 'a', 'invoke')}\n${line(2, 'b', 'invoke')}\n`, endedNs: 5 };
  const two = { text: `${line(3, 'c', 'invoke')}\n${line(9, 'c', 'ok')}\n` };
  expect(await merged([one, two])).toEqual([
    '0 1 a invoke',
    '1 2 b invoke',
    '2 3 c invoke',
    '3 5 a info CRASHED',
    '4 5 b info CRASHED',
    '5 9 c ok',
  ]);
});

test('a last line that is cut off was never followed by its call', async () => {
  const whole = line(1, 'a', 'invoke');
  const cut = `${whole}\n${line(2, 'a', 'ok').slice(0, 20)}`;
  expect(await merged([{ text: cut, endedNs: 7 }])).toEqual(['0 1 a invoke', '1 7 a info CRASHED']);
});
