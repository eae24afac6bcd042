/** The client processes and their supervisor: what dies is started again under a new name, from where it had come. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FromWorker, LiveTopic, Position, ToWorker, WorkerRole } from '../worker/protocol.ts';

/** A client that does not end by then is killed. */
const STOP_MS_MAX = 20_000;
const PROGRAM = join(import.meta.dirname, '..', 'worker', 'main.ts');

export interface WorkersOptions {
  /** No client is impatient, for runs in which it would get hardly any answer. Default false. */
  readonly isPatient?: boolean;
  /** Folder for the parts of the history. */
  readonly folder: string;
  readonly originNs: bigint;
  readonly seed: number;
  readonly bootstrap: () => readonly string[];
  readonly topics: () => readonly LiveTopic[];
  readonly log: (line: string) => void;
}

/** One life of one client: a file of the history, and when it ended. */
export interface Life {
  readonly file: string;
  /** Nanoseconds since the run began; undefined while it lives. */
  endedNs: number | undefined;
}

/** One place of a client and the processes that fill it. */
export class Worker {
  readonly name: string;
  readonly lives: Life[] = [];
  polls = 0;
  /** Acknowledged sends and completed polls. */
  operations = 0;
  readonly #role: WorkerRole;
  readonly #number: number;
  readonly #options: WorkersOptions;
  readonly #acknowledged = new Map<string, number>();
  readonly #positions = new Map<string, Position>();
  readonly #quiet = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<void>();
  #child: ChildProcess | undefined;
  #isStopping = false;

  constructor(name: string, number: number, role: WorkerRole, options: WorkersOptions) {
    this.name = name;
    this.#number = number;
    this.#role = role;
    this.#options = options;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isFollower(): boolean {
    return this.#role.kind === 'client' && this.#role.follows;
  }

  /** Operations acknowledged so far in a partition. */
  acknowledged(topic: string, partition: number): number {
    return this.#acknowledged.get(`${topic}/${partition}`) ?? 0;
  }

  /** Resolves when a reader has read all. */
  finished(): Promise<void> {
    return this.#finished.promise;
  }

  tell(message: ToWorker): void {
    if (this.#child?.connected === true) this.#child.send(message);
  }

  /** Sends nothing more; resolves when everything is answered. */
  async quiet(): Promise<void> {
    this.tell({ kind: 'quiet' });
    await this.#quiet.promise;
  }

  async stop(): Promise<void> {
    const patience = AbortSignal.timeout(STOP_MS_MAX);
    const giveUp = (): void => void this.#child?.kill('SIGKILL');
    patience.addEventListener('abort', giveUp);
    await this.#end(() => this.tell({ kind: 'stop' }));
    patience.removeEventListener('abort', giveUp);
  }

  async kill(): Promise<void> {
    await this.#end((child) => child.kill('SIGKILL'));
  }

  async #end(how: (child: ChildProcess) => void): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    how(child);
    await exit;
  }

