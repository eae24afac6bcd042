/**
 * `node hack/launch.mjs SCRIPT ARGS…` runs a TypeScript file of this repository from nothing but a clone: it installs the
 * dependencies when they do not match package-lock.json, then runs SCRIPT on a Node.js that strips types without a
 * warning. Plain JavaScript without dependencies, because it runs before there are any and on any Node.js from 18 on.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, 'node_modules');
const CACHE = join(ROOT, '.cache');
const LOCK = join(CACHE, 'install.lock');
/** The first Node.js that strips types with no flag and no warning. */
const NODE_MIN = [24, 12];
const LOCK_BEAT_MS = 1_000;
/** A holder that missed this many beats in a row is gone. */
const LOCK_STALE_MS = 15 * LOCK_BEAT_MS;
const POLL_MS = 200;
/** Each flag undoes a setting of the user or the environment (NODE_ENV=production, engine-strict, …) that breaks the install. */
const NPM_CI = [
  'ci',
  '--ignore-scripts',
  '--include=dev',
  '--include=optional',
  '--include=peer',
  '--engine-strict=false',
  '--package-lock=true',
  '--package-lock-only=false',
  '--legacy-peer-deps=false',
  '--strict-peer-deps=false',
  '--install-strategy=hoisted',
  '--global=false',
  '--dry-run=false',
  '--audit=false',
  '--fund=false',
  '--loglevel=error',
];

class LaunchError extends Error {}

function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw new LaunchError(`cannot read ${path}: ${error.message}`);
  }
}

/**
 * npm writes node_modules/.package-lock.json last, so its entries tell what is really there. They are compared by content:
 * times lie after a checkout, a copy or a restored cache.
 */
function isInstalled() {
  const wanted = readLock(join(ROOT, 'package-lock.json'));
  if (wanted === undefined) throw new LaunchError('package-lock.json is missing');
  const present = readLock(join(MODULES, '.package-lock.json'));
  if (present === undefined) return false;
  return Object.entries(wanted).every(([path, want]) => {
    if (path === '') return true;
    const have = present[path];
    // What is made for another platform is optional and absent.
    if (have === undefined) return want.optional === true;
    return have.version === want.version && have.integrity === want.integrity;
  });
}

function tryLock() {
  mkdirSync(CACHE, { recursive: true });
  try {
    writeFileSync(LOCK, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Puts away the lock of a process that died. The rename lets only one of several waiters take the same file. */
function breakStaleLock() {
  try {
    if (Date.now() - statSync(LOCK).mtimeMs < LOCK_STALE_MS) return;
    const taken = `${LOCK}.${process.pid}`;
    renameSync(LOCK, taken);
    rmSync(taken);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

function beatLock() {
  try {
    utimesSync(LOCK, new Date(), new Date());
  } catch (error) {
    // Taken as stale while this machine slept: npm is under way and is not stopped for it.
    if (error.code !== 'ENOENT') throw error;
  }
}

/** Runs `work` while no other launcher of this clone does; the beat tells the others that the holder lives. */
async function withInstallLock(work) {
  let isWaitAnnounced = false;
  while (!tryLock()) {
    breakStaleLock();
    if (!isWaitAnnounced) say('waiting for another process that installs the dependencies');
    isWaitAnnounced = true;
    await sleep(POLL_MS);
  }
  const beat = setInterval(beatLock, LOCK_BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    rmSync(LOCK, { force: true });
  }
}

/** The npm that started us, else the one on PATH; never another package manager, which would not read our lockfile. */
function npmCommand() {
  const starter = process.env.npm_execpath;
  if (starter !== undefined && basename(starter) === 'npm-cli.js') {
    return { command: process.execPath, args: [starter] };
  }
  return { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] };
}

async function install() {
  say('installing the dependencies (npm ci), this takes a minute the first time');
  const { command, args } = npmCommand();
  const child = spawn(command, [...args, ...NPM_CI], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && command === 'npm.cmd',
  });
  const end = await ended(child, 'npm');
  if (end.signal !== null) throw new LaunchError(`npm ci was ended by ${end.signal}`);
  if (end.code !== 0) {
    throw new LaunchError(
      `npm ci failed with exit code ${end.code}: is the package registry reachable? See npm's message above`,
    );
  }
  if (!isInstalled())
    throw new LaunchError(
      'npm ci succeeded, but node_modules still differs from package-lock.json',
    );
}

/** Resolves with how `child` ended; SIGTERM, SIGHUP and, without a terminal, SIGINT are passed on to it meanwhile. */
function ended(child, name) {
  return new Promise((settle, fail) => {
    const forward = (signal) => child.kill(signal);
    // A terminal sends Ctrl-C to the whole process group: passing it on would make it two, and two mean "at once".
    const onInterrupt = [0, 1, 2].some(isatty) ? () => {} : forward;
    process.on('SIGINT', onInterrupt).on('SIGTERM', forward).on('SIGHUP', forward);
    const detach = () =>
      process.off('SIGINT', onInterrupt).off('SIGTERM', forward).off('SIGHUP', forward);
    child.once('error', (error) => {
      detach();
      fail(new LaunchError(`cannot run ${name}: ${error.message}`));
    });
    child.once('exit', (code, signal) => {
      detach();
      settle({ code, signal });
    });
  });
}

function isRecentEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  return major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
}

/** The Node.js that package-lock.json pins; where it is absent or does not run (musl), the running one or that of PATH. */
function findNode() {
  const os = process.platform === 'win32' ? 'win' : process.platform;
  const exe = process.platform === 'win32' ? 'node.exe' : 'node';
  const candidates = [
    join(MODULES, `node-${os}-${process.arch}`, 'bin', exe),
    process.execPath,
    exe,
  ];
  for (const node of candidates) {
    const probe = spawnSync(node, ['-p', 'process.version + " " + process.execPath'], {
      encoding: 'utf8',
    });
    if (probe.status !== 0) continue;
    const [version, ...path] = probe.stdout.trim().split(' ');
    if (isRecentEnough(version)) return path.join(' ');
  }
  throw new LaunchError(
    `Node.js ${NODE_MIN.join('.')} or later is needed: this is ${process.version}, and none is packaged for ${os}-${process.arch}`,
  );
}

async function runScript(script, args) {
  const node = findNode();
  const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const path = [dirname(node), join(MODULES, '.bin'), process.env[pathName]]
    .filter(Boolean)
    .join(delimiter);
  const child = spawn(node, [resolve(ROOT, script), ...args], {
    stdio: 'inherit',
    env: { ...process.env, [pathName]: path },
  });
  const end = await ended(child, node);
  // A shell must see the same end as without the launcher between.
  if (end.signal !== null) process.kill(process.pid, end.signal);
  else process.exitCode = end.code;
}

function say(text) {
  process.stderr.write(`streamhouse: ${text}\n`);
}

async function main([script, ...args]) {
  if (script === undefined) throw new LaunchError('usage: node hack/launch.mjs SCRIPT [ARGS…]');
  if (!isInstalled()) {
    await withInstallLock(async () => {
      if (!isInstalled()) await install();
    });
  }
  await runScript(script, args);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof LaunchError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
