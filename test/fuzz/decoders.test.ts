/** Every decoder takes its corpus and a fixed number of mutations of it, the same ones at each run. */
import { expect, test } from 'vitest';
import { decoderTarget } from './decoder.ts';
import { readCorpus } from './corpus.ts';
import { fuzz, replay } from './fuzzer.ts';
import { DECODERS } from './targets.ts';

const SEED = 20_260_101;
const MUTATIONS = 500;

test.each(DECODERS)('$name answers with what was written or a typed error', async (target) => {
  const bounds = { seed: SEED, executions: MUTATIONS, seconds: 20 };
  const { executions, findings } = await fuzz(target, bounds);
  expect(findings.map(({ what }) => what)).toEqual([]);
  expect(executions).toBeGreaterThan(target.seeds().length);
});

test.each(DECODERS)('$name has its seeds in the corpus', async (target) => {
  const kept = await readCorpus(target);
  for (const { bytes } of target.seeds().filter(({ name }) => name.startsWith('text')))
    expect(kept).toContainEqual(Buffer.from(bytes));
  expect(kept.length).toBeGreaterThanOrEqual(target.seeds().length);
});

test.each([
  ['an error that is not typed', () => JSON.parse('{'), /SyntaxError/],
  ['a loop without an end', spin, /timed out/],
  ['memory past its bound', hoard, /the process grew by \d+ bytes/],
])('%s is a finding', async (_name, check, what) => {
  const target = decoderTarget({ name: 'broken', seeds: () => [], check });
  const { findings } = await replay(target, [new Uint8Array(1)]);
  expect(findings).toMatchObject([{ what: expect.stringMatching(what) }]);
});

function spin(): void {
  for (;;);
}

function hoard(): void {
  const held = Array.from({ length: 30 }, () => new Uint8Array(16_777_216).fill(1));
  expect(held.length).toBe(30);
}
