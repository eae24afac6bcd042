/**
 * Peers that flood an agent or do not read what it sends (B-04, I-41): they are refused or closed, the agent stays small
 * and awake, and a client that behaves is served all the while.
 */
import { connect } from 'node:http2';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { buildBatch } from '@streamhouse/core/testing/batches.test-support.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { expectUnmoved } from '../harness/agent-gauge.ts';
import { answerOf, connectRaw, encodeRequest, frame, pathOf } from '../harness/raw-grpc.ts';
import { FRAME, frameOf, headersOf, openFrames } from '../harness/raw-http2.ts';
import { recordOf, Target, TARGET_TOPIC } from '../harness/target.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const STREAMS_MAX = LIMITS.grpcConcurrentStreamsMax;
const ENHANCE_YOUR_CALM = 0xb;
/** For one record of a client that behaves, on a machine that does much else. */
const PRODUCE_MS_MAX = 3_000;

let target: Target;

beforeAll(async () => {
  target = await Target.start();
  // The heap grows until its collections keep up, and stays so: what comes after must not move it.
  for (let round = 0; round < 100; round++) await openAndDrop();
});
afterAll(() => target?.[Symbol.asyncDispose]());

/** Runs the attack while a client produces; requires that it is served and that the agent is unmoved. */
async function expectWithstood(attack: () => Promise<void>): Promise<void> {
  let isOver = false;
  const latencies: number[] = [];
  const behave = async (): Promise<void> => {
    while (!isOver) {
      const startMs = performance.now();
      await target.produce({ partition: 1 });
      latencies.push(performance.now() - startMs);
    }
  };
  await expectUnmoved(target.agent, async () => {
    const behaving = behave();
    await attack().finally(() => {
      isOver = true;
    });
    await behaving;
  });
  expect(Math.max(...latencies)).toBeLessThan(PRODUCE_MS_MAX);
}

/** One connection with all the streams open that it may have, then gone. */
async function openAndDrop(): Promise<void> {
  await using raw = await connectRaw(target.address);
  const opened = Array.from({ length: STREAMS_MAX }, () =>
    raw.open('ProducerService/ProduceStream'),
  );
  opened.at(-1)!.write(frame(encodeRequest('ProducerService/ProduceStream', {})));
  await new Promise((resolve) => raw.session.ping(() => resolve(undefined)));
}

describe('B-04 an agent withstands', () => {
  test('a hundred thousand streams', async () => {
    await expectWithstood(async () => {
      for (let count = 0; count < 100_000; count += STREAMS_MAX) await openAndDrop();
    });
  });

  test('more streams on one connection than it may have: refused, not queued', async () => {
    await expectWithstood(async () => {
      await using frames = await openFrames(target.address);
      const extra = 500;
      const count = STREAMS_MAX + extra;
      const all = Array.from({ length: count }, (_, index) =>
        headersOf('ProducerService/ProduceStream', 2 * index + 1),
      );
      await frames.write(Buffer.concat(all));
      await until(
        () => frames.isClosed || (frames.seen.counts.get(FRAME.rstStream) ?? 0) >= extra,
        AbortSignal.timeout(20_000),
      );
    });
  });

  test('streams that are opened and reset: the connection is closed', async () => {
    await expectWithstood(async () => {
      await using frames = await openFrames(target.address);
      const cancel = Buffer.from([0, 0, 0, 8]);
      for (let stream = 1; stream < 100_000 && !frames.isClosed; stream += 200) {
        const burst: Buffer[] = [];
        for (let id = stream; id < stream + 200; id += 2)
          burst.push(
            headersOf('ProducerService/ProduceStream', id),
            frameOf(FRAME.rstStream, 0, id, cancel),
          );
        if (!(await frames.write(Buffer.concat(burst)))) break;
      }
      await until(() => frames.isClosed, AbortSignal.timeout(20_000));
    });
  });

  test('pings whose answers are never read: the connection is closed', async () => {
    await expectWithstood(async () => {
      await using frames = await openFrames(target.address, false);
      const ping = frameOf(FRAME.ping, 0, 0, Buffer.alloc(8));
      const burst = Buffer.alloc(ping.length * 10_000, ping);
      for (let count = 0; count < 200; count++) if (!(await frames.write(burst))) break;
      await until(() => frames.isClosed, AbortSignal.timeout(20_000));
    });
  });

  test('a message in frames of one byte: the stream is reset', async () => {
    await expectWithstood(async () => {
      await using frames = await openFrames(target.address);
      const prefix = Buffer.from([0, 0, 0x80, 0, 0]);
      await frames.write(headersOf('ProducerService/ProduceStream', 1));
      await frames.write(frameOf(FRAME.data, 0, 1, prefix));
      const one = frameOf(FRAME.data, 0, 1, Buffer.alloc(1));
      const burst = Buffer.alloc(one.length * 1_000, one);
      for (let count = 0; count < 1_000; count++) {
        if (frames.seen.errorCode !== undefined || !(await frames.write(burst))) break;
      }
      await until(() => frames.seen.errorCode !== undefined, AbortSignal.timeout(20_000));
      expect(frames.seen.errorCode).toBe(ENHANCE_YOUR_CALM);
    });
  });

  test('messages that are begun and never ended: the streams past the bound are reset', async () => {
    await expectWithstood(async () => {
      await using raw = await connectRaw(target.address);
      const head = frame(new Uint8Array(LIMITS.grpcMessageBytesMax)).subarray(0, 4_000_000);
      const codes: number[] = [];
      for (let count = 0; count < 40; count++) {
        const stream = raw.open('ProducerService/ProduceStream');
        stream.once('close', () => codes.push(stream.rstCode ?? 0));
        stream.write(head);
      }
      await until(() => codes.length >= 20, AbortSignal.timeout(60_000));
      expect(codes).toContain(ENHANCE_YOUR_CALM);
    });
  });

  test('metadata past its bound: refused, and the connection goes on', async () => {
    await using raw = await connectRaw(target.address);
    const message = frame(encodeRequest('AdminService/ListTopics', {}));
    await expectWithstood(async () => {
      for (let count = 0; count < 20; count++) {
        const headers = { 'x-large': 'x'.repeat(LIMITS.grpcMetadataBytesMax) };
        const answer = await raw.send('AdminService/ListTopics', [message], headers);
        expect(answer).toMatchObject({ status: undefined, rstCode: ENHANCE_YOUR_CALM });
      }
    });
    const headers = { 'x-small': 'x'.repeat(8_000) };
    expect(await raw.send('AdminService/ListTopics', [message], headers)).toMatchObject({
      status: 0,
    });
  });
});

