/**
 * A real S3 server for tests, where Go is: versitygw, built once into the user's cache. It does not sync, so it
 * is no place for what must outlast a power cut.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnTied } from '../../hack/tied.ts';
import { findGoTool, type GoTool } from './go-tool.ts';

const START_MS_MAX = 20_000;
const POLL_MS = 100;

/** Finds the program or builds it. */
export function findVersityGw(): Promise<GoTool> {
  return findGoTool({
    name: 'versitygw',
    module: 'github.com/versity/versitygw/cmd/versitygw',
    version: 'v1.8.0',
    purpose: 'tests against a real S3 server',
  });
}

export interface VersityGwServer extends AsyncDisposable {
  readonly url: string;
}

export interface VersityGwOptions {
  readonly path: string;
  /** Directory with one directory for each bucket. */
  readonly root: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export async function startVersityGw(options: VersityGwOptions): Promise<VersityGwServer> {
  const { path, root, accessKeyId, secretAccessKey } = options;
  const address = `127.0.0.1:${await freePort()}`;
  const flags = [
    '--port',
    address,
    '--access',
    accessKeyId,
    '--secret',
    secretAccessKey,
    'posix',
    root,
  ];
  const child = spawnTied([path, ...flags]);
  const server: VersityGwServer = {
    url: `http://${address}`,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
  const deadline = AbortSignal.timeout(START_MS_MAX);
  while (!(await answers(server.url))) {
    if (!deadline.aborted) {
      await sleep(POLL_MS);
      continue;
    }
    await server[Symbol.asyncDispose]();
    throw new Error(`versitygw did not answer at ${server.url} within ${START_MS_MAX} ms`);
  }
  return server;
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    () => true,
    () => false,
  );
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
