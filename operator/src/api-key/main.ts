#!/usr/bin/env node
/** Makes an API key: shows it once, and adds what may be kept of it to the file that an installation mounts from a Secret. */
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ApiKeys, newApiKey, SCOPES } from '../http/identity/api-keys.ts';
import type { Scope } from '../http/identity/principal.ts';

const DAY_MS = 86_400_000;
const HELP = `npm run api-key -- --file FILE --name NAME --scopes SCOPE,SCOPE [--days N]

  --file     the keys as they are; it is made when there is none. Keep it in a Secret
  --name     whose key it is, for logs
  --scopes   of ${SCOPES.join(', ')}
  --days     until it expires; without it, it does not
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      file: { type: 'string' },
      name: { type: 'string' },
      scopes: { type: 'string' },
      days: { type: 'string' },
    },
  });
  const { file, name, scopes, days } = values;
  if (file === undefined || name === undefined || scopes === undefined) {
    process.stderr.write(HELP);
    process.exitCode = 2;
    return;
  }
  const expiresAt =
    days === undefined ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
  const present = await readFile(file, 'utf8').catch(() => newFile());
  const { hmacKey, keys } = JSON.parse(present) as { hmacKey: string; keys: object[] };
  const { key, entry } = newApiKey(hmacKey, {
    name,
    scopes: scopes.split(',') as Scope[],
    expiresAt,
  });
  const text = `${JSON.stringify({ hmacKey, keys: [...keys, entry] }, undefined, 2)}\n`;
  // What the server would refuse is not written.
  new ApiKeys(text);
  await writeFile(`${file}.new`, text, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
  process.stdout.write(`${key}\n`);
}

function newFile(): string {
  return JSON.stringify({ hmacKey: randomBytes(32).toString('base64url'), keys: [] });
}

await main();
