import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { spawnTied, tiedFolder } from './tied.ts';

const POLL_MS = 10;

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streamhouse-tied-'));
});
afterEach(() => rm(folder, { recursive: true }));

function isAlive(pid: string): boolean {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(POLL_MS);
}

/** A program with a child; both write down their ids. */
async function family(): Promise<{ command: string[]; pids: () => Promise<string[]> }> {
  const script = join(folder, 'family.sh');
  await writeFile(script, 'sleep 60 &\necho "$$ $!" > "$1.new"\nmv "$1.new" "$1"\nwait\n');
  const file = join(folder, 'pids');
  const pids = async (): Promise<string[]> =>
    (await readFile(file, 'utf8').catch(() => '')).split(/\s+/).filter(Boolean);
  return { command: ['/bin/sh', script, file], pids };
}

it('hands on the exit code and the errors of the program', async () => {
  const tied = spawnTied(['/bin/sh', '-c', 'echo bad >&2; exit 3'], { output: 'pipe' });
  expect([await text(tied.stderr!), await tied.ended]).toEqual(['bad\n', 3]);
  await tied[Symbol.asyncDispose]();
});

it('tells a program that is not there by exit code 127', async () => {
  await using tied = spawnTied(['no-such-program']);
  expect(await tied.ended).toBe(127);
});

it('ends the program and its children when it is disposed', async () => {
  const { command, pids } = await family();
  const tied = spawnTied(command);
  await until(async () => (await pids()).length === 2);
  await tied[Symbol.asyncDispose]();
  await tied[Symbol.asyncDispose]();
  await until(async () => !(await pids()).some(isAlive));
  expect(await tied.ended).toBe(null);
});

it('leaves neither the program nor the folder when its owner is killed', async () => {
  const { command, pids } = await family();
  const owner = join(folder, 'owner.ts');
  await writeFile(
    owner,
    `import { spawnTied, tiedFolder } from ${JSON.stringify(join(import.meta.dirname, 'tied.ts'))};
const { path } = await tiedFolder('streamhouse-tied-');
spawnTied(${JSON.stringify(command)});
console.log(path);`,
  );
  const child = spawn(process.execPath, [owner], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const path = line.toString().trim();
  await access(path);
  await until(async () => (await pids()).length === 2);
  child.kill('SIGKILL');
  await until(async () => !(await pids()).some(isAlive));
  const isGone = (): Promise<boolean> =>
    access(path).then(
      () => false,
      () => true,
    );
  await until(isGone);
  expect(await isGone()).toBe(true);
});

it('removes the folder when it is disposed', async () => {
  const tied = await tiedFolder('streamhouse-tied-');
  await writeFile(join(tied.path, 'file'), '');
  await tied[Symbol.asyncDispose]();
  await expect(access(tied.path)).rejects.toThrow('ENOENT');
});