  #start(): void {
    const { folder, originNs, seed, bootstrap, topics } = this.#options;
    const number = this.lives.length;
    const name = `${this.name}${number === 0 ? '' : `r${number}`}`;
    const life: Life = { file: join(folder, `part-${name}.ndjson`), endedNs: undefined };
    this.lives.push(life);
    // It may end before it writes anything.
    writeFileSync(life.file, '', { mode: 0o600 });
    const child = fork(PROGRAM, [], { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'] });
    this.#child = child;
    child.on('message', (message: FromWorker) => this.#hear(message));
    child.once('exit', (code, by) => {
      life.endedNs = Number(process.hrtime.bigint() - originNs);
      if (this.#isStopping) return;
      this.#options.log(`${name} ended with ${by ?? `exit code ${code}`}; another one starts`);
      this.#start();
    });
    // A message to one that just died; its exit says the rest.
    child.on('error', () => undefined);
    const positions = [...this.#positions.values()];
    const task = {
      name,
      bootstrap: bootstrap(),
      originNs,
      file: life.file,
      seed: seed * 1_000 + this.#number * 100 + number,
      topics: topics(),
      role: this.#role,
      positions,
    };
    this.tell({ kind: 'task', task });
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'acknowledged': {
        this.operations++;
        const key = `${message.topic}/${message.partition}`;
        this.#acknowledged.set(key, (this.#acknowledged.get(key) ?? 0) + 1);
        return;
      }
      case 'polled':
        this.polls++;
        this.operations++;
        for (const position of message.positions)
          this.#positions.set(`${position.topicId}/${position.partition}`, position);
        return;
      case 'quiet':
        return this.#quiet.resolve();
      case 'finished':
        return this.#finished.resolve();
    }
  }
}

type ClientRole = WorkerRole & { readonly kind: 'client' };

/** The client whose deadlines are shorter than the SDK's. */
export const IMPATIENT = 'c';

/** Milliseconds and counts that make 500 to 2,000 records a second of all clients. The first one is the one to be patient. */
const CLIENTS: readonly { readonly name: string; readonly role: ClientRole }[] = [
  // The SDK's defaults.
  {
    name: 'a',
    role: {
      kind: 'client',
      producer: {},
      lanes: 1,
      recordsMax: 8,
      paceMs: 60,
      follows: false,
      commits: undefined,
    },
  },
  // Several batches of a partition in flight, and several of one operation.
  {
    name: 'b',
    role: {
      kind: 'client',
      producer: { batchRecordsMax: 4, lingerMs: 0 },
      lanes: 4,
      recordsMax: 6,
      paceMs: 200,
      follows: false,
      commits: 'itself',
    },
  },
  // Impatient: outcomes that nobody knows.
  {
    name: IMPATIENT,
    role: {
      kind: 'client',
      producer: { requestTimeoutMs: 1_000, deliveryTimeoutMs: 4_000 },
      lanes: 1,
      recordsMax: 3,
      paceMs: 500,
      follows: true,
      commits: 'itself',
    },
  },
  {
    name: 'd',
    role: {
      kind: 'client',
      producer: {},
      lanes: 1,
      recordsMax: 3,
      paceMs: 500,
      follows: true,
      commits: 'automatically',
    },
  },
];

export class Workers implements AsyncDisposable {
  readonly #options: WorkersOptions;
  readonly #workers: Worker[] = [];

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  get followers(): readonly Worker[] {
    return this.#workers.filter((worker) => worker.isFollower);
  }

  get lives(): readonly Life[] {
    return this.#workers.flatMap((worker) => worker.lives);
  }

  startClients(): void {
    const { isPatient = false } = this.#options;
    for (const { name, role } of CLIENTS)
      this.#add(name, isPatient && name === IMPATIENT ? { ...role, producer: {} } : role);
  }

  /** Reads everything there is; resolves when it has. */
  async readAll(name: string): Promise<void> {
    await this.#add(name, { kind: 'reader' }).finished();
  }

  tellTopics(): void {
    for (const worker of this.#workers)
      worker.tell({ kind: 'topics', topics: this.#options.topics() });
  }

  /** Acknowledged sends and completed polls so far, of all. */
  get operations(): number {
    return this.#workers.reduce((sum, worker) => sum + worker.operations, 0);
  }

  /** Operations acknowledged so far in a partition, by all. */
  acknowledged(topic: string, partition: number): number {
    return this.#workers.reduce((sum, worker) => sum + worker.acknowledged(topic, partition), 0);
  }

  /** Followers read a part again that they have read before: one that no agent has at hand. */
  reread(): void {
    for (const worker of this.followers) worker.tell({ kind: 'reread' });
  }

  /**
   * Nobody sends more; resolves when all is answered. The patient client is the last one, and goes on until the others are
   * quiet and `isWell` resolves: how the last operation of a partition ended says how the partition is, and not how
   * little time an impatient client gave it.
   */
  async quiet(isWell: () => Promise<void>): Promise<void> {
    const [patient, ...others] = this.#workers;
    await Promise.all(others.map((worker) => worker.quiet()));
    await isWell();
    await patient?.quiet();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
  }

  #add(name: string, role: WorkerRole): Worker {
    const worker = new Worker(name, this.#workers.length, role, this.#options);
    this.#workers.push(worker);
    return worker;
  }
}
