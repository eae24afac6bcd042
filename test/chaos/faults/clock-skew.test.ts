import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { SKEW_VARIABLE } from './skew-variable.ts';

const run = promisify(execFile);
const PRELOAD = import.meta.resolve('./clock-skew.ts');
const PROGRAM = `console.log(JSON.stringify({
  now: Date.now(), made: new Date().getTime(), copied: new Date(5).getTime(), parsed: new Date('1970-01-01T00:00:07Z').getTime(),
  origin: performance.timeOrigin + performance.now(), isDate: new Date() instanceof Date,
}))`;

test('shifts what the present is, and nothing else', async () => {
  const env = { NODE_OPTIONS: `--import=${PRELOAD}`, [SKEW_VARIABLE]: '600000' };
  const { stdout } = await run(process.execPath, ['-e', PROGRAM], { env });
  const said = JSON.parse(stdout) as Record<string, number | boolean>;
  const ahead = (name: string): number =>
    Math.floor((Number(said[name]) - Date.now()) / 60_000 + 0.5);
  expect([ahead('now'), ahead('made'), ahead('origin')]).toEqual([10, 10, 0]);
  expect(said).toMatchObject({ copied: 5, parsed: 7_000, isDate: true });
});
