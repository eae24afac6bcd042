#!/usr/bin/env node
/** Makes an API key: shows it once, and adds what may be kept of it to the file that an installation mounts from a Secret. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { ApiKeys, newApiKey, SCOPES } from '../http/identity/api-keys.ts';
import type { Scope } from '../http/identity/principal.ts';

const DAY_MS = 86_400_000;
const EXIT_FAILED = 1;
/** Standard input and output, in place of a file. */
const STREAMS = '-';
const HELP = `api-key --file FILE --name NAME --scopes SCOPE,SCOPE [--days N]

  --file     the keys as they are; it is made when there is none. Keep it in a Secret.
             -: they come on standard input, empty when there are none, and go out on standard output;
             the key is shown on standard error
  --name     whose key it is, for logs
  --scopes   of ${SCOPES.join(', ')}
  --days     until it expires; without it, it does not
`;

interface Wish {
  readonly file: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: string | null;
}

/** @throws Error when the words are not understood. */
function readWords(): Wish {
  const word = { type: 'string' } as const;
  const { values } = parseArgs({ options: { file: word, name: word, scopes: word, days: word } });
  const { file, name, days } = values;
  if (file === undefined || name === undefined) throw new Error(HELP);
  const scopes = (values.scopes ?? '').split(',').map((name) => {
    const scope = SCOPES.find((known) => known === name);
    if (scope === undefined) throw new Error(`"${name}" is no scope\n\n${HELP}`);
    return scope;
  });
  if (days === undefined) return { file, name, scopes, expiresAt: null };
  if (!/^[1-9]\d{0,4}$/.test(days)) throw new Error(`--days must be a number, got "${days}"`);
  const expiresAt = new Date(Date.now() + Number(days) * DAY_MS).toISOString();
  return { file, name, scopes, expiresAt };
}

async function main(): Promise<void> {
  const { file, ...wish } = readWords();
  const present = (await readKeys(file)) || newFile();
  // What the server would refuse is neither extended nor written.
  new ApiKeys(present);
  const { hmacKey, keys } = JSON.parse(present) as { hmacKey: string; keys: object[] };
  const { key, entry } = newApiKey(hmacKey, wish);
  const extended = `${JSON.stringify({ hmacKey, keys: [...keys, entry] }, undefined, 2)}\n`;
  new ApiKeys(extended);
  if (file === STREAMS) process.stdout.write(extended);
  else await replace(file, extended);
  (file === STREAMS ? process.stderr : process.stdout).write(`${key}\n`);
}

/** Empty when there are none. */
async function readKeys(file: string): Promise<string> {
  if (file === STREAMS) return (await text(process.stdin)).trim();
  return existsSync(file) ? await readFile(file, 'utf8') : '';
}

async function replace(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
}

function newFile(): string {
  return JSON.stringify({ hmacKey: randomBytes(32).toString('base64url'), keys: [] });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT_FAILED;
}
