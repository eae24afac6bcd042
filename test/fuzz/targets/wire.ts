/** The ports of an agent process: whatever comes in, it stays up, small and awake, and serves who behaves. */
import { stat } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ListTopicsResponse__Output } from '@streamhouse/api/gen/streamhouse/v1/ListTopicsResponse.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { expectUnmoved } from '../../harness/agent-gauge.ts';
import { answerOf, connectRaw, frame, type RawConnection } from '../../harness/raw-grpc.ts';
import { FRAME, frameOf, headersOf, PREFACE } from '../../harness/raw-http2.ts';
import { Target, TARGET_TOPIC } from '../../harness/target.ts';
import { until } from '../../harness/until.ts';
import type { Finding, FuzzTarget, Seed, Subject } from '../target.ts';
import { messageOf, requestSeeds } from './messages.ts';
import { TOPIC_ID } from './requests.ts';

const ROUND_INPUTS = 32;
/** Inputs under way at a time. */
const LANES = 8;
/** A call that has not ended by then waits for us: a watch, a fetch, a message that is not whole. */
const PATIENCE_MS = 300;
/** Stands in no corpus, so that no mutation deletes it. */
const KEPT_TOPIC = 'untouched';
const CANCEL = 8;
const UNKNOWN = 2;
const INTERNAL = 13;

/** Sends one input; resolves what is wrong with how it was answered. */
type Send = (target: Target, input: Uint8Array) => Promise<string | undefined>;

/** An agent, and a topic on it for who behaves. */
export interface WireHost extends AsyncDisposable {
  readonly target: Target;
}

class WireSubject implements Subject {
  readonly #host: WireHost;
  readonly #target: Target;
  readonly #send: Send;
  /** Bytes of the agent's log that were looked at. */
  #logPosition = 0;

  constructor(host: WireHost, send: Send) {
    this.#host = host;
    this.#target = host.target;
    this.#send = send;
  }

