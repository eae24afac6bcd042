/**
 * The commands of resources against the server that a standalone has for them: what `apply` sends, `get` shows, another
 * `apply` changes or leaves as it is, and `delete` takes away.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Sink } from '@streamhouse/cli/output/sink.ts';
import { runProgram } from '@streamhouse/cli/program.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { startApiServer } from '@streamhouse/operator/http/api-server.ts';
import { openResources, type Resources } from '@streamhouse/standalone/resources/open-resources.ts';
import { temporaryFolder } from '@streamhouse/standalone/testing/temporary-folder.test-support.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';

const TOPICS = {
  group: 'streamhouse.io',
  version: 'v1alpha1',
  plural: 'topics',
  kind: 'Topic',
  isNamespaced: true,
};
const ALWAYS = new AbortController().signal;
const HEAD = 'apiVersion: streamhouse.io/v1alpha1\n';

const parts = new AsyncDisposableStack();
let resources: Resources;
let server: string;
let folder: string;

beforeAll(async () => {
  folder = parts.use(await temporaryFolder()).path;
  resources = parts.use(
    await openResources({ home: folder, clock: systemClock, random: Math.random }),
  );
  server = parts.use(await startApiServer(resources.handler, { host: '127.0.0.1', port: 0 })).url;
});
afterAll(() => parts.disposeAsync());

async function run(
  words: string,
  stdin = '',
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = Promise.all([text(stdout), text(stderr)]);
  const exitCode = await runProgram(words.split(' '), {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: new Sink(stdout),
    stderr: new Sink(stderr),
    progressStream: undefined,
    bootstrap: undefined,
    server,
    clock: systemClock,
    interrupted: ALWAYS,
  });
  stdout.end();
  stderr.end();
  const [out, err] = await output;
  return { exitCode, stdout: out, stderr: err };
}

function topicText(name: string, partitions: number): string {
  return `${HEAD}kind: Topic\nmetadata: { name: ${name} }\nspec: { partitions: ${partitions} }\n`;
}

test('the samples are applied, again without a change, and deleted', async () => {
  const samples = join(import.meta.dirname, '../../manifests/samples');
  expect(await run(`apply -f ${samples} -n samples`)).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: 'agentpool.streamhouse.io/default created\ntopic.streamhouse.io/orders created\n',
  });
  expect((await run(`apply -f ${samples} -n samples`)).stdout).toBe(
    'agentpool.streamhouse.io/default unchanged\ntopic.streamhouse.io/orders unchanged\n',
  );
  expect((await run('scale agentpool/default --replicas 5 -n samples')).stdout).toBe(
    'agentpool.streamhouse.io/default scaled\n',
  );
  expect((await run('get agentpools -n samples')).stdout).toMatch(/^NAME .*\ndefault +5 /);
  // The manifest says three, and whoever applies it means that.
  expect((await run(`apply -f ${samples} -n samples`)).stdout).toBe(
    'agentpool.streamhouse.io/default configured\ntopic.streamhouse.io/orders unchanged\n',
  );
  expect((await run(`delete -f ${samples} -n samples`)).stdout).toBe(
    'agentpool.streamhouse.io/default deleted\ntopic.streamhouse.io/orders deleted\n',
  );
  const again = await run(`delete -f ${samples} -n samples`);
  expect(again).toMatchObject({ exitCode: 4, stdout: '' });
  expect(again.stderr).toContain('there is no agentpool.streamhouse.io/default');
  expect(await run(`delete -f ${samples} -n samples --ignore-not-found`)).toMatchObject({
    exitCode: 0,
  });
});

test('what get prints can be applied again', async () => {
  await run('apply -f -', topicText('printed', 3));
  for (const format of ['yaml', 'json']) {
    const list = await run(`get topics printed -o ${format}`);
    expect(list.stdout).not.toContain('managedFields');
    expect((await run('apply -f -', list.stdout)).stdout).toBe(
      'topic.streamhouse.io/printed unchanged\n',
    );
  }
  const everything = await run('get topics --all-namespaces --output yaml');
  expect((await run('apply -f -', everything.stdout)).stdout).toContain('printed unchanged');
});

test('nothing is sent when one document is wrong', async () => {
  await writeFile(join(folder, 'two.yaml'), `${topicText('good', 1)}---\n${topicText('bad', 0)}`);
  const { exitCode, stdout, stderr } = await run(`apply -f ${join(folder, 'two.yaml')}`);
  expect(stderr).toMatch(/^streamhouse: [^\n]*document 2[^\n]*spec\.partitions[^\n]*\n$/);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect((await run('get topic/good')).exitCode).toBe(4);
});

test('what only the server can know is refused by it, in one line', async () => {
  await run('apply -f -', topicText('shrinking', 3));
  const { exitCode, stdout, stderr } = await run('apply -f -', topicText('shrinking', 2));
  expect(stderr).toMatch(/^streamhouse: topic\.streamhouse\.io\/shrinking: [^\n]+\n$/);
  expect(stderr).toContain('partitions can only grow');
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
});

test('resources are selected by names, labels and namespaces', async () => {
  const labelled = `${HEAD}kind: Topic\nmetadata: { name: gold, labels: { tier: gold } }\nspec: {}\n`;
  await run('apply -f - -n select', `${labelled}---\n${topicText('plain', 1)}`);
  expect((await run('get sht -n select')).stdout.split('\n')).toHaveLength(4);
  expect((await run('get topics -n select -l tier=gold')).stdout).toMatch(/^NAME.*\ngold .*\n$/);
  expect((await run('get topics -l tier=gold -A -o wide')).stdout).toMatch(/\nselect +gold /);
  expect((await run('get topics plain gold -n select')).stdout).toMatch(/\nplain .*\ngold .*\n$/);
  expect((await run('get topics -n select -l tier~gold')).exitCode).toBe(2);
  expect(await run('get topics -n nowhere')).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: 'there are no topics here\n',
  });
  expect((await run('get topic/nope --output json')).exitCode).toBe(4);
});

test('a topic with a finalizer is marked, and says who finishes it', async () => {
  await run('apply -f -', topicText('guarded', 1));
  const ref = { namespace: 'default', name: 'guarded' };
  const patch = { metadata: { finalizers: ['streamhouse.io/guard'] } };
  await resources.api.mergePatch(TOPICS, ref, patch, {}, ALWAYS);
  expect((await run('delete topic guarded')).stdout).toBe(
    'topic.streamhouse.io/guarded is being deleted: the operator finishes it\n',
  );
  expect(await resources.api.get(TOPICS, ref, ALWAYS)).toMatchObject({
    metadata: { deletionTimestamp: expect.stringMatching(/Z$/) },
  });
});
