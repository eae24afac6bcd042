/** `@streamhouse/client` from its tarball, in programs of people who have nothing else of us. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.ts';
import { type ClientManifest, installedProject, packClient } from '../harness/client-project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ROOT = join(import.meta.dirname, '../..');

await using packed = await packClient();
const installed = await installedProject(packed.tarball);
const why = 'reason' in installed ? `: ${installed.reason}` : '';
if (why !== '')
  console.error(`NOT TESTED: the package of the SDK, because it cannot be installed${why}`);

/** Sends two records and reads them back. */
const PROGRAM = `
const bootstrap = 'BOOTSTRAP';
await using admin = await connectAdmin({ bootstrap });
await admin.createTopic({ name: 'TOPIC', partitions: 1 });
await using producer = await connectProducer({ bootstrap });
const sent = await producer.sendBatch('TOPIC', [{ key: 'a', value: 'one' }, { value: 'two' }]);
await using consumer = await connectConsumer({ bootstrap, groupId: 'TOPIC', autoOffsetReset: 'earliest' });
await consumer.subscribe(['TOPIC']);
const values = [];
while (values.length < 2)
  for (const { value } of await consumer.poll(10_000)) values.push(Buffer.from(value ?? []).toString());
await consumer.commit();
const [done] = await consumer.committed([{ topic: 'TOPIC', partition: 0 }]);
if (done?.offset !== 2) throw new Error('not committed');
console.log(JSON.stringify({ offsets: sent.map(({ offset }) => offset), values }));
const refused = await admin.describeTopic('nowhere').catch((error) => error);
if (!(refused instanceof StreamError) || refused.kind !== 'notFound') throw refused;
`;
const SAID = '{"offsets":[0,1],"values":["one","two"]}\n';
const NAMES = '{ StreamError, connectAdmin, connectConsumer, connectProducer }';

describe.skipIf('reason' in installed)(`the package${why}`, () => {
  if ('reason' in installed) return;
  const project = installed;
  const own = join(project.path, 'node_modules/@streamhouse/client');
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster({ agents: 1, objects: 'directory' });
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });

  /** The program, on a topic of its own. */
  const program = (topic: string, imports: string): string =>
    imports + PROGRAM.replaceAll('TOPIC', topic).replaceAll('BOOTSTRAP', cluster.bootstrap.join());

  test('holds what it needs and nothing else', async () => {
    expect(packed.files).toEqual([
      'LICENSE',
      'README.md',
      'client.cjs',
      'client.d.cts',
      'client.d.mts',
      'client.mjs',
      'package.json',
    ]);
    for (const file of packed.files) {
      const content = await readFile(join(own, file), 'utf8');
      expect(content, `in ${file}`).not.toContain(ROOT);
      expect(content, `in ${file}`).not.toMatch(/@streamhouse\/(?!client\b)|\/node_modules\//);
    }
  });

  test('has a manifest that npm publishes, with libraries in exact versions', async () => {
    const manifest = JSON.parse(
      await readFile(join(own, 'package.json'), 'utf8'),
    ) as ClientManifest;
    expect(manifest).toMatchObject({ name: '@streamhouse/client', license: 'Apache-2.0' });
    expect(manifest).toMatchObject({ engines: { node: '>=24' } });
    expect(manifest).not.toHaveProperty('private');
    expect(Object.keys(manifest.dependencies)).toContain('@grpc/grpc-js');
    for (const version of Object.values(manifest.dependencies))
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test('says of each public name and of each method what it is', async () => {
    const text = await readFile(join(own, 'client.d.cts'), 'utf8');
    const silent = text.split('\n').filter((line, index, lines) => {
      const isNamed = /^export |^  \w+(<.*>)?\(/.test(line) && !line.startsWith('  constructor');
      return isNamed && !lines[index - 1]?.trimEnd().endsWith('*/');
    });
    expect(silent).toEqual([]);
  });

  test('produces and consumes as an ES module', async ({ signal }) => {
    await project.write('esm.mjs', program('esm', `import ${NAMES} from '@streamhouse/client';`));
    expect(await project.node('esm.mjs', signal)).toEqual({ exitCode: 0, output: SAID });
  });

  test('produces and consumes as CommonJS', async ({ signal }) => {
    const body = program('cjs', `const ${NAMES} = require('@streamhouse/client');\n(async () => {`);
    await project.write('cjs.cjs', `${body}})();`);
    expect(await project.node('cjs.cjs', signal)).toEqual({ exitCode: 0, output: SAID });
  });

  test('is one package for a program that loads it both ways', async ({ signal }) => {
    await project.write(
      'both.mjs',
      `import { createRequire } from 'node:module';
      import { StreamError } from '@streamhouse/client';
      console.log(createRequire(import.meta.url)('@streamhouse/client').StreamError === StreamError);`,
    );
    expect(await project.node('both.mjs', signal)).toEqual({ exitCode: 0, output: 'true\n' });
  });

  test.each(['client.cjs', 'src/mod.ts', 'dist/client.cjs'])(
    'refuses an import of %s within it',
    async (inner) => {
      const file = `deep-${inner.replaceAll('/', '-')}.mjs`;
      await project.write(file, `await import('@streamhouse/client/${inner}');`);
      const { exitCode, output } = await project.node(file, AbortSignal.timeout(20_000));
      expect(exitCode).toBe(1);
      expect(output).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
    },
  );

  describe('in TypeScript', () => {
    const strict = { strict: true, noEmit: true, target: 'es2023', types: ['node'] };
    const lib = ['es2023', 'esnext.disposable'];
    const typed = (topic: string): string =>
      program(topic, `import ${NAMES} from '@streamhouse/client';`)
        .replace('const values = []', 'const values: string[] = []')
        .replace('(error)', '(error: unknown)');

    test.each([
      ['node16', 'typed.mts', { module: 'node16', moduleResolution: 'node16' }],
      ['nodenext', 'typed.mts', { module: 'nodenext', moduleResolution: 'nodenext' }],
      ['bundler', 'typed.ts', { module: 'esnext', moduleResolution: 'bundler' }],
    ])('has types for moduleResolution %s', async (resolution, file, options) => {
      await project.write(file, typed(resolution));
      expect(await project.tsc({ ...strict, lib, ...options }, [file])).toEqual({
        exitCode: 0,
        output: '',
      });
      const run = await project.node(file, AbortSignal.timeout(60_000));
      expect(run.output).toContain(SAID);
    });

    test('has types for a CommonJS program', async () => {
      await project.write(
        'typed.cts',
        `import client = require('@streamhouse/client');
        export const error: client.StreamError = new client.StreamError('internal', 'REASON', 'text');`,
      );
      const options = { ...strict, lib, module: 'node16', moduleResolution: 'node16' };
      expect(await project.tsc(options, ['typed.cts'])).toEqual({ exitCode: 0, output: '' });
    });

    test('has types that refuse what is wrong', async () => {
      await project.write(
        'wrong.mts',
        `import { connectProducer } from '@streamhouse/client';
        const producer = await connectProducer({ bootstrap: 'localhost:9090', lingerMs: '5' });
        export const { place } = await producer.send({ topic: 'orders', value: 'one' });`,
      );
      const options = { ...strict, lib, module: 'nodenext', moduleResolution: 'nodenext' };
      const { exitCode, output } = await project.tsc(options, ['wrong.mts']);
      expect(exitCode).not.toBe(0);
      expect(output).toMatch(/\(2,\d+\): error TS2322: [^]*\(3,\d+\): error TS2339: /);
    });
  });
});
