/**
 * `node test/chaos/checker/scale/main.ts [RECORDS]`: writes a random history of that many records (default 1,000,000) to a
 * temporary file and tells how long its check takes, and the memory.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkHistory } from '../check-history.ts';
import { randomHistory } from '../random-history.ts';
import { renderVerdict } from '../report.ts';

const RECORDS = 1_000_000;
const MIB = 2 ** 20;

async function writeHistory(path: string, records: number): Promise<void> {
  const file = createWriteStream(path, { highWaterMark: MIB });
  for (const event of randomHistory({ seed: 1, records, partitions: 8 })) {
    if (!file.write(`${JSON.stringify(event)}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}

async function main(records: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'history-'));
  try {
    const path = join(folder, 'history.ndjson');
    await writeHistory(path, records);
    const startedMs = performance.now();
    const verdict = await checkHistory(path);
    const seconds = (performance.now() - startedMs) / 1_000;
    const [fileMib, rssMib] = [
      (await stat(path)).size / MIB,
      process.resourceUsage().maxRSS / 1_024,
    ];
    process.stdout.write(renderVerdict(verdict));
    process.stdout.write(
      `\n${fileMib.toFixed(0)} MiB in ${seconds.toFixed(1)} s; peak of memory ${rssMib.toFixed(0)} MiB, the making included.\n`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main(Number(process.argv[2] ?? RECORDS));
