/** One run: start, warm up, break, heal, read everything, judge. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pause } from '@streamhouse/standalone/process.ts';
import { type Audit, audit } from './audit.ts';
import { checkHistory } from './check.ts';
import type { FaultKind } from './faults/fault.ts';
import { type FaultRecord, inflict } from './nemesis.ts';
import { report, type RunReport } from './report.ts';
import { newRunFolder, RUNS_FOLDER } from './run-folders.ts';
import { Schedule } from './schedule.ts';
import { HISTORY_FILE, openStage, type Stage } from './stage/stage.ts';
import { CALM_MS, summarize } from './summary.ts';
import {
  countZombies,
  raiseZombies,
  ZOMBIE_CLUSTER,
  zombieFindings,
  type ZombieFigures,
} from './zombies.ts';
import { OK_PER_SECOND_MIN } from './verdict.ts';
import { GROUP } from './worker/protocol.ts';

export interface RunSettings {
  readonly seed: number;
  readonly runMs: number;
  readonly kinds: readonly FaultKind[];
  /** Instead of faults of these kinds: so many pauses of holders past their session, `runMs` at most. */
  readonly pauses?: number | undefined;
  readonly say: (line: string) => void;
  /** Gives the run up. */
  readonly signal: AbortSignal;
}

/** A machine that does much else besides takes so long at most to get going. */
const WARM_UP_MS_MAX = 300_000;
/** Of what the verdict asks for: the clients count what they hear of, the verdict counts what happened. */
const WARM_UP_MARGIN = 1.1;
/** Start, warm-up, heal, final reads and judgement, on such a machine. */
const OVERHEAD_MS_MAX = 1_200_000;
/** Names and partitions of the topics: one that stays, one that is deleted and made again, one that grows. */
const TOPICS = { steady: 6, reborn: 2, growing: 2 } as const;

/** Prints the commit, and whether there are changes since. */
const COMMIT = ['describe', '--always', '--abbrev=40', '--dirty', '--exclude', '*'];

const run = promisify(execFile);

/** @throws the signal's reason when the run is given up; Error when the cluster does not even start. */
export async function runChaos(settings: RunSettings): Promise<RunReport> {
  const startedAt = new Date();
  const folder = await newRunFolder(RUNS_FOLDER, settings.seed, startedAt);
  settings.say(`seed ${settings.seed}: ${folder}`);
  const limit = AbortSignal.timeout(2 * settings.runMs + OVERHEAD_MS_MAX);
  const signal = AbortSignal.any([settings.signal, limit]);
  const { stdout: commit } = await run('git', COMMIT, { cwd: import.meta.dirname });
  const played = await play(settings, folder, signal);
  const history = join(folder, HISTORY_FILE);
  const checked = await checkHistory(history, signal);
  const summary = await summarize(history);
  const result = report({
    ...played,
    seed: settings.seed,
    runMs: settings.runMs,
    kinds: settings.kinds,
    commit: commit.trim(),
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    folder,
    checker: checked.figures,
    summary,
    findings: [
      ...checked.anomalies,
      ...played.audit.findings,
      ...(played.zombies === undefined ? [] : zombieFindings(played.zombies)),
    ],
  });
  await writeFile(join(folder, 'run.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  return result;
}

export interface Played {
  readonly faults: readonly FaultRecord[];
  /** Of a run of pauses. */
  readonly zombies: ZombieFigures | undefined;
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
    ...(settings.pauses === undefined ? {} : ZOMBIE_CLUSTER),
    log: say,
    signal,
  });
  for (const [topic, partitions] of Object.entries(TOPICS))
    await stage.topics.create(topic, partitions);
  stage.workers.startClients();
  await untilAllAcknowledge(stage);
  enter(stage, 'warmup');
  await untilWorking(stage);
  enter(stage, 'faults');
  const { pauses: wanted } = settings;
  const faults = wanted === undefined ? await breakThings(settings, stage) : [];
  const pauses = wanted === undefined ? [] : await raiseZombies(stage, wanted, settings);
  const troubles = await conclude(stage, settings.runMs);
  await stage.workers.stop();
  return {
    faults,
    zombies: wanted === undefined ? undefined : await countZombies(stage, wanted, pauses),
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
  const endMs = runMs - CALM_MS;
  const faults: FaultRecord[] = [];
  while (elapsedMs() < endMs) {
    const step = schedule.next(elapsedMs());
    // The first fault comes in any case, and at once: while it is known that the cluster works.
    if (faults.length > 0) {
      await pause(Math.max(0, Math.min(step.restMs, endMs - elapsedMs())), signal);
      if (elapsedMs() >= endMs) break;
    }
    const felt = await Promise.all(step.kinds.map((kind) => inflict(stage, kind, step.random)));
    for (const { kind, target, evidence } of felt)
      say(`${kind} of ${target}: ${evidence ?? 'NOT FELT'}`);
    faults.push(...felt);
  }
  return faults;
}

/** Heals, lets everything be answered, and reads all of it. Resolves what did not come to its end. */
async function conclude(stage: Stage, runMs: number): Promise<string[]> {
  const { workers } = stage;
  try {
    enter(stage, 'heal');
    await untilAllAcknowledge(stage);
    const lastSends = workers.quiet(() => untilAllAcknowledge(stage));
    await bounded(stage, lastSends, ANSWER_MS_MAX, 'some sends were not answered');
    await untilNoneIsLate(stage);
    const lag = untilAllIsCommitted(stage);
    await bounded(stage, lag, ANSWER_MS_MAX, 'the group did not commit all that there is');
    enter(stage, 'final');
    const reads = workers.readAll('final');
    await bounded(stage, reads, ANSWER_MS_MAX + runMs, 'the final reads did not come to their end');
    return [];
  } catch (error) {
    stage.signal.throwIfAborted();
    return [(error as Error).message];
  }
}

/** Of every send: longer than the SDK tries. */
const ANSWER_MS_MAX = 130_000;
const LOOK_MS = 200;

async function bounded(
  { signal }: Stage,
  work: Promise<void>,
  msMax: number,
  otherwise: string,
): Promise<void> {
  const timeout = new AbortController();
  const late = pause(msMax, AbortSignal.any([signal, timeout.signal])).then(() => {
    throw new Error(otherwise);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    timeout.abort();
    await late.catch(() => undefined);
  }
}

/** So many operations for so long that the cluster can be said to work. Resolves in any case: the verdict has the word. */
async function untilWorking({ workers, signal }: Stage): Promise<void> {
  const lateMs = performance.now() + WARM_UP_MS_MAX;
  const wanted = (WARM_UP_MARGIN * OK_PER_SECOND_MIN * CALM_MS) / 1_000;
  for (let done = -1; done < wanted && performance.now() < lateMs; ) {
    const before = workers.operations;
    await pause(CALM_MS, signal);
    done = workers.operations - before;
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

/** Nothing waits for the group: its members have found their way back, and to the end of every partition. */
async function untilAllIsCommitted({ facts, signal }: Stage): Promise<void> {
  while ((await facts.groupLag(GROUP)) > 0) await pause(LOOK_MS, signal);
}

function enter({ recorder, say }: Stage, phase: string): void {
  recorder.write('nemesis', 'invoke', 'phase', { phase });
  recorder.write('nemesis', 'ok', 'phase', { phase });
  say(phase);
}
