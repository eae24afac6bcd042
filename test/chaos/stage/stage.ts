/** All processes of a run: PostgreSQL, the S3 gateway, agents behind their links, clients. */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Admin, connectAdmin } from '@streamhouse/client/mod.ts';
import { standaloneComponents } from '@streamhouse/standalone/components.ts';
import { openHome } from '@streamhouse/standalone/home.ts';
import { type Postgres, startPostgres } from '@streamhouse/standalone/postgres/postgres.ts';
import { pause } from '@streamhouse/standalone/process.ts';
import { Facts } from '../../harness/facts.ts';
import { temporaryHome } from '../../harness/guard.ts';
import { startS3Gateway } from '../../harness/s3-gateway/gateway.ts';
import { keepHistory } from '../merge.ts';
import { Recorder } from '../worker/recorder.ts';
import { Agents } from './agents.ts';
import { Pauses } from './pauses.ts';
import { S3Faults } from './s3-faults.ts';
import { Topics } from './topics.ts';
import { Workers } from './workers.ts';

const AGENTS_DEFAULT = 3;
/** Of whatever a run waits for: longer than a session, a restart of Postgres and a late PUT take on a busy machine. */
const WAIT_MS_MAX = 90_000;
const POLL_MS = 20;
/** After the faults, for PUTs that land late. */
const LATE_MS = 5_000;
const SUPERVISOR_PART = 'part-supervisor.ndjson';
/** In the folder of the run, once the stage has ended. */
export const HISTORY_FILE = 'history.ndjson';
const ACCOUNT = { bucket: 'chaos', accessKeyId: 'test', secretAccessKey: 'test-secret' };

export interface Stage extends AsyncDisposable {
  readonly agents: Agents;
  readonly postgres: Postgres;
  readonly s3: S3Faults;
  readonly workers: Workers;
  readonly topics: Topics;
  readonly admin: Admin;
  readonly facts: Facts;
  readonly pauses: Pauses;
  /** What the supervisors said, one sentence each. */
  readonly lines: readonly string[];
  readonly say: (line: string) => void;
  /** Folder of the stored objects. */
  readonly objectsFolder: string;
  readonly recorder: Recorder;
  /** How late a PUT may land so that it does before the final reads. */
  readonly lateMsMax: () => number;
  /** Ends everything that waits: the run is given up. */
  readonly signal: AbortSignal;
  /** Asks until there is an answer. @throws Error when there is none for long. */
  untilGiven<T>(ask: () => Promise<T | undefined> | T | undefined): Promise<T>;
}

export interface StageOptions {
  /** Of the run: parts of the history, logs. */
  readonly folder: string;
  readonly seed: number;
  readonly originNs: bigint;
  readonly runMs: number;
  /** Default: 3. */
  readonly agents?: number;
  /** See `WorkersOptions`. */
  readonly isPatient?: boolean;
  /** Variables of each agent besides those that it needs. */
  readonly agentEnv?: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Starts the cluster; clients are started when there are topics. Dispose ends all of it and keeps the folder of the run. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const { folder, signal } = options;
  await using parts = new AsyncDisposableStack();
  const temporary = parts.use(await temporaryHome());
  const logs = join(folder, 'logs');
  await mkdir(logs, { recursive: true });
  const lines: string[] = [];
  const log = (line: string): void => {
    lines.push(line);
    options.log(line);
  };
  const home = parts.use(await openHome(temporary.path));
  const postgres = parts.use(await startPostgres({ home, signal, log }));
  const objects = join(home.path, 'objects');
  const gateway = parts.use(await startS3Gateway({ root: objects, port: 0, ...ACCOUNT }));
  const metadata = parts.use(await standaloneComponents(log).openMetadata(postgres.url, signal));
  const agents = parts.use(
    new Agents({
      folder: logs,
      postgresUrl: postgres.url,
      s3Url: gateway.url,
      env: { ...agentEnvironment(home.path), ...options.agentEnv },
      fence: (id, fenceSignal) => metadata.fenceAgent(id, fenceSignal),
      log,
    }),
  );
  const added = await Promise.all(
    Array.from({ length: options.agents ?? AGENTS_DEFAULT }, () => agents.add()),
  );
  await Promise.race([Promise.all(added.map((agent) => agent.firstReady())), aborted(signal)]);
  const bootstrap = (): readonly string[] => agents.all.map((agent) => agent.address);
  const facts = parts.use(new Facts(postgres.url, signal));
  const admin = parts.use(await connectAdmin({ bootstrap: bootstrap(), requestTimeoutMs: 2_000 }));
  const recorder = parts.use(new Recorder(join(folder, SUPERVISOR_PART), options.originNs));
  const history = { file: join(folder, SUPERVISOR_PART), endedNs: undefined };
  // When all who write have ended, in whatever way.
  parts.defer(() => keepHistory([history, ...workers.lives], join(folder, HISTORY_FILE)));
  const topics = new Topics(admin, recorder, signal);
  const workers = parts.use(new Workers({ ...options, log, bootstrap, topics: () => topics.live }));
  // Ended first: what is stopped must go on to be able to end.
  const pauses = parts.use(new Pauses(temporary.path));
  const endMs = performance.now() + options.runMs;
  const owned = parts.move();
  return {
    agents,
    postgres,
    s3: new S3Faults(gateway),
    workers,
    topics,
    admin,
    facts,
    pauses,
    lines,
    say: options.log,
    objectsFolder: join(objects, ACCOUNT.bucket),
    recorder,
    signal,
    lateMsMax: () => Math.max(0, endMs - performance.now()) + LATE_MS,
    untilGiven: (ask) =>
      untilGiven(ask, AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS_MAX)])),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** @throws the signal's reason, when it aborts. */
async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}

async function untilGiven<T>(
  ask: () => Promise<T | undefined> | T | undefined,
  signal: AbortSignal,
): Promise<T> {
  let failure: unknown;
  while (!signal.aborted) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      // Postgres itself may be what is broken.
      failure = error;
    }
    await pause(POLL_MS, signal).catch(() => undefined);
  }
  throw new Error('waited in vain', { cause: failure ?? signal.reason });
}

function agentEnvironment(home: string): Readonly<Record<string, string>> {
  return {
    PATH: process.env['PATH'] ?? '',
    MALLOC_ARENA_MAX: '2',
    LOG_LEVEL: 'info',
    NODE_COMPILE_CACHE: join(home, 'compile-cache'),
    AWS_ACCESS_KEY_ID: ACCOUNT.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ACCOUNT.secretAccessKey,
    STREAMHOUSE_BUCKET: ACCOUNT.bucket,
    FLUSH_MAX_PUTS_PER_SECOND: '50',
  };
}
