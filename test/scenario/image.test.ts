/**
 * The image, as far as it can be run without a container runtime: its root filesystem is made, and its programs run from
 * it; as root within it, so that a library that it lacks is missed.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Call, createCaller } from '@streamhouse/api/rest/client.ts';
import { ApiKeys, newApiKey, SCOPES } from '@streamhouse/operator/http/identity/api-keys.ts';
import { createTestDatabase } from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { imageConfig } from '../../hack/image/config.ts';
import { imageRoot } from '../../hack/image/root.ts';
import { type TiedFolder, tiedFolder } from '../../hack/tied.ts';
import { CHART } from '../harness/chart.ts';
import { until } from '../harness/until.ts';
import { freePort } from '../harness/versitygw.ts';

const SETUP_MS = 120_000;
const READY_MS_MAX = 60_000;
const isRoot = process.getuid?.() === 0;
const isMade = process.platform === 'linux';
if (!isMade) console.error('SKIPPED: the root of an image is made on Linux only');
let folder: TiedFolder;
let root: string;

beforeAll(async () => {
  folder = await tiedFolder('streamhouse-image-');
  root = folder.path;
  if (isMade) await imageRoot(root);
}, SETUP_MS);
afterAll(() => folder[Symbol.asyncDispose]());

const ENTRYPOINT = imageConfig('test', 'test')['Entrypoint'] as string[];

/** Starts the entrypoint with words, or another command line of the image. */
function start(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  entrypoint: readonly string[] = ENTRYPOINT,
): ChildProcessWithoutNullStreams {
  const paths = entrypoint.map((path) => (isRoot || !path.startsWith('/') ? path : root + path));
  const inside = isRoot ? ['chroot', '--userspec=1000:1000', root] : [];
  const [command, ...args] = [...inside, ...paths, ...words];
  const child = spawn(command ?? '', args, { env: { PATH: process.env['PATH'], ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function run(
  words: readonly string[],
  env?: Readonly<Record<string, string>>,
  input = '',
  entrypoint?: readonly string[],
) {
  const child = start(words, env, entrypoint);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { exitCode, stdout, stderr };
}

/** The script of `helm test`, which knows the paths of the image; what it prints. */
async function helmTest(bootstrap: Readonly<Record<string, string>>): Promise<string> {
  const script = await readFile(join(CHART, 'files/produce-and-consume.mjs'), 'utf8');
  const node = ['/usr/local/bin/node', '--input-type=module', '--eval'];
  const { stdout, stderr } = await run([script], { ...bootstrap, TOPIC: 'orders' }, '', node);
  return stdout + stderr;
}

/** The operator of the image, with no Kubernetes to speak to: its API, with every right. */
async function startApi(metadataUrl: string): Promise<Call> {
  const folder = 'tmp/operator';
  const hmacKey = randomBytes(32).toString('base64url');
  const { key, entry } = newApiKey(hmacKey, { name: 'all', scopes: SCOPES, expiresAt: null });
  const files = {
    'keys.json': JSON.stringify({ hmacKey, keys: [entry] }),
    'ca.crt': '',
    token: '',
  };
  await mkdir(join(root, folder));
  for (const [name, content] of Object.entries(files))
    await writeFile(join(root, folder, name), content);
  const seen = isRoot ? `/${folder}` : join(root, folder);
  const port = await freePort();
  start(['operator'], {
    METADATA_STORE: metadataUrl,
    ...{ KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' },
    ...{ SERVICE_ACCOUNT_FOLDER: seen, API_KEYS_FILE: `${seen}/keys.json` },
    ...{ POD_NAMESPACE: 'default', POD_NAME: 'operator', AGENT_IMAGE: 'none' },
    ...{ AGENT_SECRET_NAME: 'none', HTTP_PORT: '0', API_PORT: String(port) },
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  const isServed = async (): Promise<boolean> =>
    (await fetch(`${baseUrl}/health`).catch(() => undefined))?.ok === true;
  await until(isServed, AbortSignal.timeout(READY_MS_MAX));
  return createCaller({ baseUrl, headers: { authorization: `Bearer ${key}` } });
}

describe.skipIf(!isMade)('the image', () => {
  test('runs an agent, writes, reads and searches records with it and an operator, and stops it', {
    timeout: 120_000,
  }, async () => {
    await using database = await createTestDatabase();
    const [grpc, http] = [await freePort(), await freePort()];
    const agent = start(['agent'], {
      METADATA_STORE: database.url,
      STREAMHOUSE_OBJECTS_DIR: isRoot ? '/tmp/objects' : join(root, 'tmp/objects'),
      AGENT_ADDRESS: `127.0.0.1:${grpc}`,
      AGENT_ADVERTISED_ADDRESS: `127.0.0.1:${grpc}`,
      METRICS_PORT: String(http),
      EXIT_ON_STDIN_CLOSE: '1',
    });
    let log = '';
    for (const stream of [agent.stdout, agent.stderr])
      stream.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
    const ended = once(agent, 'close');
    const bootstrap = { STREAMHOUSE_BOOTSTRAP: `127.0.0.1:${grpc}` };
    await until(async () => {
      const answer = await fetch(`http://127.0.0.1:${http}/ready`).catch(() => undefined);
      return answer?.ok === true;
    }, AbortSignal.timeout(READY_MS_MAX)).catch((error: unknown) => {
      throw new Error(`the agent is not ready: ${log}`, { cause: error });
    });
    const done = { exitCode: 0, stderr: '' };
    expect(await run(['streamhouse', 'topics', 'create', 'orders'], bootstrap)).toMatchObject(done);
    for (const codec of ['lz4', 'snappy', 'zstd', 'gzip']) {
      const words = ['streamhouse', 'produce', 'orders', '--compression', codec];
      expect(await run(words, bootstrap, `packed by ${codec}\n`)).toMatchObject({ exitCode: 0 });
    }
    const { stdout } = await run(['streamhouse', 'consume', 'orders'], bootstrap);
    expect(stdout.split('\n').filter((line) => line !== '')).toEqual(
      ['lz4', 'snappy', 'zstd', 'gzip'].map((codec) => `packed by ${codec}`),
    );
    const call = await startApi(database.url);
    const query = { topic: 'orders', partition: 0, filter: 'value.endsWith("by zstd")' };
    const found = await call('GET /api/v1/search', { query });
    expect(found.data.records.map(({ value }) => value)).toEqual(['packed by zstd']);
    if (isRoot) expect(await helmTest(bootstrap)).toBe('wrote and read a record of orders\n');
    agent.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });

  test.each(['agent', 'operator'])('tells what %s lacks, and ends with 2', async (program) => {
    const { exitCode, stderr } = await run([program]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('METADATA_STORE');
  });

  test('tells its commands when it is given none of them', async () => {
    const { exitCode, stderr } = await run(['bash']);
    expect(exitCode).toBe(2);
    expect(stderr).toBe(
      'the commands of this image are agent, operator, streamhouse and api-key\n',
    );
  });

  test('makes keys of the API, which the file beside them lets in', async () => {
    const words = ['api-key', '--file', '-', '--scopes', 'topics:read'];
    const one = await run([...words, '--name', 'one']);
    const two = await run([...words, '--name', 'two'], {}, one.stdout);
    expect([one.exitCode, two.exitCode]).toEqual([0, 0]);
    const keys = new ApiKeys(two.stdout);
    for (const [name, { stderr }] of Object.entries({ one, two }))
      expect(keys.principal(stderr.trim(), Date.now())).toMatchObject({ name });
  });

  test('carries the licence of each library that is in it', async () => {
    const text = await readFile(join(root, 'app/THIRD-PARTY-LICENSES'), 'utf8');
    for (const name of [
      ...['pg', 'pino', '@grpc/grpc-js', '@aws-sdk/client-s3', 'commander'],
      '@marcbachmann/cel-js',
    ])
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, 'm'));
    expect(text).toContain('THE SOFTWARE IS PROVIDED');
  });

  describe('its entrypoint', () => {
    /** In place of the agent, with the entrypoint of the image before it. Resolves when it has begun. */
    async function startAs(program: string): Promise<ChildProcessWithoutNullStreams> {
      await using made = await tiedFolder('streamhouse-entrypoint-');
      await cp(join(root, 'app/main.mjs'), join(made.path, 'main.mjs'));
      await writeFile(join(made.path, 'agent.mjs'), `${program}; console.log('begun');`);
      const child = spawn(process.execPath, [join(made.path, 'main.mjs'), 'agent']);
      onTestFinished(() => void child.kill('SIGKILL'));
      await once(child.stdout, 'data');
      return child;
    }

    test('ends on SIGTERM while its program does not listen yet', async () => {
      const child = await startAs('setInterval(() => {}, 1_000)');
      child.kill('SIGTERM');
      expect(await once(child, 'close')).toEqual([143, null]);
    });

    test('leaves SIGTERM to its program once that listens', async () => {
      const child = await startAs(
        "const timer = setInterval(() => {}, 1_000); process.on('SIGTERM', () => clearInterval(timer))",
      );
      child.kill('SIGTERM');
      expect(await once(child, 'close')).toEqual([0, null]);
    });
  });
});
