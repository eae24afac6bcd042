/**
 * One operating system process of the simulated world: its clocks, and the border between it and everything else. All that
 * leaves it goes through `effect`, all that reaches it through `receive`. So it can be killed or stopped between any two
 * effects, also in the middle of a step: what it does after that, nobody sees.
 */
import type { Clock } from '@streamhouse/core/async/clock.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

/** Kills or stops the process, or has something done to it, at its `countdown`-th effect from now. */
export interface BorderFault {
  readonly kind: 'kill' | 'pause' | 'fence';
  /** The only effect that counts; undefined: each does. */
  readonly at?: string | undefined;
  countdown: number;
  /** Whether that effect still leaves. */
  readonly isAfter: boolean;
  readonly onFelt: (effect: string) => void;
}

export interface ProcessClocks {
  /** What its monotonic clock reads at the start of the world. */
  readonly monotonicBaseMs: number;
  /** What its wall clock reads then: wrong by minutes, since nothing may depend on it (I-22). */
  readonly wallBaseMs: number;
}

type ProcessState = 'running' | 'paused' | 'dead';

export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #trace: Trace;
  #state: ProcessState = 'running';
  #fault: BorderFault | undefined;
  /** Left while it was paused, in the middle of a step: leaves first when it goes on. */
  #outbound: (() => void)[] = [];
  #inbound: (() => void)[] = [];

  constructor(name: string, scheduler: Scheduler, trace: Trace, clocks: ProcessClocks) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#trace = trace;
    this.clock = {
      monotonicMs: () => clocks.monotonicBaseMs + scheduler.nowMs,
      wallMs: () => Math.floor(clocks.wallBaseMs + scheduler.nowMs),
      schedule: (delayMs, run) => this.#schedule(delayMs, run),
      nextTurn: (run) => void this.#schedule(0, run),
    };
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  note(what: string): void {
    this.#trace.add(this.#scheduler.nowMs, this.name, what);
  }

  /** Something leaves the process. */
  effect(what: string, act: () => void): void {
    if (this.#state === 'dead') return;
    const fault = this.#fault;
    const counts = fault !== undefined && (fault.at ?? what) === what;
    if (!counts || --fault.countdown > 0) {
      this.#leave(act);
      return;
    }
    this.#fault = undefined;
    if (fault.isAfter) this.#leave(act);
    this.note(`${fault.kind} ${fault.isAfter ? 'after' : 'before'} ${what}`);
    if (fault.kind === 'kill') this.kill();
    else if (fault.kind === 'pause') this.pause();
    fault.onFelt(what);
    if (!fault.isAfter) this.#leave(act);
  }

  /** Something reaches the process: at once, when it goes on, or never. */
  receive(run: () => void): void {
    if (this.#state === 'running') run();
    else if (this.#state === 'paused') this.#inbound.push(run);
  }

  arm(fault: BorderFault): void {
    this.#fault = fault;
  }

  disarm(): void {
    this.#fault = undefined;
  }

  kill(): void {
    this.#state = 'dead';
    this.#fault = undefined;
    this.#inbound = [];
    this.#outbound = [];
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** Goes on: first with what it was about to do, then with what came meanwhile, each an event of its own. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    const [outbound, inbound] = [this.#outbound, this.#inbound];
    this.#outbound = [];
    this.#inbound = [];
    for (const act of outbound) act();
    for (const run of inbound) this.#scheduler.after(0, () => this.receive(run));
  }

  #leave(act: () => void): void {
    if (this.#state === 'running') act();
    else if (this.#state === 'paused') this.#outbound.push(act);
  }

  #schedule(delayMs: number, run: () => void): () => void {
    if (this.#state === 'dead') return () => undefined;
    let isCancelled = false;
    const cancel = this.#scheduler.after(delayMs, () =>
      this.receive(() => {
        if (!isCancelled) run();
      }),
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  }
}
