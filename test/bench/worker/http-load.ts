/**
 * Requests over HTTP/1.1 on sockets of our own: a client of the platform costs more than the server that is measured. Each
 * connection has one request under way at a time.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as rest } from 'node:timers/promises';
import { OpenLoopSchedule } from '../schedule.ts';
import { LatencyHistogram } from '../stats.ts';
import type { HttpLoadResult, HttpLoadTask } from './protocol.ts';

const HEAD_END = '\r\n\r\n';
const CALL_MAX = 1_000;
/** For answers that are late. */
const DRAIN_MS = 5_000;

/** Closed loop without a rate: each connection asks again as soon as it is answered. With one, open loop. */
export async function httpLoad(task: HttpLoadTask): Promise<HttpLoadResult> {
  const load = new HttpLoad(task);
  return await load.run();
}

class HttpLoad {
  readonly #task: HttpLoadTask;
  readonly #latencies = new LatencyHistogram();
  readonly #statuses: Record<number, number> = {};
  readonly #idle: Connection[] = [];
  /** Times of requests for which no connection was free. */
  readonly #waiting: number[] = [];
  readonly #measureFromMs: number;
  readonly #endMs: number;
  #answered = 0;

  constructor(task: HttpLoadTask) {
    this.#task = task;
    this.#measureFromMs = task.measureAtMs - performance.timeOrigin;
    this.#endMs = this.#measureFromMs + task.measureMs;
  }

  async run(): Promise<HttpLoadResult> {
    const { connections, requestsPerSecond, host, port, request } = this.#task;
    const opened = await Promise.all(
      Array.from({ length: connections }, async () => {
        const socket = connect({ host, port, noDelay: true });
        await once(socket, 'connect');
        return new Connection(socket, Buffer.from(request, 'latin1'));
      }),
    );
    this.#idle.push(...opened);
    if (requestsPerSecond === undefined) await this.#closedLoop();
    else await this.#openLoop(requestsPerSecond);
    for (const connection of opened) connection.end();
    const { measureMs } = this.#task;
    const latencies = this.#latencies.toJSON();
    return { latencies, answered: this.#answered, measureMs, statuses: this.#statuses };
  }

  async #closedLoop(): Promise<void> {
    await Promise.all(
      this.#idle.map(async (connection) => {
        for (let nowMs = performance.now(); nowMs < this.#endMs; nowMs = performance.now())
          this.#count(nowMs, await connection.ask());
      }),
    );
  }

  async #openLoop(requestsPerSecond: number): Promise<void> {
    const schedule = new OpenLoopSchedule(requestsPerSecond, performance.now());
    for (let nowMs = performance.now(); nowMs < this.#endMs; nowMs = performance.now()) {
      this.#waiting.push(...schedule.due(nowMs, CALL_MAX));
      this.#send();
      await rest(1);
    }
    const lastMs = performance.now() + DRAIN_MS;
    while (this.#idle.length < this.#task.connections && performance.now() < lastMs) await rest(1);
    // What is not answered takes at least as long as it has taken until now.
    for (const dueMs of this.#waiting.splice(0)) this.#latencies.record(performance.now() - dueMs);
  }

  /** As many as there are connections for; the others go as these come back. */
  #send(): void {
    while (this.#waiting.length > 0) {
      const connection = this.#idle.pop();
      if (connection === undefined) return;
      const dueMs = this.#waiting.shift() ?? 0;
      void connection.ask().then((status) => {
        this.#count(dueMs, status);
        this.#idle.push(connection);
        this.#send();
      });
    }
  }

  /** @param beganMs when it was sent, or was meant to be. */
  #count(beganMs: number, status: number): void {
    const nowMs = performance.now();
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (beganMs >= this.#measureFromMs) this.#latencies.record(nowMs - beganMs);
    if (nowMs >= this.#measureFromMs && nowMs < this.#endMs) this.#answered += 1;
  }
}

class Connection {
  readonly #socket: Socket;
  readonly #request: Buffer;
  #received = '';
  #answer: PromiseWithResolvers<number> | undefined;

  constructor(socket: Socket, request: Buffer) {
    this.#socket = socket;
    this.#request = request;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('close', () => this.#answer?.reject(new Error('the server closed a connection')));
    socket.on('error', (error) => this.#answer?.reject(error));
  }

  /** Resolves the status of the answer. */
  ask(): Promise<number> {
    this.#answer = Promise.withResolvers();
    this.#socket.write(this.#request);
    return this.#answer.promise;
  }

  end(): void {
    this.#answer = undefined;
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    // Of our answers the bytes are the characters: nothing of them is shown.
    this.#received += bytes.toString('latin1');
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#received.slice(0, headEnd))?.[1] ?? '0';
    if (this.#received.length < headEnd + HEAD_END.length + Number(length)) return;
    const status = Number(this.#received.slice(9, 12));
    this.#received = '';
    this.#answer?.resolve(status);
  }
}
