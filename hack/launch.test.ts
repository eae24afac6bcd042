import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';

let clone = '';

/** What npm leaves behind when it succeeds; it counts its runs and takes long enough for two to meet. */
const NPM_THAT_INSTALLS = `#!/usr/bin/env node
const { appendFileSync, copyFileSync, mkdirSync } = require('node:fs');
appendFileSync('npm-runs', process.argv.slice(2).join(' ') + '\\n');
setTimeout(() => {
  mkdirSync('node_modules', { recursive: true });
  copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
}, 300);
`;
const NPM_THAT_FAILS = '#!/usr/bin/env node\nprocess.exitCode = 7;\n';

const LOCK = {
  packages: { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } },
};

function write(path: string, content: string, mode = 0o644): void {
  mkdirSync(dirname(join(clone, path)), { recursive: true });
  writeFileSync(join(clone, path), content, { mode });
}

function writeLock(path: string, version = '1.0.0', others: object = {}): void {
  const packages = { ...LOCK.packages, 'node_modules/a': { version, integrity: 'sha512-a' } };
  write(path, JSON.stringify({ packages: { ...packages, ...others } }));
}

function launch(...args: string[]): ChildProcess {
  const { npm_execpath: _, ...env } = process.env;
  return spawn(process.execPath, [join(clone, 'hack/launch.mjs'), ...args], {
    cwd: clone,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, PATH: [join(clone, 'bin'), env['PATH']].join(delimiter) },
  });
}

async function ended(
  child: ChildProcess,
): Promise<{ code: unknown; signal: unknown; out: string; err: string }> {
  const [[code, signal], out, err] = await Promise.all([
    once(child, 'close'),
    text(child.stdout!),
    text(child.stderr!),
  ]);
  return { code, signal, out, err };
}

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'streamhouse-launch-'));
  mkdirSync(join(clone, 'hack'));
  cpSync(join(import.meta.dirname, 'launch.mjs'), join(clone, 'hack/launch.mjs'));
  write('bin/npm', NPM_THAT_INSTALLS, 0o755);
  writeLock('package-lock.json');
  writeLock('node_modules/.package-lock.json');
});

afterEach(() => {
  rmSync(clone, { recursive: true });
});

it('passes arguments as they are and hands back the exit code, without a word of its own', async () => {
  write(
    'script.ts',
    'const code: number = 5;\nconsole.log(process.argv.slice(2).join());\nprocess.exitCode = code;\n',
  );
  const end = await ended(launch('script.ts', '--', '-x', 'a b'));
  expect(end).toEqual({ code: 5, signal: null, out: '--,-x,a b\n', err: '' });
});

it("puts the tools of the clone's node_modules on PATH before those of the machine", async () => {
  write('script.ts', "console.log(process.env.PATH?.split(':')[1]);\n");
  expect((await ended(launch('script.ts'))).out).toBe(`${join(clone, 'node_modules/.bin')}\n`);
});

it('forwards SIGTERM and lets the script end in its own way', async () => {
  write(
    'script.ts',
    "setInterval(() => {}, 1000);\nprocess.on('SIGTERM', () => process.exit(9));\nconsole.log('ready');\n",
  );
  const child = launch('script.ts');
  child.stdout!.once('data', () => child.kill('SIGTERM'));
  expect(await ended(child)).toMatchObject({ code: 9 });
});

it('ends by the signal that ended the script', async () => {
  write('script.ts', "process.kill(process.pid, 'SIGTERM');\nsetInterval(() => {}, 1000);\n");
  expect(await ended(launch('script.ts'))).toMatchObject({ code: null, signal: 'SIGTERM' });
});

it('installs nothing when only the packages of other platforms are absent', async () => {
  writeLock('package-lock.json', '1.0.0', {
    'node_modules/b': { version: '1.0.0', optional: true },
  });
  write('script.ts', '');
  expect(await ended(launch('script.ts'))).toMatchObject({ code: 0, err: '' });
});

it.each([
  ['there is no node_modules', () => rmSync(join(clone, 'node_modules'), { recursive: true })],
  ['a version differs from the lockfile', () => writeLock('package-lock.json', '1.0.1')],
])('installs when %s, and once for two that start together', async (_, arrange) => {
  arrange();
  write('script.ts', "console.log('ran');\n");
  const ends = await Promise.all([launch('script.ts'), launch('script.ts')].map(ended));
  expect(ends.map(({ code, out }) => [code, out])).toEqual([
    [0, 'ran\n'],
    [0, 'ran\n'],
  ]);
  expect(readFileSync(join(clone, 'npm-runs'), 'utf8')).toMatch(/^ci --ignore-scripts [^\n]*\n$/);
});

it('takes over the lock of an installer that died', async () => {
  rmSync(join(clone, 'node_modules'), { recursive: true });
  write('.cache/install.lock', '1\n');
  utimesSync(join(clone, '.cache/install.lock'), 0, 0);
  write('script.ts', "console.log('ran');\n");
  expect(await ended(launch('script.ts'))).toMatchObject({ code: 0, out: 'ran\n' });
});

it('says that npm failed, and does not run the script', async () => {
  rmSync(join(clone, 'node_modules'), { recursive: true });
  write('bin/npm', NPM_THAT_FAILS, 0o755);
  write('script.ts', "console.log('ran');\n");
  const end = await ended(launch('script.ts'));
  expect(end).toMatchObject({ code: 1, out: '' });
  expect(end.err).toContain('npm ci failed with exit code 7');
});
