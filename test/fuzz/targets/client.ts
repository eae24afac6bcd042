/** The SDK, and a server that answers everything as the contract says but for one method. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { packageDefinition } from '@streamhouse/api/services.ts';
import type { Finding, FuzzTarget, Subject } from '../target.ts';
import { definitionOf, METHODS, messageOf, responseSeeds } from './messages.ts';
import { AGENT_ADDRESS, RESPONSES } from './responses.ts';

const MAIN = join(import.meta.dirname, '../client/main.ts');
const SERVICES = ['ProducerService', 'ConsumerService', 'MetadataService', 'AdminService'];
/** Clients at a time, each with a server of its own. */
const LANES = 4;
/** All uses of one client have an end of their own long before. */
const INPUT_MS_MAX = 15_000;

/** What the contract would answer; of several, the first. */
const GOOD: ReadonlyMap<string, Buffer> = new Map(
  METHODS.map((method) => {
    const found = RESPONSES.find((response) => response.method === method);
    return [method, definitionOf(method).responseSerialize(found?.response ?? {})];
  }),
);

/** One client process and the server that it talks to. */
class Lane implements AsyncDisposable {
  readonly #server: Server;
  readonly #child: ChildProcess;
  readonly #address: string;
  readonly #answers: Map<string, Buffer>;

  static async start(): Promise<Lane> {
    const answers = new Map(GOOD);
    const server = new Server();
    for (const service of SERVICES) {
      const definition = rawService(service);
      server.addService(definition, handlersOf(service, definition, answers));
    }
    const port = await new Promise<number>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const child = fork(MAIN, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await once(child, 'message');
    return new Lane(server, child, `127.0.0.1:${port}`, answers);
  }

  private constructor(
    server: Server,
    child: ChildProcess,
    address: string,
    answers: Map<string, Buffer>,
  ) {
    this.#server = server;
    this.#child = child;
    this.#address = address;
    this.#answers = answers;
  }

  /** What was wrong with how the client took it; undefined when nothing was. */
  async give(input: Uint8Array): Promise<string | undefined> {
    const { method, bytes } = messageOf(input);
    for (const [name, good] of GOOD) this.#answers.set(name, this.#here(good));
    this.#answers.set(method, this.#here(bytes));
    this.#child.send(this.#address);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), INPUT_MS_MAX);
    const faults = await this.#told();
    clearTimeout(timer);
    if (faults === undefined) return `${method}: the client ended, or would not end`;
    return faults.length === 0 ? undefined : `${method}: ${faults.join('\n')}`;
  }

  /** The next word of the client; undefined when it ends instead. */
  async #told(): Promise<readonly string[] | undefined> {
    const settled = new AbortController();
    const { signal } = settled;
    const exit = once(this.#child, 'exit', { signal }).then(() => undefined);
    const word = once(this.#child, 'message', { signal }).then(([faults]) => faults as string[]);
    exit.catch(() => undefined);
    word.catch(() => undefined);
    return await Promise.race([word, exit]).finally(() => settled.abort());
  }

  get isOver(): boolean {
    return !this.#child.connected;
  }

  /** Answers name this server as the only agent. Ports that are found have five digits, as what stands for them. */
  #here(bytes: Buffer): Buffer {
    const at = bytes.indexOf(AGENT_ADDRESS);
    if (at === -1 || this.#address.length !== AGENT_ADDRESS.length) return bytes;
    const copy = Buffer.from(bytes);
    copy.write(this.#address, at);
    return copy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}

/** The service with its answers as bytes. */
function rawService(service: string): ServiceDefinition {
  const definition = packageDefinition[`streamhouse.v1.${service}`] as ServiceDefinition;
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [
      name,
      { ...method, responseSerialize: (bytes: Buffer) => bytes },
    ]),
  );
}

function handlersOf(
  service: string,
  definition: ServiceDefinition,
  answers: ReadonlyMap<string, Buffer>,
): UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(definition).map(([name, { requestStream, responseStream }]) => {
      const answer = (): Buffer => answers.get(`${service}/${name}`) ?? Buffer.alloc(0);
      if (requestStream) return [name, answerEach(answer)];
      return [name, responseStream ? answerOnce(answer) : answerUnary(answer)];
    }),
  );
}

interface Answering {
  write(bytes: Buffer): void;
}
type Asked = Answering & { on(event: 'data' | 'error', listener: () => void): void };

const answerUnary =
  (answer: () => Buffer) =>
  (_call: unknown, callback: (error: null, bytes: Buffer) => void): void =>
    callback(null, answer());

const answerOnce =
  (answer: () => Buffer) =>
  (call: Answering): void =>
    call.write(answer());

const answerEach =
  (answer: () => Buffer) =>
  (call: Asked): void => {
    call.on('error', () => undefined);
    call.on('data', () => call.write(answer()));
  };

class ClientSubject implements Subject {
  readonly #lanes: Lane[];

  constructor(lanes: Lane[]) {
    this.#lanes = lanes;
  }

  async round(inputs: readonly Uint8Array[]): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    const queue = inputs.values();
    const run = async (index: number): Promise<void> => {
      for (const input of queue) {
        const lane = await this.#running(index);
        const what = await lane.give(input);
        if (what !== undefined) findings.push({ inputs: [input], what });
      }
    };
    await Promise.all(this.#lanes.map((_, index) => run(index)));
    return findings;
  }

  /** The lane, or a new one in the place of one whose client has ended. */
  async #running(index: number): Promise<Lane> {
    const lane = this.#lanes[index]!;
    if (!lane.isOver) return lane;
    await lane[Symbol.asyncDispose]();
    return (this.#lanes[index] = await Lane.start());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane[Symbol.asyncDispose]()));
  }
}

export const CLIENT_TARGET: FuzzTarget = {
  name: 'client-responses',
  seeds: responseSeeds,
  roundInputs: 16,
  open: async () =>
    new ClientSubject(await Promise.all(Array.from({ length: LANES }, () => Lane.start()))),
};
