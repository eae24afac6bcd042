/**
 * The console as its build left it. A page of it is any path that a browser asks for and nothing else answers: which ones there are
 * the page knows by itself. Its base element says where it is mounted.
 */
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { type Request, type Response, type Router } from 'express';

export const CONSOLE_FILES: string = fileURLToPath(
  new URL('../../../console/dist', import.meta.url),
);

const BASE = '<base href="/" />';
/** Until there is a build, which takes seconds. */
const WAITING = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">
<title>StreamHouse</title></head><body><p>The console is being built. This page loads it as soon as it is there.</p></body></html>
`;

/** @param folder of the build; it may come later than the first request. */
export function consoleFiles(folder: string, basePath: string): Router {
  const router = express.Router({ caseSensitive: true });
  router.use(
    '/assets',
    chooseEncoding,
    // Their names change with their content.
    express.static(`${folder}/assets`, {
      ...{ immutable: true, maxAge: '1y', index: false },
      setHeaders: describeEncoding,
    }),
  );
  const base = BASE.replace('/', basePath.endsWith('/') ? basePath : `${basePath}/`);
  router.get('/{*path}', async (request: Request, response: Response, next: () => void) => {
    if (!isPage(request)) {
      next();
      return;
    }
    const page = await readPage(`${folder}/index.html`);
    response.set({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
    if (page === undefined) response.status(503).set('retry-after', '2').end(WAITING);
    else response.end(page.replace(BASE, base));
  });
  return router;
}

const PACKED = '.gz';
/** What the build compresses. */
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

function chooseEncoding(request: Request, response: Response, next: () => void): void {
  const isPacked = extname(request.path) in TYPES;
  if (isPacked) response.vary('accept-encoding');
  if (isPacked && request.acceptsEncodings('gzip', 'identity') === 'gzip')
    request.url = `${request.path}${PACKED}`;
  next();
}

function describeEncoding(response: ServerResponse, path: string): void {
  if (!path.endsWith(PACKED)) return;
  response.setHeader('content-encoding', 'gzip');
  response.setHeader('content-type', TYPES[extname(basename(path, PACKED))] ?? '');
}

/** Programs that ask for a path that is not there are told so. */
function isPage({ path, headers }: Request): boolean {
  const isOfTheApi = /^\/(api|apis|assets)\//.test(path);
  return !isOfTheApi && headers.accept?.includes('text/html') === true;
}

async function readPage(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
