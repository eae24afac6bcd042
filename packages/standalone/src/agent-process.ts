/**
 * One place of the pool and the processes that fill it, one after the other:
 *
 *   spawn -> wait for /ready -> serve -> exit -> fence -> wait a little -> spawn …
 *
 * The fence comes between the two lives: it makes the partitions of the dead one free at once, where the others would have
 * to wait for the end of its session, and it must not meet the session of the next one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { lastLines } from './log-file.ts';
import { pause, processStart, signalProcess, stopProcess } from './process.ts';

const READY_POLL_MS = 20;
const READY_ASK_TIMEOUT_MS = 2_000;
const FIRST_READY_TIMEOUT_MS = 60_000;
const FENCE_TIMEOUT_MS = 2_000;
const RESTART_BACKOFF = { backoffMs: 200, backoffMaxMs: 10_000, random: Math.random };
/** A life of at least this long counts as a good one: the backoff begins anew after it. */
const GOOD_LIFE_MS = 10_000;
const TOLD_LINES = 12;
/** Of a line that a condition repeats. */
const TOLD_CHARS = 200;
/** Young objects of an agent are few and short-lived: the default of 16 MiB costs 25 MiB of memory and saves no time. */
const NODE_FLAGS = ['--max-semi-space-size=2'] as const;

/** What the agent gets to drain in; the supervisor's patience is longer, so that the agent's own verdict comes first. */
export const DRAIN_TIMEOUT_MS = 20_000;
const STOP_STEPS = [
  { signal: 'SIGTERM', patienceMs: DRAIN_TIMEOUT_MS + 5_000 },
  { signal: 'SIGKILL', patienceMs: 3_000 },
] as const;
const KILL_STEPS = [{ signal: 'SIGKILL', patienceMs: 3_000 }] as const;

export interface AgentPlace {
  readonly id: string;
  /** `host:port` of its gRPC server. */
  readonly address: string;
  /** Of its HTTP server, without a path. */
  readonly httpUrl: string;
  readonly env: Readonly<Record<string, string>>;
  /** Folder for its log file and the record of its process. */
  readonly folder: string;
  /** The TypeScript file that the process runs. */
  readonly program: string;
}

export interface AgentProcessComponents {
  readonly log: (line: string) => void;
  /** Fences every session of the agent: its process is known to be gone. */
  readonly fence: (agentId: string, signal: AbortSignal) => Promise<unknown>;
  /** Told whenever an agent became ready or ended. */
  readonly onChange?: () => void;
}

/** What stands in the home about a running agent, for the supervisor of the next start. */
export interface AgentRecord {
  readonly pid: number;
  readonly start: string | undefined;
}

export function agentRecordFile(folder: string, id: string): string {
  return join(folder, `${id}.json`);
}

export class AgentProcess {
  readonly place: AgentPlace;
  readonly logFile: string;
  readonly #components: AgentProcessComponents;
  readonly #stopping = new AbortController();
  readonly #firstReady = Promise.withResolvers<void>();
  readonly #supervision: Promise<void>;
  #child: ChildProcess | undefined;
  #isReady = false;
  #unreadySinceMs = systemClock.monotonicMs();
  #trouble: string | undefined;

  constructor(place: AgentPlace, components: AgentProcessComponents) {
    this.place = place;
    this.logFile = join(place.folder, `${place.id}.log`);
    this.#components = components;
    this.#supervision = this.#supervise();
    // Whoever stops it before it was ready does not ask whether it became ready.
    this.#firstReady.promise.catch(() => undefined);
  }

  /** Of the process that runs now; undefined between two lives. */
  get pid(): number | undefined {
    return this.#child?.exitCode === null && this.#child.signalCode === null
      ? this.#child.pid
      : undefined;
  }

  /** Whether the process that runs now has become ready. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether it was told to end for good. */
  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Since when it is not ready, in milliseconds; 0 when it is. */
  get unreadyMs(): number {
    return this.#isReady ? 0 : systemClock.monotonicMs() - this.#unreadySinceMs;
  }

  /** How its last process ended, with the last line of its log; undefined once the next one is ready. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Resolves when the first process is ready.
   *
   * @throws Error with the last lines of its log when it ended first, or took longer than a minute.
   */
  ready(): Promise<void> {
    return this.#firstReady.promise;
  }

  /** Drains and ends the process; no other one follows. */
  stop(): Promise<void> {
    return this.#end(STOP_STEPS);
  }

  /** Ends the process without draining; no other one follows. */
  kill(): Promise<void> {
    return this.#end(KILL_STEPS);
  }

