/**
 * The `streamhouse` command as a user runs it: a process of its own against a cluster of real processes. What goes in by
 * `produce` comes out by `consume`, failures are one line and an exit code, and Ctrl-C tells the truth.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { pause } from '@streamhouse/standalone/process.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';

const require = createRequire(import.meta.url);
const MAIN = require.resolve('@streamhouse/cli/main.ts');
/** 200,000 flights as one JSON array on one line, beside the package's entry point. */
const FLIGHTS = join(dirname(require.resolve('vega-datasets')), '../data/flights-200k.json');

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ agents: 2, objects: 'directory' });
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

function start(...args: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], STREAMHOUSE_BOOTSTRAP: cluster.bootstrap.join(',') },
  });
}

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const [stdout, stderr, [exitCode]] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { exitCode: exitCode as number | null, stdout, stderr };
}

async function run(args: readonly string[], input: string | Uint8Array = ''): Promise<Ended> {
  const child = start(...args);
  // Input for a command that has ended already: how it ended tells more.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return await ended(child);
}

/** Runs a command that must succeed. */
async function output(args: readonly string[], input?: string | Uint8Array): Promise<string> {
  const { exitCode, stdout, stderr } = await run(args, input);
  expect(stderr).not.toMatch(/^streamhouse:/m);
  expect(exitCode).toBe(0);
  return stdout.toString();
}

async function makeTopic(name: string, partitions = 1): Promise<string> {
  await output(['topics', 'create', name, '--partitions', String(partitions)]);
  return name;
}

describe('topics and agents', () => {
  test('are made, shown, changed and deleted', async () => {
    expect(await output(['topics', 'create', 'orders', '--partitions', '3'])).toMatch(
      /^topic orders created 3 partitions, retention 7d/,
    );
    const again = await run(['topics', 'create', 'orders']);
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toMatch(/^streamhouse: [^\n]*orders[^\n]*--if-not-exists\n$/);
    expect(await output(['topics', 'create', 'orders', '--if-not-exists'])).toContain(
      '3 partitions',
    );

    await output(['topics', 'alter', 'orders', '--partitions', '5', '--retention', '12h']);
    const listed = JSON.parse(await output(['topics', 'list', '--output', 'json'])) as unknown[];
    expect(listed).toContainEqual(
      expect.objectContaining({ name: 'orders', partitions: 5, retentionMs: 43_200_000 }),
    );
    const described = await output(['topics', 'describe', 'orders', '--output', 'yaml']);
    expect(described).toMatch(/^name: orders$/m);
    expect(described.match(/^ {2}- partition: \d$/gm)).toHaveLength(5);
    expect(await output(['topics', 'list'])).toMatch(/^orders +5 +12h +unlimited/m);

    expect(await output(['topics', 'delete', 'orders'])).toBe('topic orders deleted\n');
    expect(await output(['topics', 'delete', 'orders', '--if-exists'])).toContain('is not there');
  });

  test.each([
    ['topics', 'describe', 'nowhere'],
    ['topics', 'delete', 'nowhere'],
    ['produce', 'nowhere'],
    ['consume', 'nowhere'],
  ])('B-16 ends with 4 when the topic of %s %s is not there', async (...args) => {
    const { exitCode, stderr } = await run(args);
    expect(stderr).toMatch(/^streamhouse: [^\n]*nowhere[^\n]*topics list[^\n]*\n$/);
    expect(exitCode).toBe(4);
  });

  test.concurrent.each([
    ...['../../etc', 'a/b', '.', '..', '', 'x'.repeat(250), '%2e%2e', 'оrders', '😀', '__internal'],
  ])('B-01 refuse the name %j with the rule that it breaks', async (name) => {
    const { exitCode, stderr } = await run(['topics', 'create', name]);
    expect(stderr).toMatch(
      /^streamhouse: the topic name (must not|may have|has at most) [^\n]+\n$/,
    );
    expect(exitCode).toBe(2);
  });

  test('B-01 name the topic that differs by . and _ only', async () => {
    await makeTopic('a.b_c');
    const { exitCode, stderr } = await run(['topics', 'create', 'a_b.c']);
    expect(stderr).toMatch(/^streamhouse: [^\n]*a\.b_c[^\n]*\n$/);
    expect(exitCode).toBe(1);
  });

  test('B-16 say that the server does not know the call', async () => {
    const server = new Server();
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const end = await run(['topics', 'list', '--bootstrap', `127.0.0.1:${port}`]);
    server.forceShutdown();
    expect(end.stderr).toMatch(/^streamhouse: [^\n]*server is of another version[^\n]*\n$/);
    expect(end.exitCode).toBe(5);
  });

  test('list the agents', async () => {
    const agents = JSON.parse(await output(['agents', 'list', '--output', 'json'])) as {
      readonly address: string;
    }[];
    expect(agents.map(({ address }) => address).toSorted()).toEqual(cluster.bootstrap.toSorted());
    expect(await output(['agents', 'list'])).toMatch(/^AGENT +ADDRESS/);
  });
});

