#!/usr/bin/env node
// The command is TypeScript that Node runs unbuilt from 24.12 on. An older Node starts the one that npm installed beside us.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

const main = new URL('../src/main.ts', import.meta.url);
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 12)) {
  await import(main.href);
} else {
  runOn(projectNode());
}

function projectNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const folder = `node-${platform}-${process.arch}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${folder}/package.json`);
    return join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  } catch {
    console.error(
      `streamhouse: needs Node 24.12 or newer, this is ${process.version}; install one, or run npm install here`,
    );
    return undefined;
  }
}

function runOn(node) {
  if (node === undefined) {
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' });
  const forward = (signal) => child.kill(signal);
  // A terminal sends Ctrl-C to both of us, and a second one would end the command at once.
  process.on('SIGINT', [0, 1, 2].some(isatty) ? () => {} : forward);
  process.on('SIGTERM', forward);
  child.on('error', (error) => {
    console.error(`streamhouse: cannot start ${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}