describe('I-41 an agent stays small', () => {
  test('with a producer that reads no answers: it is read no further', async () => {
    await expectWithstood(async () => {
      const session = connect(`http://${target.address}`, { settings: { initialWindowSize: 0 } });
      session.on('error', () => undefined);
      try {
        const stream = session.request({
          ':method': 'POST',
          ':path': pathOf('ProducerService/ProduceStream'),
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        stream.on('error', () => undefined);
        const recordBatch = Buffer.from(buildBatch([recordOf(10_000)]));
        const batch = { topicId: target.topicId, partition: 0, recordBatch };
        const message = frame(encodeRequest('ProducerService/ProduceStream', { batches: [batch] }));
        let sent = 0;
        for (let isStuck = false; !isStuck; sent++) {
          isStuck = await new Promise<boolean>((resolve) => {
            const timer = setTimeout(() => resolve(true), 2_000);
            stream.write(message, () => {
              clearTimeout(timer);
              resolve(false);
            });
          });
        }
        // 1,000 without an answer that was read, and what the windows and buffers between hold.
        expect(sent).toBeGreaterThan(10);
        expect(sent).toBeLessThan(3_000);
      } finally {
        session.destroy();
      }
    });
  });

  test('with readers that ask for much and read nothing', async () => {
    for (let count = 0; count < 40; count++)
      await target.ackOf(buildBatch([recordOf(1_000_000)]), { partition: 2 });
    await expectWithstood(async () => {
      const session = connect(`http://${target.address}`, { settings: { initialWindowSize: 0 } });
      session.on('error', () => undefined);
      try {
        const partitions = [{ topicId: target.topicId, partition: 2, offset: 0 }];
        const message = frame(
          encodeRequest('ConsumerService/FetchStream', { partitions, creditBytes: 2 ** 50 }),
        );
        for (let count = 0; count < 10; count++) {
          const stream = session.request({
            ':method': 'POST',
            ':path': pathOf('ConsumerService/FetchStream'),
            'content-type': 'application/grpc',
            te: 'trailers',
          });
          stream.on('error', () => undefined);
          stream.write(message);
        }
        for (let count = 0; count < 50; count++) await target.produce({ partition: 1 });
      } finally {
        session.destroy();
      }
    });
  });

  test('with a thousand streams that do nothing, of each kind', async () => {
    const kinds = [
      'ProducerService/ProduceStream',
      'ConsumerService/FetchStream',
      'MetadataService/WatchMetadata',
    ];
    await expectWithstood(async () => {
      await using parts = new AsyncDisposableStack();
      for (const kind of kinds) {
        for (let count = 0; count < 1_000; count += STREAMS_MAX) {
          const raw = parts.use(await connectRaw(target.address));
          const streams = Array.from({ length: STREAMS_MAX }, () => raw.open(kind));
          const watch = frame(encodeRequest(kind, { topics: [TARGET_TOPIC] }));
          for (const stream of streams) {
            stream.resume();
            if (kind.startsWith('Metadata')) stream.end(watch);
          }
          await new Promise((resolve) => raw.session.ping(() => resolve(undefined)));
        }
      }
      for (let count = 0; count < 50; count++) await target.produce({ partition: 1 });
    });
  });

  test('a fetch stream goes where it is told to, also while it waits', async () => {
    await using raw = await connectRaw(target.address);
    const { highWatermark } = await target.fetchOne({ partition: 1 });
    const stream = raw.open('ConsumerService/FetchStream');
    const ask = (offset: number): boolean => {
      const partitions = [{ topicId: target.topicId, partition: 1, offset }];
      return stream.write(
        frame(encodeRequest('ConsumerService/FetchStream', { partitions, creditBytes: 1 })),
      );
    };
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    ask(highWatermark);
    await new Promise((resolve) => raw.session.ping(() => resolve(undefined)));
    expect(bytes).toBe(0);
    ask(0);
    await until(() => bytes > 0, AbortSignal.timeout(5_000));
    const ended = answerOf(stream);
    stream.end();
    expect(await ended).toMatchObject({ status: 0 });
  });
});