  async #end(steps: typeof STOP_STEPS | typeof KILL_STEPS): Promise<void> {
    this.#stopping.abort();
    const { pid } = this;
    if (pid !== undefined) {
      const last = await stopProcess(pid, steps, () => {
        // A suspended process takes SIGTERM only after it goes on.
        signalProcess(pid, 'SIGCONT');
        // An open standard input can keep a process that waits for its end from ending.
        this.#child?.stdin?.end();
      });
      if (last === 'SIGKILL' && steps === STOP_STEPS) {
        this.#components.log(`${this.place.id} did not drain in time and was killed`);
      }
    }
    await this.#supervision;
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#stopping;
    const { id } = this.place;
    let failures = 0;
    for (let life = 1; !signal.aborted; life++) {
      const bornMs = systemClock.monotonicMs();
      const ending = await this.#live(life, bornMs).catch((error: unknown) => String(error));
      const isClean = signal.aborted && this.#child?.exitCode === 0;
      // A drained agent has given its leases away itself.
      if (!isClean) await this.#fence();
      if (signal.aborted) break;
      await this.#becomeTroubled(ending);
      failures = systemClock.monotonicMs() - bornMs >= GOOD_LIFE_MS ? 1 : failures + 1;
      const waitMs = backoffDelayMs(failures, RESTART_BACKOFF);
      this.#components.log(
        `${id} ${ending}; the next one starts in ${(waitMs / 1_000).toFixed(1)} s`,
      );
      await pause(waitMs, signal).catch(() => undefined);
    }
    this.#firstReady.reject(new Error(`${id} was stopped`));
    await rm(agentRecordFile(this.place.folder, id), { force: true });
  }

  /** One process from its start to its end. Resolves how it ended. */
  async #live(life: number, bornMs: number): Promise<string> {
    const { id } = this.place;
    const child = await this.#spawn();
    if (child === undefined) return 'was stopped before it began';
    const exit = Promise.withResolvers<string>();
    child.once('exit', (code, by) =>
      exit.resolve(`(pid ${child.pid}) ended with ${by ?? `exit code ${code}`}`),
    );
    child.once('error', (error) => exit.resolve(`could not be started: ${error.message}`));
    if (child.pid !== undefined) await this.#remember(child.pid);
    const over = new AbortController();
    void exit.promise.then(() => over.abort());
    const isReady = await this.#untilReady(life, over.signal);
    if (isReady && life > 1) {
      const tookMs = Math.round(systemClock.monotonicMs() - bornMs);
      this.#components.log(`${id} is ready again as pid ${child.pid} after ${tookMs} ms`);
    }
    if (isReady) this.#becomeReady();
    const ending = await exit.promise;
    if (isReady) this.#becomeUnready();
    if (!isReady && life === 1) this.#firstReady.reject(await this.#startFailure(ending));
    return ending;
  }

  /** Undefined when it shall not be any more: from that check to the assignment nothing waits, so no child gets lost. */
  async #spawn(): Promise<ChildProcess | undefined> {
    await using log = await open(this.logFile, 'a', 0o600);
    if (this.#stopping.signal.aborted) return undefined;
    this.#child = spawn(process.execPath, [...NODE_FLAGS, this.place.program], {
      env: { ...this.place.env },
      // Not in the terminal's process group: Ctrl-C reaches the supervisor alone, which drains in order.
      detached: true,
      // The agent drains when its standard input ends, which it does when this process does, in whatever way.
      stdio: ['pipe', log.fd, log.fd],
    });
    return this.#child;
  }

  async #remember(pid: number): Promise<void> {
    const record: AgentRecord = { pid, start: await processStart(pid) };
    const file = agentRecordFile(this.place.folder, this.place.id);
    await writeFile(`${file}.draft`, JSON.stringify(record), { mode: 0o600 });
    await rename(`${file}.draft`, file);
  }

  /** Asks /ready until it says 200; false when the process ended first. The first process has a limited time. */
  async #untilReady(life: number, over: AbortSignal): Promise<boolean> {
    const startMs = systemClock.monotonicMs();
    let answer = 'no answer';
    while (!over.aborted) {
      try {
        const signal = AbortSignal.any([over, AbortSignal.timeout(READY_ASK_TIMEOUT_MS)]);
        const response = await fetch(`${this.place.httpUrl}/ready`, { signal });
        answer = (await response.text()).trim();
        if (response.ok) return true;
      } catch {
        // It does not listen yet, or not any more: the next round tells.
      }
      const waitedMs = systemClock.monotonicMs() - startMs;
      if (life === 1 && waitedMs > FIRST_READY_TIMEOUT_MS) {
        this.#firstReady.reject(
          await this.#startFailure(
            `is not ready after ${FIRST_READY_TIMEOUT_MS / 1_000} s: ${answer}`,
          ),
        );
      }
      await pause(READY_POLL_MS, over).catch(() => undefined);
    }
    return false;
  }

  #becomeReady(): void {
    this.#isReady = true;
    this.#trouble = undefined;
    this.#firstReady.resolve();
    this.#components.onChange?.();
  }

  #becomeUnready(): void {
    this.#isReady = false;
    this.#unreadySinceMs = systemClock.monotonicMs();
    this.#components.onChange?.();
  }

  async #becomeTroubled(ending: string): Promise<void> {
    const [line] = await lastLines(this.logFile, 1);
    this.#trouble = line === undefined ? ending : `${ending}: ${line.slice(0, TOLD_CHARS)}`;
    this.#components.onChange?.();
  }

  async #startFailure(ending: string): Promise<Error> {
    const lines = await lastLines(this.logFile, TOLD_LINES);
    const told = lines.map((line) => `\n    ${line}`).join('');
    return new Error(
      `${this.place.id} ${ending}; the end of ${this.logFile}:${told || ' nothing'}`,
    );
  }

  async #fence(): Promise<void> {
    try {
      await this.#components.fence(this.place.id, AbortSignal.timeout(FENCE_TIMEOUT_MS));
    } catch (error) {
      // Then the session ends by itself a little later, or the next life fences it when it registers.
      this.#components.log(`${this.place.id} could not be fenced: ${(error as Error).message}`);
    }
  }
}
