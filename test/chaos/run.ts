/** One run: start, warm up, break, heal, read everything, judge. */
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pause } from '@streamhouse/standalone/process.ts';
import { type Audit, audit } from './audit.ts';
import { checkHistory } from './check.ts';
import type { FaultKind } from './faults/fault.ts';
import { mergeHistory } from './merge.ts';
import { type FaultRecord, inflict } from './nemesis.ts';
import { report, type RunReport } from './report.ts';
import { newRunFolder, RUNS_FOLDER } from './run-folders.ts';
import { Schedule } from './schedule.ts';
import { openStage, type Stage } from './stage/stage.ts';
import { summarize } from './summary.ts';

export interface RunSettings {
  readonly seed: number;
  readonly runMs: number;
  readonly kinds: readonly FaultKind[];
  readonly say: (line: string) => void;
  /** Gives the run up. */
  readonly signal: AbortSignal;
}

const WARM_UP_MS = 5_000;
/** Start, heal, final reads and judgement, on a machine that does much else besides. */
const OVERHEAD_MS_MAX = 300_000;
/** Names and partitions of the topics: one that stays, one that is deleted and made again, one that grows. */
const TOPICS = { steady: 6, reborn: 2, growing: 2 } as const;

const run = promisify(execFile);

/** @throws the signal's reason when the run is given up; Error when the cluster does not even start. */
export async function runChaos(settings: RunSettings): Promise<RunReport> {
  const startedAt = new Date();
  const folder = await newRunFolder(RUNS_FOLDER, settings.seed, startedAt);
  settings.say(`seed ${settings.seed}: ${folder}`);
  const limit = AbortSignal.timeout(settings.runMs + OVERHEAD_MS_MAX);
  const signal = AbortSignal.any([settings.signal, limit]);
  const played = await play(settings, folder, signal);
  const history = join(folder, 'history.ndjson');
  const checked = await checkHistory(history, signal);
  const summary = await summarize(history);
  const { stdout } = await run('git', ['rev-parse', 'HEAD'], { cwd: import.meta.dirname });
  const result = report({
    ...played,
    seed: settings.seed,
    runMs: settings.runMs,
    kinds: settings.kinds,
    commit: stdout.trim(),
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    folder,
    checker: checked.figures,
    summary,
    findings: [...checked.anomalies, ...played.audit.findings],
  });
  await writeFile(join(folder, 'run.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  return result;
}

export interface Played {
  readonly faults: readonly FaultRecord[];
  readonly livePartitions: readonly string[];
  readonly audit: Audit;
  readonly troubles: readonly string[];
}

async function play(settings: RunSettings, folder: string, signal: AbortSignal): Promise<Played> {
  const originNs = process.hrtime.bigint();
  const { seed, say } = settings;
  await using stage = await openStage({
    folder,
    seed,
    originNs,
    runMs: settings.runMs,
    log: say,
    signal,
  });
  for (const [topic, partitions] of Object.entries(TOPICS))
    await stage.topics.create(topic, partitions);
  stage.workers.startClients();
  await untilAllAcknowledge(stage);
  enter(stage, 'warmup');
  await pause(WARM_UP_MS, signal);
  enter(stage, 'faults');
  const faults = await breakThings(settings, stage);
  const troubles = await conclude(stage);
  await stage.workers.stop();
  const supervisor = { file: join(folder, 'part-supervisor.ndjson'), endedNs: undefined };
  const parts = [supervisor, ...stage.workers.lives];
  await mergeHistory(parts, join(folder, 'history.ndjson'));
  for (const { file } of parts) await rm(file);
  return {
    faults,
    livePartitions: stage.topics.live.flatMap(({ topic, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => `${topic}/${partition}`),
    ),
    audit: await audit(stage),
    troubles,
  };
}

async function breakThings(settings: RunSettings, stage: Stage): Promise<FaultRecord[]> {
  const { seed, kinds, runMs, say, signal } = settings;
  const schedule = new Schedule(seed, kinds);
  const startMs = performance.now();
  const elapsedMs = (): number => performance.now() - startMs;
  const endMs = runMs - WARM_UP_MS;
  const faults: FaultRecord[] = [];
  while (elapsedMs() < endMs) {
    const step = schedule.next(elapsedMs());
    await pause(Math.max(0, Math.min(step.restMs, endMs - elapsedMs())), signal);
    // The first fault comes in any case.
    if (elapsedMs() >= endMs && faults.length > 0) break;
    const felt = await Promise.all(step.kinds.map((kind) => inflict(stage, kind, step.random)));
    for (const { kind, target, evidence } of felt)
      say(`${kind} of ${target}: ${evidence ?? 'NOT FELT'}`);
    faults.push(...felt);
  }
  return faults;
}

/** Heals, lets everything be answered, and reads all of it. Resolves what did not come to its end. */
async function conclude(stage: Stage): Promise<string[]> {
  const { workers } = stage;
  try {
    enter(stage, 'heal');
    await untilAllAcknowledge(stage);
    await bounded(workers.quiet(), 'some sends were not answered');
    await untilNoneIsLate(stage);
    enter(stage, 'final');
    await bounded(workers.readAll('final'), 'the final reads did not come to their end');
    return [];
  } catch (error) {
    stage.signal.throwIfAborted();
    return [(error as Error).message];
  }
}

const ANSWER_MS_MAX = 130_000;

async function bounded(work: Promise<void>, otherwise: string): Promise<void> {
  const timeout = new AbortController();
  const late = pause(ANSWER_MS_MAX, timeout.signal).then(() => {
    throw new Error(otherwise);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    timeout.abort();
    await late.catch(() => undefined);
  }
}

/** Each partition takes records now. */
async function untilAllAcknowledge(stage: Stage): Promise<void> {
  const { workers, topics } = stage;
  const places = topics.live.flatMap(({ topic, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({
      topic,
      partition,
      before: workers.acknowledged(topic, partition),
    })),
  );
  const isGrown = (place: (typeof places)[number]): boolean =>
    workers.acknowledged(place.topic, place.partition) > place.before;
  await stage.untilGiven(() => places.every(isGrown) || undefined);
}

/** PUTs that nobody waits for any more have landed: they must change nothing that is read afterwards. */
async function untilNoneIsLate(stage: Stage): Promise<void> {
  const { s3 } = stage;
  await stage.untilGiven(() => s3.counted('unanswered') === s3.counted('landedLate') || undefined);
}

function enter({ recorder, say }: Stage, phase: string): void {
  recorder.write('nemesis', 'invoke', 'phase', { phase });
  recorder.write('nemesis', 'ok', 'phase', { phase });
  say(phase);
}
