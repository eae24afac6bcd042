/** One call over the simulated network: what the client holds of it, and what the handler of the service does. */
import { EventEmitter } from 'node:events';
import type { SeededRandom } from '../kernel/random.ts';
import type { Scheduler } from '../kernel/scheduler.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import { type Answer, type CallTarget, ServerCall, type Status } from './server-call.ts';
import type { Weather } from './weather.ts';

export interface WireOptions {
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly random: SeededRandom;
}

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
/** Milliseconds until the handler of a call whose connection is gone is told so. */
const HANG_UP_MS = 50;

/** One direction of a call: in order, and late where the weather says so. */
class Direction {
  readonly #options: WireOptions;
  readonly #from: string;
  readonly #to: string;
  #lastMs = 0;

  constructor(options: WireOptions, from: string, to: string) {
    this.#options = options;
    this.#from = from;
    this.#to = to;
  }

  send(arrive: () => void): void {
    const { weather, scheduler, random } = this.#options;
    if (weather.isCut(this.#from, this.#to)) {
      weather.feel('network-cut');
      weather.hold(this.#from, this.#to, () => this.send(arrive));
      return;
    }
    let delayMs = random.tail(0.3, 8);
    if (weather.networkDelayMs > 0 && random.chance(0.3)) {
      weather.feel('network-delays');
      delayMs += random.between(0, weather.networkDelayMs);
    }
    const atMs = Math.max(this.#lastMs, scheduler.nowMs + delayMs);
    this.#lastMs = atMs;
    scheduler.after(atMs - scheduler.nowMs, arrive);
  }
}

/** The client's end. Looks like the library's calls, as far as the SDK looks at them. */
export class ClientCall extends EventEmitter {
  writableEnded = false;
  readonly #options: WireOptions;
  readonly #client: SimProcess;
  readonly #server: SimProcess | undefined;
  readonly #target: CallTarget;
  readonly #there: Direction;
  readonly #back: Direction;
  readonly #whenOver: (() => void)[] = [];
  #serverCall: ServerCall | undefined;
  #isOver = false;
  #isBroken = false;
  #cancelDeadline: () => void = () => undefined;

  constructor(
    options: WireOptions,
    client: SimProcess,
    server: SimProcess | undefined,
    target: CallTarget,
  ) {
    super();
    this.#options = options;
    this.#client = client;
    this.#server = server;
    this.#target = target;
    const [here, there] = [placeOf(client), placeOf(server)];
    this.#there = new Direction(options, here, there);
    this.#back = new Direction(options, there, here);
    if (server === undefined || server.isDead || target.handler === undefined) {
      this.#fail({ code: UNAVAILABLE, details: 'No connection established' }, 1);
    } else if (target.method.requestStream) {
      this.#send((end) => end.open());
    }
  }

  involves(process: SimProcess): boolean {
    return this.#client === process || this.#server === process;
  }

  /** Calls `run` when the client has no more to expect. */
  whenOver(run: () => void): void {
    if (this.#isOver) run();
    else this.#whenOver.push(run);
  }

  write(message: object): boolean {
    // Encoded now: the caller may change the bytes of a batch for the next attempt.
    const bytes = this.#target.method.requestSerialize(message);
    this.#send((end) => end.message(bytes));
    return true;
  }

  end(): void {
    this.writableEnded = true;
    this.#send((end) => end.ended());
  }

  /** The one request of a call that has no more. */
  sendOnly(request: object): this {
    const bytes = this.#target.method.requestSerialize(request);
    this.#send((end) => end.open(bytes));
    return this;
  }

  expireAfter(delayMs: number): void {
    this.#cancelDeadline = this.#client.clock.schedule(delayMs, () => {
      this.#send((end) => end.cancel());
      this.#finish({ code: DEADLINE_EXCEEDED, details: 'Deadline exceeded' });
    });
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#send((end) => end.cancel());
    this.#fail({ code: CANCELLED, details: 'Cancelled on client' }, 0);
  }

  /** The connection is gone. Each end is told, if it is there. */
  breakOff(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    const { scheduler, random } = this.#options;
    this.#fail({ code: UNAVAILABLE, details: 'Connection dropped' }, random.tail(0.5, 50));
    const server = this.#server;
    scheduler.after(random.tail(0.5, 200), () => server?.receive(() => this.#serverCall?.cancel()));
  }

  #send(deliver: (end: ServerCall) => void): void {
    const { weather, random } = this.#options;
    this.#client.effect(`call ${this.#target.name}`, () => {
      const server = this.#server;
      if (this.#isBroken || server === undefined) return;
      if (random.chance(weather.networkResets)) {
        weather.feel('network-resets');
        this.breakOff();
        // What was on its way may arrive although its sender is told that it did not.
        if (random.chance(0.5)) return;
      }
      this.#there.send(() =>
        server.receive(() => {
          const end = this.#serverEnd(server);
          deliver(end);
          if (this.#isBroken) server.clock.schedule(HANG_UP_MS, () => end.cancel());
        }),
      );
    });
  }

  #serverEnd(server: SimProcess): ServerCall {
    const peer = `${placeOf(this.#client)}:0`;
    this.#serverCall ??= new ServerCall(peer, server, this.#target, (answer) =>
      this.#answer(answer),
    );
    return this.#serverCall;
  }

  #answer(answer: Answer): void {
    const { weather, random } = this.#options;
    this.#server?.effect(`answer ${this.#target.name}`, () => {
      if (this.#isBroken) return;
      if (random.chance(weather.networkResets)) {
        weather.feel('network-resets');
        this.breakOff();
        return;
      }
      this.#back.send(() => {
        if (!this.#isBroken) this.#client.receive(() => this.#hear(answer));
      });
    });
  }

  #hear(answer: Answer): void {
    if (answer.type === 'status') {
      this.#finish(answer.status);
      return;
    }
    if (this.#isOver) return;
    const { requestStream, responseStream, responseDeserialize } = this.#target.method;
    if (!requestStream && !responseStream) this.#close();
    this.emit('data', responseDeserialize(answer.bytes));
  }

  #fail(status: Status, afterMs: number): void {
    this.#client.clock.schedule(afterMs, () => this.#finish(status));
  }

  #finish(status: Status | undefined): void {
    if (this.#isOver) return;
    this.#close();
    if (status === undefined) this.emit('end');
    else
      this.emit('error', Object.assign(new Error(status.details), { metadata: undefined }, status));
  }

  #close(): void {
    this.#isOver = true;
    this.#cancelDeadline();
    for (const run of this.#whenOver) run();
  }
}

/** The part of a process's name that its links are named by: what is before its life's number. */
function placeOf(process: SimProcess | undefined): string {
  return process?.name.split('#')[0] ?? '';
}
