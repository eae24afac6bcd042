import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Script } from './script.test-support.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'history-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function run(...words: readonly string[]): {
  status: number | null;
  stdout: string;
  stderr: string;
} {
  return spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8', cwd: folder, env: {} });
}

async function write(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return name;
}

const save = (name: string, { events }: Script): Promise<string> =>
  write(name, events.map((event) => `${JSON.stringify(event)}\n`).join(''));

const sent = (): Script => new Script().send('p', ['a', 'b'], [0, 1]);

test('a history without anomaly exits with 0', async () => {
  const { status, stdout, stderr } = run(await save('fine', sent().readAll(['a', 'b'])));
  expect(stderr).toBe('');
  expect(stdout).toBe(
    [
      '9 events. Records: 2 acknowledged, 0 failed, 0 unknown, 2 read.',
      'First read by the final reads: 2 records.',
      '',
      'No anomaly.',
      '',
    ].join('\n'),
  );
  expect(status).toBe(0);
});

test('one with anomalies exits with 1 and tells each in a block', async () => {
  const { status, stdout } = run(
    await save(
      'bad',
      sent()
        .assign('c', 0)
        .poll('c', [
          [0, 'a'],
          [2, 'x'],
        ]),
    ),
  );
  expect(stdout).toBe(
    [
      'lost-write (1): acknowledged and never read, although a reader went past its offset',
      '  "b", sent by p (#0), acknowledged at t/0 offset 1 (#1), never read though others went past it.',
      '',
      'phantom (1): read where it was never sent to, or before it was sent',
      '  "x" was read at t/0 offset 2 (#5), and never sent.',
      '',
      'poll-skip (1): a reader left out offsets, or read what it was not assigned',
      '  c was at t/0 offset 1 (#5), and read 2 (#5): 1 left out.',
      '',
      '6 events. Records: 2 acknowledged, 0 failed, 0 unknown, 2 read.',
      'From acknowledgement to first read: p50 4.0 ms, p99 4.0 ms, max 4.0 ms (1 records).',
      'Not judged, because no final reads say where they end: 1 acknowledged records of t/0.',
      '',
      'Anomalies: lost-write 1, phantom 1, poll-skip 1.',
      '',
    ].join('\n'),
  );
  expect(status).toBe(1);
});

test('--json prints one document, with the same exit codes', async () => {
  const { status, stdout } = run(await save('json', sent().readAll(['a'])), '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    anomalies: [
      { kind: 'unseen', total: 1, findings: [{ events: [0, 1], values: ['b'], offsets: [1] }] },
    ],
    figures: { acknowledged: 2, reads: 1 },
  });
  expect(status).toBe(1);
});

test('what is no history exits with 2 and one line', async () => {
  const cut = run(await write('cut', '{"i":0'));
  expect([cut.status, cut.stdout, cut.stderr]).toEqual([
    2,
    '',
    'check-history: line 1: not JSON\n',
  ]);
  const absent = run('absent');
  expect([absent.status, absent.stdout]).toEqual([2, '']);
  expect(absent.stderr).toMatch(/^check-history: ENOENT: .*\n$/);
});

test('words that it does not know exit with 2, --help with 0', () => {
  expect(run()).toMatchObject({ status: 2, stderr: 'check-history: name one FILE; see --help\n' });
  expect(run('a', 'b').status).toBe(2);
  expect(run('a', '--jsno').status).toBe(2);
  const help = run('--help');
  expect(help.status).toBe(0);
  expect(help.stdout).toContain('npm run check-history -- FILE [--json]');
});