describe('produce and consume', () => {
  test('give back 200,000 real records, in order per key', async () => {
    await makeTopic('flights', 6);
    const produced = await run([
      ...['produce', 'flights', '--file', FLIGHTS, '--json', '--key-field', 'distance'],
      ...['--output', 'json'],
    ]);
    expect(JSON.parse(produced.stdout.toString())).toMatchObject({
      sent: 200_000,
      acknowledged: 200_000,
      failed: 0,
      unknown: 0,
    });
    const lines = await output(['consume', 'flights', '--from', 'earliest', '--json']);
    const flights = JSON.parse(await readFile(FLIGHTS, 'utf8')) as { readonly distance: number }[];
    const back = lines.trimEnd().split('\n');
    expect(back).toHaveLength(flights.length);
    const byKey = (records: typeof flights): Map<number, unknown[]> =>
      Map.groupBy(records, ({ distance }) => distance);
    expect(byKey(back.map((line) => JSON.parse(line)))).toEqual(byKey(flights));
  }, 60_000);

  test('keep bytes that are no text, with their keys', async () => {
    await makeTopic('bytes');
    const input = Buffer.concat([
      Buffer.from([0xff, 0x00, 0x1b, 0x3d, 0xc3, 0x0d, 0x0a]),
      Buffer.from('key=\n=\n'),
    ]);
    await output(['produce', 'bytes', '--key-separator', '='], input);
    const { stdout } = await run(['consume', 'bytes', '--key-separator', '=']);
    expect(stdout).toEqual(input);
    const { stdout: values } = await run(['consume', 'bytes', '--json']);
    expect(values.toString()).toBe('{"base64":"ww0="}\n""\n""\n');
  });

  test('keep headers, and print all about a record', async () => {
    await makeTopic('headers', 2);
    await output(
      [
        'produce',
        'headers',
        '--json',
        '--headers',
        'a=1',
        '--headers-field',
        'meta',
        '--partition',
        '1',
      ],
      '{"meta":{"b":"2"}}\n',
    );
    const line = await output(['consume', 'headers', '--output', 'json', '--json']);
    expect(JSON.parse(line)).toMatchObject({
      topic: 'headers',
      partition: 1,
      offset: 0,
      key: null,
      value: { meta: { b: '2' } },
      headers: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
    });
  });

  test('take an empty input for no records', async () => {
    await makeTopic('empty');
    const { exitCode, stderr } = await run(['produce', 'empty']);
    expect(stderr).toMatch(/^0 records /);
    expect(exitCode).toBe(0);
    expect(await output(['consume', 'empty'])).toBe('');
  });

  test('B-16 name the line that is broken and keep what was sent before it', async () => {
    await makeTopic('broken');
    const { exitCode, stderr } = await run(
      ['produce', 'broken', '--json'],
      '{"a":1}\n{"a":2}\n{"a":\n{"a":4}\n',
    );
    expect(stderr).toMatch(
      /^streamhouse: line 3 is no JSON: .*acknowledged before it: 2 records.*\n$/,
    );
    expect(exitCode).toBe(1);
    expect(await output(['consume', 'broken', '--json'])).toBe('{"a":1}\n{"a":2}\n');
  });

  test('B-16 name the line of an input that is no text, and of one that has no end', async () => {
    await makeTopic('binary');
    const noise = Buffer.from('{"a":1}\n\xff\xfe\0\x1b[2J\n', 'latin1');
    const binary = await run(['produce', 'binary', '--json'], noise);
    expect(binary.stderr).toMatch(/^streamhouse: line 2 is not UTF-8[^\n]+\n$/);
    expect(binary.exitCode).toBe(1);
    // B-02: the bound is told before all of it is read.
    const endless = await run(['produce', 'binary'], `ok\n${'x'.repeat(3_000_000)}`);
    expect(endless.stderr).toMatch(/^streamhouse: line 2 is longer than 1048576 bytes[^\n]+\n$/);
    expect(endless.exitCode).toBe(1);
  });

  test('tell how each record ended when one cannot be written', async () => {
    await makeTopic('large');
    const file = join(cluster.home, 'large.txt');
    await writeFile(file, `small\n${'x'.repeat(1_048_576)}\n`);
    const { exitCode, stderr } = await run([
      'produce',
      'large',
      '--file',
      file,
      '--headers',
      'h=1',
    ]);
    expect(stderr).toMatch(/^streamhouse: 1 record acknowledged, 0 unknown, 1 failed: [^\n]+\n$/);
    expect(exitCode).toBe(1);
  });

  test('B-05 refuse partitions and offsets that are not there, with the valid range', async () => {
    await makeTopic('ranges', 3);
    await output(['produce', 'ranges', '--partition', '2'], 'a\nb\n');
    for (const command of ['produce', 'consume']) {
      const { exitCode, stderr } = await run([command, 'ranges', '--partition', '3']);
      expect(stderr).toMatch(/^streamhouse: [^\n]*0\.\.2\n$/);
      expect(exitCode).toBe(2);
    }
    const beyond = await run(['consume', 'ranges', '--partition', '2', '--from', '3']);
    expect(beyond.stderr).toMatch(/^streamhouse: [^\n]*0\.\.2\n$/);
    expect(beyond.exitCode).toBe(2);
    const unclear = await run(['consume', 'ranges', '--from', '1']);
    expect(unclear.stderr).toMatch(/^streamhouse: [^\n]*add --partition\n$/);
    expect(await output(['consume', 'ranges', '--partition', '2', '--from', '1'])).toBe('b\n');
  });

  test('begin at a time, at the end, and end after a count', async () => {
    await makeTopic('times');
    await output(['produce', 'times'], 'a\nb\nc\n');
    expect(await output(['consume', 'times', '--from', '2000-01-01'])).toBe('a\nb\nc\n');
    expect(await output(['consume', 'times', '--from', '2999-01-01T00:00:00Z'])).toBe('');
    expect(await output(['consume', 'times', '--from', 'latest'])).toBe('');
    expect(await output(['consume', 'times', '--max', '2'])).toBe('a\nb\n');
  });

  test('follow what is produced until Ctrl-C, which is no failure', async ({ signal }) => {
    await makeTopic('tail');
    const child = start('consume', 'tail', '--follow', '--from', 'earliest');
    const end = ended(child);
    for (const value of ['one', 'two']) {
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await output(['produce', 'tail'], `${value}\n`);
      while (!said.includes(value)) await pause(5, signal);
    }
    child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await end;
    expect(stdout.toString()).toBe('one\ntwo\n');
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  test('B-16 end without a complaint when the reader goes away', async () => {
    await makeTopic('pipe');
    await output(['produce', 'pipe'], `${'x'.repeat(100)}\n`.repeat(50_000));
    const child = start('consume', 'pipe');
    const stderr = text(child.stderr);
    child.stdout.once('data', () => child.stdout.destroy());
    const [exitCode] = await once(child, 'exit');
    expect(await stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  test('B-16 end a --follow whose reader went away when there is something to print', async ({
    signal,
  }) => {
    await makeTopic('follower');
    const child = start('consume', 'follower', '--follow', '--from', 'earliest');
    const stderr = text(child.stderr);
    child.stdout.once('data', () => child.stdout.destroy());
    const exit = once(child, 'exit', { signal });
    while (child.exitCode === null) await output(['produce', 'follower'], 'x\n');
    expect(await stderr).toBe('');
    expect(await exit).toEqual([0, null]);
  });

  test('tell after Ctrl-C how many records are written', async ({ signal }) => {
    await makeTopic('interrupted');
    const child = start('produce', 'interrupted');
    const end = ended(child);
    child.stdin.write('a\nb\n');
    const written = (): Promise<string> => output(['consume', 'interrupted']);
    while ((await written()) !== 'a\nb\n') await pause(5, signal);
    child.stdin.write('c\n');
    child.kill('SIGINT');
    const { exitCode, stderr } = await end;
    expect(exitCode).toBe(130);
    const told = /^streamhouse: interrupted; (\d+) records acknowledged, 0 unknown, 0 failed$/m;
    const count = Number(told.exec(stderr)?.[1]);
    expect((await written()).trimEnd().split('\n')).toHaveLength(count);
  });
});

describe('bench', () => {
  test('measures produce and consume', async () => {
    await makeTopic('bench', 2);
    for (const command of ['produce', 'consume']) {
      const args = ['bench', command, 'bench', '--seconds', '1', '--warmup', '0', '--json'];
      const result = JSON.parse(await output(args)) as Record<string, { readonly median: number }>;
      expect(result).toMatchObject({ bench: command, topic: 'bench' });
      expect(result['recordsPerSecond']?.median).toBeGreaterThan(0);
    }
    expect(await output(['bench', 'consume', 'bench', '--seconds', '1'])).toMatch(
      /^RATE +MIN +MED/,
    );
  });
});
