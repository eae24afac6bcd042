import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import express from 'express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { consoleFiles } from './console-files.ts';

const FILES = { 'app-1.js': 'export {};\n', 'app-1.css': 'p { margin: 0 }\n' } as const;
const SINGLE = 'font-1.woff2';

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'console-files-'));
  await mkdir(join(folder, 'assets'));
  for (const [name, text] of Object.entries(FILES)) {
    await writeFile(join(folder, 'assets', name), text);
    await writeFile(join(folder, 'assets', `${name}.gz`), gzipSync(text));
  }
  await writeFile(join(folder, 'assets', SINGLE), 'font');
  server = express().use(consoleFiles(folder, '/')).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** As it is on the wire: `fetch` would unpack it. */
async function get(
  path: string,
  accepted?: string,
): Promise<Pick<IncomingMessage, 'statusCode' | 'headers'> & { readonly body: Buffer }> {
  const { port } = server.address() as AddressInfo;
  const headers = accepted === undefined ? {} : { 'accept-encoding': accepted };
  const asked = request({ host: '127.0.0.1', port, path, headers }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const { statusCode, headers: said } = answer;
  return { statusCode, headers: said, body: await buffer(answer) };
}

test.each([
  ['app-1.js', 'text/javascript; charset=utf-8'],
  ['app-1.css', 'text/css; charset=utf-8'],
] as const)('%s is packed for whoever takes it, and kept for ever', async (name, type) => {
  const packed = await get(`/assets/${name}`, 'br, gzip;q=0.5');
  expect(packed.headers).toMatchObject({
    ...{ 'content-encoding': 'gzip', 'content-type': type, vary: 'accept-encoding' },
    'cache-control': 'public, max-age=31536000, immutable',
  });
  expect(gunzipSync(packed.body).toString()).toBe(FILES[name]);
  for (const accepted of [undefined, 'identity', 'gzip;q=0', 'br']) {
    const { headers, body } = await get(`/assets/${name}`, accepted);
    expect([headers['content-encoding'], headers['content-type'], headers.vary]).toEqual([
      undefined,
      type,
      'accept-encoding',
    ]);
    expect(body.toString()).toBe(FILES[name]);
  }
});

test('what the build does not pack comes as it is', async () => {
  const { statusCode, headers, body } = await get(`/assets/${SINGLE}`, 'gzip');
  expect([statusCode, headers['content-encoding'], body.toString()]).toEqual([
    200,
    undefined,
    'font',
  ]);
});

test('what is not there is not there, packed or not', async () => {
  for (const accepted of ['gzip', 'identity'])
    expect((await get('/assets/other-1.js', accepted)).statusCode).toBe(404);
});
