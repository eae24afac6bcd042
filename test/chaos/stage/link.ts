/**
 * A TCP link that can be broken. Every edge of the cluster goes through one, so that any of them fails alone and, where
 * that is asked for, in one direction.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** `request`: from who dialled; `answer`: back to it. */
export type Direction = 'request' | 'answer';

/** What broken links did to their users: the evidence that a fault was felt. */
export interface LinkCounters {
  /** Bytes that arrived late or never. */
  heldBytes: number;
  /** Connections that were reset, new ones that met a cut included. */
  resets: number;
  /** Answers that were lost with their connection: see `dropAnswers`. */
  droppedAnswers: number;
}

interface AnswerDrop {
  readonly marker: string;
  left: number;
}

const HOST = '127.0.0.1';
/** A held chunk that is the end of the stream. */
const END = new Uint8Array();

export class Link implements AsyncDisposable {
  readonly counters: LinkCounters = { heldBytes: 0, resets: 0, droppedAnswers: 0 };
  readonly #upstreamPort: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #held = new Set<Direction>();
  #delayMs = 0;
  #isCut = false;
  #drop: AnswerDrop | undefined;

  private constructor(upstreamPort: number) {
    this.#upstreamPort = upstreamPort;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  /** Listens on a free port of 127.0.0.1 and leads to another one. */
  static async open(upstreamPort: number): Promise<Link> {
    const link = new Link(upstreamPort);
    link.#server.listen(0, HOST);
    await once(link.#server, 'listening');
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Bytes of these directions get stuck from now on, ends of connections too; nobody is told. */
  hold(directions: readonly Direction[]): void {
    for (const direction of directions) this.#held.add(direction);
  }

  /** Every chunk takes that many milliseconds more. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Resets every connection, and each new one until `mend`. */
  cut(): void {
    this.#isCut = true;
    this.#reset();
  }

  /**
   * Carries out requests that contain the marker, loses their answers and resets their connections.
   *
   * @param count of answers to lose
   */
  dropAnswers(marker: string, count: number): void {
    this.#drop = { marker, left: count };
  }

  /** Works again. What was stuck arrives now, late, or is lost with its connection. */
  mend(stuck: 'arrives' | 'is lost'): void {
    const wasHeld = this.#held.size > 0;
    this.#held.clear();
    this.#isCut = false;
    this.#delayMs = 0;
    this.#drop = undefined;
    if (wasHeld && stuck === 'is lost') this.#reset();
    for (const pair of this.#pairs) pair.pump();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.#pairs) pair.reset();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #reset(): void {
    for (const pair of this.#pairs) pair.reset();
    this.counters.resets += this.#pairs.size;
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.#isCut) {
      this.counters.resets++;
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ port: this.#upstreamPort, host: HOST, noDelay: true });
    const pair = new Pair(client, upstream, {
      isHeld: (direction) => this.#held.has(direction),
      delayMs: () => this.#delayMs,
      counters: this.counters,
      dropFor: (chunk) => this.#dropFor(chunk),
    });
    this.#pairs.add(pair);
    pair.onClosed = () => this.#pairs.delete(pair);
  }

  #dropFor(chunk: Buffer): AnswerDrop | undefined {
    if (this.#drop === undefined || this.#drop.left === 0) return undefined;
    if (!chunk.includes(this.#drop.marker)) return undefined;
    this.#drop.left--;
    return this.#drop;
  }
}

interface PairRules {
  readonly isHeld: (direction: Direction) => boolean;
  readonly delayMs: () => number;
  readonly counters: LinkCounters;
  /** Given when this request's answer is to be lost. */
  readonly dropFor: (chunk: Buffer) => AnswerDrop | undefined;
}

/** One connection and what it leads to. */
class Pair {
  onClosed: () => void = () => undefined;
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #lanes: readonly Lane[];

  constructor(client: Socket, upstream: Socket, rules: PairRules) {
    this.#client = client;
    this.#upstream = upstream;
    let drop: AnswerDrop | undefined;
    const request = new Lane(client, upstream, 'request', rules, (chunk) => {
      drop ??= rules.dropFor(chunk);
      return true;
    });
    const answer = new Lane(upstream, client, 'answer', rules, () => {
      if (drop === undefined) return true;
      drop = undefined;
      rules.counters.droppedAnswers++;
      this.reset();
      return false;
    });
    this.#lanes = [request, answer];
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (!client.destroyed || !upstream.destroyed) return;
        // It ended before there was an answer to lose.
        if (drop !== undefined) drop.left++;
        drop = undefined;
        this.onClosed();
      });
    }
  }

  pump(): void {
    for (const lane of this.#lanes) lane.pump();
  }

  reset(): void {
    for (const lane of this.#lanes) lane.forget();
    this.#client.resetAndDestroy();
    this.#upstream.destroy();
  }
}

/** One direction of one connection: what came in and did not go out yet, in its order. */
class Lane {
  readonly #to: Socket;
  readonly #direction: Direction;
  readonly #rules: PairRules;
  #queue: { readonly chunk: Uint8Array; readonly dueMs: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    from: Socket,
    to: Socket,
    direction: Direction,
    rules: PairRules,
    admits: (chunk: Buffer) => boolean,
  ) {
    this.#to = to;
    this.#direction = direction;
    this.#rules = rules;
    from.on('data', (chunk: Buffer) => {
      if (!admits(chunk)) return;
      if (rules.isHeld(direction) || rules.delayMs() > 0) rules.counters.heldBytes += chunk.length;
      this.#take(chunk);
      if (to.writableNeedDrain) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('close', () => this.#take(END));
  }

  pump(): void {
    clearTimeout(this.#timer);
    if (this.#rules.isHeld(this.#direction)) return;
    const nowMs = performance.now();
    while (this.#queue[0] !== undefined && this.#queue[0].dueMs <= nowMs) {
      const { chunk } = this.#queue.shift()!;
      if (chunk === END) this.#to.destroySoon();
      else if (this.#to.writable) this.#to.write(chunk);
    }
    const next = this.#queue[0];
    if (next !== undefined) this.#timer = setTimeout(() => this.pump(), next.dueMs - nowMs);
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
  }

  #take(chunk: Uint8Array): void {
    this.#queue.push({ chunk, dueMs: performance.now() + this.#rules.delayMs() });
    this.pump();
  }
}
