import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { exitCodeOf } from './report.ts';
import type { Outcome } from './run.ts';
import { judge, runTrial, tests, together, type Trial } from './trial.ts';

const { signal: NEVER } = new AbortController();
const KILLED: Outcome = { type: 'killed', evidence: '', command: '' };
const SURVIVED: Outcome = { type: 'survived' };
const VOID: Outcome = { type: 'void', why: '' };

/** A script in a folder of its own, as a trial. */
async function trialOf(script: string, secondsMax = 30): Promise<[Trial, string]> {
  const root = await mkdtemp(join(tmpdir(), 'streamhouse-trial-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await writeFile(join(root, 'script.mjs'), script);
  return [{ args: ['script.mjs'], evidence: /^found (.+)$/m, secondsMax }, root];
}

test.each([
  ['console.log("found nothing")', { type: 'passed' }],
  ['console.log("found a bug"); process.exitCode = 1', { type: 'noticed', evidence: 'a bug' }],
  ['console.error("found a bug"); process.exitCode = 7', { type: 'noticed', evidence: 'a bug' }],
  ['throw new Error("cannot start")', { type: 'void', why: expect.stringMatching('cannot start') }],
  ['process.kill(process.pid, "SIGKILL")', { type: 'void', why: expect.stringMatching('null') }],
])('a command like %j is judged by how it ends and what it names', async (script, verdict) => {
  expect(await runTrial(...(await trialOf(script)), NEVER)).toEqual(verdict);
});

test('a command that takes too long is ended with all that it started, and says nothing', async () => {
  const child = `spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })`;
  const [trial, root] = await trialOf(`import { spawn } from 'node:child_process'; ${child}`, 1);
  // The child holds the output open: this ends only if the child does.
  expect(await runTrial(trial, root, NEVER)).toEqual({ type: 'void', why: 'took longer than 1 s' });
});

test('a trial is given up when its signal aborts', async () => {
  const [trial, root] = await trialOf('setInterval(() => {}, 1000)');
  const stop = new AbortController();
  const running = runTrial(trial, root, stop.signal);
  stop.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
});

test('a failed test is evidence; a file that does not load, or no test at all, is none', () => {
  const trial = tests('a/b.test.ts', 'I-01 (this)');
  expect(trial.args).toEqual(['hack/test.ts', 'a/b.test.ts', '--bail=1', '-t', 'I-01 \\(this\\)']);
  const failed = 'FAIL a/b.test.ts\n\n  a/b.test.ts > I-01 (this)\nAssertionError\n';
  expect(judge(trial, 1, failed)).toEqual({
    type: 'noticed',
    evidence: 'a/b.test.ts > I-01 (this)',
  });
  const broken = '\n  a/b.test.ts > the file itself\nSyntaxError\n';
  expect(judge(trial, 1, broken)).toMatchObject({ type: 'void' });
  expect(judge(trial, 1, 'no test ran\n')).toMatchObject({ type: 'void' });
});

test('trials of a sound tree go together: whole files, those of which some tests are asked for, and other commands', () => {
  const other: Trial = { args: ['simulate.ts'], evidence: /x(y)/, secondsMax: 1 };
  const trials = [
    tests('a.test.ts', 'one'),
    tests('b.test.ts', 'two (2)'),
    tests('a.test.ts'),
    other,
    tests('c.test.ts', 'three'),
    tests('b.test.ts', 'three'),
    other,
  ];
  expect(together(trials).map(({ args }) => args)).toEqual([
    ['hack/test.ts', 'a.test.ts', '--bail=1'],
    ['hack/test.ts', 'b.test.ts', 'c.test.ts', '--bail=1', '-t', 'two \\(2\\)|three'],
    ['simulate.ts'],
  ]);
  expect(together([other])).toEqual([other]);
});

test('one survivor fails the run; one that nothing can be said of makes it void', () => {
  const codeOf = (...outcomes: Outcome[]): number =>
    exitCodeOf(
      outcomes.map((outcome) => ({
        mutant: { id: '', bug: '', invariants: [], patches: [], killedBy: [tests('')] },
        outcome,
        seconds: 0,
      })),
    );
  expect(codeOf(KILLED, KILLED)).toBe(0);
  expect(codeOf(KILLED, SURVIVED, VOID)).toBe(1);
  expect(codeOf(KILLED, VOID)).toBe(3);
});