  async round(inputs: readonly Uint8Array[]): Promise<readonly Finding[]> {
    const findings: Finding[] = [];
    const { agent } = this.#target;
    const { pid } = agent;
    const queue = inputs.values();
    const lane = async (): Promise<void> => {
      for (const input of queue) {
        const what = await this.#send(this.#target, input);
        if (what !== undefined) findings.push({ inputs: [input], what });
      }
    };
    try {
      await expectUnmoved(agent, async () => {
        await Promise.all(Array.from({ length: LANES }, lane));
        await this.#target.produce({ topic: KEPT_TOPIC });
      });
      if (this.#target.agent.pid !== pid) throw new Error('the agent has ended');
      const bugs = await this.#newBugs();
      if (bugs !== '') throw new Error(bugs);
      await this.#tidy();
    } catch (error) {
      findings.push({ inputs, what: `one of this round: ${String(error)}` });
    }
    return findings;
  }

  /** What the agent has logged since as its own fault. */
  async #newBugs(): Promise<string> {
    const { logFile } = this.#target.agent;
    const { size } = await stat(logFile);
    const lines = await text(createReadStream(logFile, { start: this.#logPosition }));
    this.#logPosition = size;
    const bugs = lines.split('\n').filter((line) => /met a bug|uncaught|unhandled/i.test(line));
    return bugs.join('\n');
  }

  /** Topics that mutations have made are work for the agent, and not what is looked at. */
  async #tidy(): Promise<void> {
    const { raw } = this.#target;
    const { topics } = await raw.call<ListTopicsResponse__Output>('AdminService/ListTopics', {});
    for (const { name } of topics) {
      if (name === KEPT_TOPIC || name === TARGET_TOPIC) continue;
      await raw.call('AdminService/DeleteTopic', { name });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host[Symbol.asyncDispose]();
  }
}

export async function startHost(): Promise<WireHost> {
  await using parts = new AsyncDisposableStack();
  const target = parts.use(await Target.start());
  await target.raw.call('AdminService/CreateTopic', { name: KEPT_TOPIC });
  const isServed = (): Promise<boolean> =>
    target.produce({ topic: KEPT_TOPIC }).then(
      () => true,
      () => false,
    );
  await until(isServed, AbortSignal.timeout(20_000));
  const started = parts.move();
  return { target, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** One message of one call, on a connection of its own. */
async function sendMessage(target: Target, input: Uint8Array): Promise<string | undefined> {
  const { method, bytes } = messageOf(input);
  // Without its topic the target would only say so.
  if (method === 'AdminService/DeleteTopic' && bytes.includes(TARGET_TOPIC)) return undefined;
  await using raw = await connectRaw(target.address);
  const { status, message, rstCode } = await answerWithin(raw, method, withTopicId(bytes, target));
  if (status === UNKNOWN || status === INTERNAL) return `${method}: ${status} ${message}`;
  if (status === undefined && rstCode !== CANCEL) return `${method}: no status, RST ${rstCode}`;
  return raw.isClosed ? `${method}: the connection was closed` : undefined;
}

async function answerWithin(
  raw: RawConnection,
  method: string,
  bytes: Uint8Array,
): ReturnType<typeof answerOf> {
  const stream = raw.open(method);
  const answer = answerOf(stream);
  const timer = setTimeout(() => stream.close(CANCEL), PATIENCE_MS);
  stream.end(frame(bytes));
  return await answer.finally(() => clearTimeout(timer));
}

/** The corpus was made before the target: its topic gets the id that stands there. */
function withTopicId(bytes: Buffer, target: Target): Buffer {
  const known = Buffer.from(bytes);
  for (let at = known.indexOf(TOPIC_ID); at !== -1; at = known.indexOf(TOPIC_ID, at + 1))
    target.topicId.copy(known, at);
  return known;
}

/** Writes the bytes, half-closes, and resolves what came until the other side closed or waits. */
async function converse(port: number, bytes: Uint8Array): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => (answer += chunk));
  // A reset is an answer as well.
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
  socket.end(bytes);
  await closed;
  clearTimeout(timer);
  return answer;
}

async function sendFrames(target: Target, input: Uint8Array): Promise<undefined> {
  const bytes = withTopicId(Buffer.from(input), target);
  await converse(Number(target.address.split(':').at(-1)), bytes);
}

function frameSeeds(): readonly Seed[] {
  const settings = frameOf(FRAME.settings, 0, 0, Buffer.from('000300000064', 'hex'));
  const begin = [Buffer.from(PREFACE), settings];
  const calls = requestSeeds().map(({ name, bytes }) => {
    const { method, bytes: message } = messageOf(bytes);
    const data = frameOf(FRAME.data, 1, 1, frame(message));
    return { name, bytes: Buffer.concat([...begin, headersOf(method, 1), data]) };
  });
  const window = Buffer.from('7fffffff', 'hex');
  const all = Object.values(FRAME).map((type) => frameOf(type, 0, 1, Buffer.alloc(8, window)));
  const method = 'ProducerService/ProduceStream';
  const large = Buffer.concat([
    headersOf(method, 1),
    frameOf(FRAME.data, 0, 1, frame(new Uint8Array(LIMITS.recordHeadersMax)).subarray(0, 3)),
  ]);
  return [
    ...calls,
    { name: 'every-type', bytes: Buffer.concat([...begin, headersOf(method, 1), ...all]) },
    { name: 'cut-prefix', bytes: Buffer.concat([...begin, large]) },
    { name: 'http1', bytes: Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n') },
    { name: 'tls', bytes: Buffer.from('16030100a5010000a10303', 'hex') },
  ];
}

/** A final answer that is none of these is a fault of ours. */
const HTTP_STATUSES = new Set(['200', '400', '404', '405', '408', '417', '431', '503']);

async function sendHttp(target: Target, input: Uint8Array): Promise<string | undefined> {
  const answer = await converse(Number(new URL(target.agent.metricsUrl).port), input);
  const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1];
  if (answer === '' || status === undefined || status === '100' || HTTP_STATUSES.has(status))
    return undefined;
  return `answered ${answer.slice(0, 200)}`;
}

const HTTP_REQUESTS = [
  'GET /health HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'GET /metrics?a[]=%00 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\nGET //health HTTP/1.1\r\nHost: a\r\n\r\n',
  'HEAD http://a/ready HTTP/1.0\r\n\r\n',
  'POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
  'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET',
  'GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n',
  `OPTIONS * HTTP/1.1\r\nHost: a\r\n${'x-a: b\r\n'.repeat(50)}\r\n`,
  `GET /${'a'.repeat(3_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
];

function httpSeeds(): readonly Seed[] {
  return HTTP_REQUESTS.map((request, index) => ({
    name: `request-${index}`,
    bytes: Buffer.from(request),
  }));
}

/** The ports of the host that `start` resolves. */
export function wireTargets(start: () => Promise<WireHost>): readonly FuzzTarget[] {
  const rows: readonly (readonly [string, () => readonly Seed[], Send])[] = [
    ['grpc-messages', requestSeeds, sendMessage],
    ['grpc-frames', frameSeeds, sendFrames],
    ['http-requests', httpSeeds, sendHttp],
  ];
  return rows.map(([name, seeds, send]) => ({
    name,
    seeds,
    roundInputs: ROUND_INPUTS,
    open: async () => new WireSubject(await start(), send),
  }));
}
