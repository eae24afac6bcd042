/**
 * The agents of one zone of a pool as processes with ordinals from 0: what a StatefulSet is on Kubernetes. It keeps as many
 * alive as it was last told to, and starts again those that were replaced, whoever tells it what and however seldom.
 */
import { runLoop, Trigger } from '@streamhouse/core/async/run-loop.ts';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import type { AgentPool } from '../agents.ts';

/** What could not be started, because a port is taken for example, is tried again that often. */
const RETRY_MS = 2_000;

export interface SetTarget {
  /** Ordinals below it are kept alive. */
  readonly replicas: number;
  readonly partition: number;
  /** What agents that are started from now on have. */
  readonly revision: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface LocalMember {
  readonly ordinal: number;
  readonly agentId: string;
  readonly revision: string;
  readonly isRunning: boolean;
  readonly isReady: boolean;
  readonly isStopping: boolean;
  readonly unreadyMs: number;
  /** Why it does not start or why it ended. */
  readonly trouble: string | undefined;
}

export interface LocalSetOptions {
  readonly agents: AgentPool;
  readonly target: SetTarget;
  readonly log: (line: string) => void;
  /** Told when something is different with the agents. */
  readonly onChange: () => void;
}

export class LocalSet implements AsyncDisposable {
  readonly #options: LocalSetOptions;
  readonly #revisions = new Map<number, string>();
  /** Why an ordinal has no process, and since when. */
  readonly #troubles = new Map<number, { readonly message: string; readonly sinceMs: number }>();
  readonly #ending = new Map<number, Promise<void>>();
  readonly #stop = new AbortController();
  readonly #changed = new Trigger();
  #target: SetTarget;
  #keeping: Promise<void> = Promise.resolve();

  constructor(options: LocalSetOptions) {
    this.#options = options;
    this.#target = options.target;
  }

  get target(): SetTarget {
    return this.#target;
  }

  get agents(): AgentPool {
    return this.#options.agents;
  }

  /** Sorted by ordinal: those that have a process, and those that should have one. */
  get members(): readonly LocalMember[] {
    const { agents } = this.#options;
    const ordinals = new Set([...agents.numbers, ...this.#troubles.keys()]);
    return [...ordinals].toSorted((a, b) => a - b).map((ordinal) => this.#member(ordinal));
  }

  /**
   * Starts all of it for the first time and waits until they are ready; from then on it is kept.
   *
   * @throws as `AgentPool.add`; then nothing runs.
   */
  async startReady(signal: AbortSignal): Promise<void> {
    const { agents } = this.#options;
    const { replicas, revision, env } = this.#target;
    for (let ordinal = 0; ordinal < replicas; ordinal++) this.#revisions.set(ordinal, revision);
    await agents.add(replicas, signal, env);
    this.keep();
  }

  /** From now on, until dispose. */
  keep(): void {
    this.#keeping = runLoop(
      {
        name: 'local-set',
        everyMs: RETRY_MS,
        trigger: this.#changed,
        clock: systemClock,
        random: Math.random,
        signal: this.#stop.signal,
        onError: (error) => this.#options.log(`agents could not be started: ${String(error)}`),
      },
      () => this.#settle(),
    );
  }

  want(target: SetTarget): void {
    this.#target = target;
    this.#changed.fire();
  }

  /** Drains the agent and starts it anew, as the target says then. */
  replace(ordinal: number): void {
    this.#end(ordinal);
  }

  /** Drains all agents, side by side; none is started any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#options.agents[Symbol.asyncDispose]();
    await this.#keeping;
    await Promise.all(this.#ending.values());
  }

  async #settle(): Promise<void> {
    const { agents } = this.#options;
    for (const ordinal of this.#troubles.keys()) {
      if (ordinal >= this.#target.replicas) this.#troubles.delete(ordinal);
    }
    for (const ordinal of agents.numbers) {
      if (ordinal >= this.#target.replicas) this.#end(ordinal);
    }
    for (let ordinal = 0; ordinal < this.#target.replicas; ordinal++) {
      if (this.#stop.signal.aborted) return;
      if (agents.agent(ordinal) === undefined) await this.#start(ordinal);
    }
  }

  async #start(ordinal: number): Promise<void> {
    const { agents, log, onChange } = this.#options;
    const { revision, env } = this.#target;
    const id = agents.idOf(ordinal);
    const before = this.#troubles.get(ordinal);
    try {
      await agents.open(ordinal, env);
      this.#troubles.delete(ordinal);
      this.#revisions.set(ordinal, revision);
      const agent = agents.agent(ordinal);
      agent?.ready().then(
        () => log(`${id} serves on ${agent.place.address} (pid ${agent.pid})`),
        (error: unknown) => log((error as Error).message),
      );
      onChange();
    } catch (error) {
      const { message } = error as Error;
      const sinceMs = before?.sinceMs ?? systemClock.monotonicMs();
      this.#troubles.set(ordinal, { message, sinceMs });
      if (before?.message === message) return;
      log(`${id} cannot be started: ${message}`);
      onChange();
    }
  }

  #end(ordinal: number): void {
    const { agents, log, onChange } = this.#options;
    const id = agents.idOf(ordinal);
    if (this.#ending.has(ordinal) || agents.agent(ordinal) === undefined) return;
    const ended = agents.remove(id).then(
      () => log(`${id} has drained and ended`),
      (error: unknown) => log(`${id} did not end: ${(error as Error).message}`),
    );
    const forgotten = ended.then(() => {
      this.#ending.delete(ordinal);
      this.#changed.fire();
      onChange();
    });
    this.#ending.set(ordinal, forgotten);
  }

  #member(ordinal: number): LocalMember {
    const { agents } = this.#options;
    const agent = agents.agent(ordinal);
    const own = this.#troubles.get(ordinal);
    return {
      ordinal,
      agentId: agents.idOf(ordinal),
      revision: this.#revisions.get(ordinal) ?? this.#target.revision,
      isRunning: agent?.pid !== undefined,
      isReady: agent?.isReady ?? false,
      isStopping: agent?.isStopping ?? false,
      unreadyMs: agent?.unreadyMs ?? systemClock.monotonicMs() - (own?.sinceMs ?? 0),
      trouble: agent?.trouble ?? own?.message,
    };
  }
}
