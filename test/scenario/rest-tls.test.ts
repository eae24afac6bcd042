/** The API with a certificate: HTTPS, sockets over it, and a certificate that is renewed while people are connected. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { MONITORING_PATH } from '@streamhouse/api/live.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import {
  type Certificate,
  makeCertificate,
} from '@streamhouse/operator/http/certificate.test-support.ts';
import { TlsFiles } from '@streamhouse/operator/http/tls-files.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type RestApi, startRest } from '../harness/rest.ts';
import { until } from '../harness/until.ts';
import { upgrade } from '../harness/upgrade.ts';

vi.setConfig({ testTimeout: 60_000 });

const parts = new AsyncDisposableStack();
const first = makeCertificate('first');
const second = makeCertificate('second');
const errors: unknown[] = [];
let certFile: string;
let keyFile: string;
let database: TestDatabase;
let api: RestApi;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tls-'));
  parts.defer(() => rm(folder, { recursive: true }));
  certFile = join(folder, 'tls.crt');
  keyFile = join(folder, 'tls.key');
  await write(first);
  database = parts.use(await createTestDatabase());
  api = parts.use(await startRest(await database.open(), { tls: await open() }));
});
afterAll(() => parts.disposeAsync());

async function open(): Promise<TlsFiles> {
  const onError = (error: unknown): void => void errors.push(error);
  return await TlsFiles.open({
    ...{ certFile, keyFile, onError },
    ...{ clock: systemClock, random: Math.random },
  });
}

/** As a whole, so that nobody reads a half. */
async function writeWhole(path: string, content: string): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

async function write({ cert, key }: Certificate): Promise<void> {
  await writeWhole(keyFile, key);
  await writeWhole(certFile, cert);
}

/** Whose certificate a new connection is shown. */
async function shown(): Promise<string> {
  const socket = connect({ port: api.port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { subject } = new X509Certificate(socket.getPeerCertificate().raw);
  socket.destroy();
  return subject;
}

async function get(ca: string, path: string, agent?: https.Agent) {
  const options = { port: api.port, host: '127.0.0.1', path, ca, ...(agent && { agent }) };
  const request = https.get(options);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  const { statusCode: status, headers } = answer;
  return { status, headers, body: await text(answer), isReused: request.reusedSocket };
}

/** A socket, and how many bytes came over it. */
async function follow(ca: string): Promise<{ socket: Duplex; received: () => number }> {
  const { status, socket } = await upgrade(`${api.url}${MONITORING_PATH}`, { ca });
  if (socket === undefined) throw new Error(`no socket, but ${status}`);
  let received = 0;
  socket.on('data', (bytes: Buffer) => (received += bytes.length));
  await until(() => received > 0, AbortSignal.timeout(20_000));
  return { socket, received: () => received };
}

test('is spoken to over HTTPS, and tells browsers to keep to that', async () => {
  expect(api.url).toBe(`https://127.0.0.1:${api.port}`);
  const { status, headers, body } = await get(first.cert, '/health');
  expect([status, body]).toEqual([200, '{"status":"ok"}']);
  expect(headers['strict-transport-security']).toBe('max-age=31536000');
});

test('sockets go over it as well', async () => {
  const { socket, received } = await follow(first.cert);
  expect(received()).toBeGreaterThan(0);
  socket.destroy();
});

test('who does not speak TLS is told nothing', async () => {
  const socket = connectTcp(api.port, '127.0.0.1');
  socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n');
  expect(await text(socket)).not.toContain('HTTP');
});

test('a new certificate is shown to those who come, and costs nobody a connection', async () => {
  await using parts = new AsyncDisposableStack();
  const agent = parts.adopt(new https.Agent({ keepAlive: true, maxSockets: 1 }), (one) =>
    one.destroy(),
  );
  const { socket, received } = await follow(first.cert);
  parts.defer(() => void socket.destroy());
  await get(first.cert, '/health', agent);
  await write(second);
  await until(async () => (await shown()) === 'CN=second', AbortSignal.timeout(20_000));
  const before = received();
  await until(() => received() > before, AbortSignal.timeout(20_000));
  expect((await get(first.cert, '/health', agent)).isReused).toBe(true);
  expect((await get(second.cert, '/health')).status).toBe(200);
});

test('files that cannot be used change nothing, until they can', async () => {
  errors.length = 0;
  await write(first);
  await until(async () => (await shown()) === 'CN=first', AbortSignal.timeout(20_000));
  await writeWhole(certFile, 'no certificate');
  await until(() => saysOf(certFile), AbortSignal.timeout(20_000));
  expect(await shown()).toBe('CN=first');
  await writeWhole(certFile, second.cert);
  await until(() => saysOf('is not that of the certificate'), AbortSignal.timeout(20_000));
  expect(await shown()).toBe('CN=first');
  await writeWhole(keyFile, second.key);
  await until(async () => (await shown()) === 'CN=second', AbortSignal.timeout(20_000));
});

function saysOf(words: string): boolean {
  return errors.some((error) => error instanceof Error && error.message.includes(words));
}

describe('at its start', () => {
  type Row = readonly [what: string, spoil: () => Promise<void>, words: readonly string[]];
  const rows: readonly Row[] = [
    ['a certificate that is not there', () => rm(certFile), ['tls.crt', 'cannot be read']],
    ['a key that is not there', () => rm(keyFile), ['tls.key', 'cannot be read']],
    [
      'a certificate that is none',
      () => writeFile(certFile, 'x'),
      ['tls.crt', '-----BEGIN CERTIFICATE-----'],
    ],
    ['a key that is none', () => writeFile(keyFile, 'x'), ['tls.key', 'with a passphrase']],
    [
      'the key of another certificate',
      () => writeFile(keyFile, second.key),
      ['tls.key', 'tls.crt', 'is not that of the certificate'],
    ],
  ];
  test.each(rows)('%s is refused by its path', async (_, spoil, words) => {
    await write(first);
    await spoil();
    const error = await open().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: 'invalid', reason: 'API_TLS' });
    for (const word of words) expect((error as Error).message).toContain(word);
    expect((error as Error).message).not.toContain('PRIVATE KEY');
  });
});

describe('without a certificate', () => {
  test.each([
    ['says nothing of HTTPS', 0, {}, null],
    ['does not believe it from anybody', 0, { 'x-forwarded-proto': 'https' }, null],
    ['believes a proxy that is trusted', 1, { 'x-forwarded-proto': 'https' }, 'max-age=31536000'],
    ['knows where such a proxy has none', 1, { 'x-forwarded-proto': 'http' }, null],
  ] as const)('%s', async (_, trustedProxies, headers, expected) => {
    await using plain = await startRest(await database.open(), { trustedProxies });
    const answer = await fetch(`${plain.url}/health`, { headers });
    expect(answer.headers.get('strict-transport-security')).toBe(expected);
  });
});
