/**
 * A process that writes objects into a directory store until it is killed. Each object begins with the SHA-256 of what
 * follows; each line of the output is the key of an acknowledged one.
 *
 *     node writer.test-support.ts ROOT LIFE
 */
import { createHash, randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { openDirectoryStore } from './directory.ts';

const [root = '', life = ''] = process.argv.slice(2);
const store = await openDirectoryStore({ root });
const signal = new AbortController().signal;

async function write(lane: number): Promise<never> {
  for (let count = 0; ; count++) {
    const content = randomBytes(1 + ((count * 7_919 + lane * 104_729) % 300_000));
    const key = `life-${life}/lane-${lane}/${count % 5}/${count}`;
    await store.put(key, Buffer.concat([createHash('sha256').update(content).digest(), content]), {
      signal,
    });
    writeSync(1, `${key}\n`);
  }
}

await Promise.all([write(0), write(1), write(2), write(3)]);
