/** Two short runs of the fault harness. Longer ones: `npm run chaos -- --help`. */
import { expect, test } from 'vitest';
import { FAULT_KINDS } from './faults/fault.ts';
import { renderReport, type RunReport } from './report.ts';
import { runChaos } from './run.ts';

const RUN_MS = 60_000;
/** Start, heal, final reads, judgement, and once more if the first run was void. */
const TEST_MS = 600_000;

async function play(seed: number, signal: AbortSignal): Promise<RunReport> {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const report = await runChaos({ seed, runMs: RUN_MS, kinds: FAULT_KINDS, say, signal });
  if (report.verdict !== 'passed') console.error(lines.join('\n'));
  return report;
}

test.for([
  { seed: 11, spare: 111 },
  { seed: 12, spare: 112 },
])(
  'nothing is lost, doubled or reordered by the faults of seed $seed',
  { timeout: TEST_MS },
  async ({ seed, spare }, { signal }) => {
    let report = await play(seed, signal);
    if (report.verdict === 'void') {
      console.error(
        `seed ${seed} proves nothing, seed ${spare} is tried:\n${renderReport(report)}`,
      );
      report = await play(spare, signal);
    }
    expect(renderReport(report)).toContain(`${report.seed}: PASSED`);
  },
);
