import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { type Incarnation, offset } from '@streamhouse/core/ids.ts';
import { readBatchHeader } from '@streamhouse/core/record/batch-header.ts';
import { buildBatch, plainRecords } from '@streamhouse/core/testing/batches.test-support.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { holdTopic, registerAgent, soon } from '@streamhouse/store/metadata/pg/log.test-support.ts';
import type {
  LogStore,
  PublishRequest,
  PublishResult,
  StoredRun,
} from '@streamhouse/store/metadata/log.ts';
import type { Metadata } from '@streamhouse/store/metadata/port.ts';
import { openDirectoryStore } from '@streamhouse/store/objects/directory.ts';
import type { ObjectStore } from '@streamhouse/store/objects/port.ts';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { AgentMetrics } from '../metrics.ts';
import { FlowCounter } from '../stats/flow-counter.ts';
import { HeldPartition } from '../partition/held-partition.ts';
import { ObjectCache } from '../read/object-cache.ts';
import { ByteBudget } from './byte-budget.ts';
import { Flusher, type UploadTimes } from './flusher.ts';

let database: TestDatabase;
let metadata: Metadata;
let root: string;
let store: ObjectStore;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
  root = await mkdtemp(join(tmpdir(), 'streamhouse-flusher-'));
  store = await openDirectoryStore({ root });
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
  await database[Symbol.asyncDispose]();
});

const unavailable = (): StreamError => new StreamError('unavailable', 'ON_PURPOSE', 'on purpose');
const indefinite = (): StreamError => new StreamError('indefinite', 'ON_PURPOSE', 'on purpose');

/** One call of a port, held until the test lets it go, gives it another outcome, or both. */
interface Held<T> {
  readonly name: string;
  /** Carries it out. */
  readonly pass: () => Promise<T>;
  readonly answer: (result: Promise<T>) => void;
  readonly signal: AbortSignal;
}

/** The calls of one kind, in their order: the test answers each. */
class Gate<T> {
  readonly #calls: Held<T>[] = [];
  #wake: (() => void) | undefined;
  /** Names of all calls so far. */
  readonly names: string[] = [];

  call(name: string, pass: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const answer = (result: Promise<T>): void => void result.then(resolve, reject);
    signal.addEventListener('abort', () => reject(indefinite()), { once: true });
    this.names.push(name);
    this.#calls.push({ name, pass, answer, signal });
    this.#wake?.();
    return promise;
  }

  async next(): Promise<Held<T>> {
    for (;;) {
      const call = this.#calls.shift();
      if (call !== undefined) return call;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Lets everything through from now on. */
  async open(): Promise<never> {
    for (;;) {
      const call = await this.next();
      call.answer(call.pass());
    }
  }
}

interface Rig {
  readonly me: Incarnation;
  readonly partitions: readonly HeldPartition[];
  readonly flusher: Flusher;
  readonly budget: ByteBudget;
  readonly metrics: AgentMetrics;
  readonly flow: FlowCounter;
  readonly puts: Gate<void>;
  readonly publishes: Gate<PublishResult>;
  /** What was answered, in that order: the offset, or `kind REASON`. */
  readonly replies: string[];
  readonly stopped: Promise<string>;
  /** Appends one batch of ten records; resolves in the next turn, when it is sealed if the pipe is free. */
  append(partition?: number, acknowledge?: 'published' | 'accepted'): Promise<void>;
  stored(partition?: number): Promise<readonly StoredRun[]>;
}

/** A flusher over the real stores, each put and publish of which the test holds. Every append is an object of its own. */
async function openRig(
  options: {
    readonly partitions?: number;
    readonly uploadTimes?: UploadTimes;
    readonly bytesMax?: number;
    readonly intervalMs?: number;
  } = {},
): Promise<Rig> {
  const { me, held } = await holdTopic(metadata, options.partitions ?? 1);
  const partitions = held.map((row) => new HeldPartition(row));
  const puts = new Gate<void>();
  const publishes = new Gate<PublishResult>();
  const objects: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
    put: (key: string, bytes: Uint8Array, { signal }: { signal: AbortSignal }) =>
      puts.call(key, () => store.put(key, bytes, { signal: soon() }), signal),
  });
  const log: LogStore = Object.assign(Object.create(metadata.log) as LogStore, {
    publish: (request: PublishRequest, signal: AbortSignal) =>
      publishes.call(request.objectKey, () => metadata.log.publish(request, soon()), signal),
  });
  const budget = new ByteBudget(1_000_000);
  const metrics = new AgentMetrics();
  const flow = new FlowCounter(() => 0);
  const { promise: stopped, resolve: onStop } = Promise.withResolvers<string>();
  const flusher = new Flusher({
    incarnation: me,
    clusterId: 'test',
    prefix: '',
    settings: {
      bytesMax: options.bytesMax ?? 1,
      uploadsInFlightMax: 4,
      putsPerSecondMax: Number.POSITIVE_INFINITY,
      putsBurst: 1,
      intervalMs: options.intervalMs ?? 0,
    },
    uploadTimes: options.uploadTimes ?? { attemptMs: 10_000, deadlineMs: 60_000 },
    log,
    objects,
    cache: new ObjectCache(0),
    budget,
    clock: systemClock,
    random: () => 0,
    metrics,
    flow,
    onError: () => undefined,
    onStop,
  });
  onTestFinished(() => flusher[Symbol.asyncDispose]());
  const replies: string[] = [];
  return {
    me,
    partitions,
    flusher,
    budget,
    metrics,
    flow,
    puts,
    publishes,
    replies,
    stopped,
    async append(index = 0, acknowledge = 'published') {
      const bytes = buildBatch(plainRecords(10));
      const partition = partitions[index]!;
      const isAccepted = partition.append({
        bytes,
        header: readBatchHeader(bytes),
        acknowledge,
        reply: (result) =>
          replies.push(
            result instanceof StreamError ? `${result.kind} ${result.reason}` : String(result),
          ),
      });
      if (isAccepted && budget.tryTake(bytes.length)) flusher.appended(partition, bytes.length);
      await turn();
    },
    stored: (index = 0) => {
      const { topicId, partition } = partitions[index]!;
      return metadata.log.runs(topicId, partition, offset(0), 100, soon());
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Until that many answers are there. */
async function replied(rig: Rig, count: number): Promise<readonly string[]> {
  const signal = soon();
  while (rig.replies.length < count) {
    signal.throwIfAborted();
    await turn();
  }
  return rig.replies;
}

describe('the flusher', () => {
  test('I-03 I-13 publishes strictly in sequence, in whatever order the uploads end', async () => {
    const rig = await openRig();
    for (let count = 0; count < 5; count++) await rig.append();
    const uploads = [
      await rig.puts.next(),
      await rig.puts.next(),
      await rig.puts.next(),
      await rig.puts.next(),
    ];
    // The fifth waits for a slot.
    expect(rig.puts.names).toHaveLength(4);
    for (const upload of uploads.toReversed().slice(0, 3)) {
      const done = upload.pass();
      upload.answer(done);
      await done;
      await turn();
    }
    expect(rig.publishes.names).toEqual([]);
    expect(rig.replies).toEqual([]);
    void rig.puts.open();
    uploads[0]!.answer(uploads[0]!.pass());
    const first = await rig.publishes.next();
    await turn();
    // One publish at a time: the next one must not overtake it.
    expect(rig.publishes.names).toEqual([uploads[0]!.name]);
    first.answer(first.pass());
    void rig.publishes.open();
    expect(await replied(rig, 5)).toEqual(['0', '10', '20', '30', '40']);
    const stored = await rig.stored();
    expect(stored.map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset])).toEqual(
      [0, 10, 20, 30, 40].map((base) => [base, base + 9]),
    );
    expect(stored.map(({ objectKey }) => objectKey)).toEqual(rig.publishes.names);
    expect(rig.budget.used).toBe(0);
    expect(rig.flusher.isIdle).toBe(true);
  });

  test('I-01 answers nobody before the publish, unless memory is all that was asked for', async () => {
    const rig = await openRig();
    await rig.append(0, 'published');
    await rig.append(0, 'accepted');
    expect(rig.replies).toEqual(['10']);
    void rig.puts.open();
    void rig.publishes.open();
    expect(await replied(rig, 2)).toEqual(['10', '0']);
  });

  test('I-42 writes one object and publishes once for all partitions', async () => {
    const rig = await openRig({ partitions: 300, bytesMax: 1_000_000 });
    await Promise.all(rig.partitions.map((_, index) => rig.append(index)));
    void rig.puts.open();
    void rig.publishes.open();
    await replied(rig, 300);
    expect(rig.puts.names).toHaveLength(1);
    expect(rig.publishes.names).toHaveLength(1);
  });

  test('I-07 I-10 tries again under another key; the first one, landing late, changes nothing', async () => {
    const rig = await openRig();
    await rig.append();
    const late = await rig.puts.next();
    late.answer(Promise.reject(indefinite()));
    const second = await rig.puts.next();
    expect(second.name).not.toBe(late.name);
    second.answer(second.pass());
    void rig.publishes.open();
    await replied(rig, 1);
    await late.pass();
    const [run, ...others] = await rig.stored();
    expect(others).toEqual([]);
    expect(run?.objectKey).toBe(second.name);
  });

  test('I-07 gives an upload that hangs up and tries again under another key', async () => {
    const rig = await openRig({ uploadTimes: { attemptMs: 1000, deadlineMs: 60_000 } });
    await rig.append();
    const hanging = await rig.puts.next();
    const second = await rig.puts.next();
    expect(hanging.signal.aborted).toBe(true);
    expect(second.name).not.toBe(hanging.name);
    second.answer(second.pass());
    void rig.publishes.open();
    expect(await replied(rig, 1)).toEqual(['0']);
  });

  test('I-09 asks again when the outcome of a publish is unknown, and answers nobody before', async () => {
    const rig = await openRig();
    void rig.puts.open();
    await rig.append();
    const applied = await rig.publishes.next();
    await applied.pass();
    applied.answer(Promise.reject(indefinite()));
    for (const error of [unavailable(), indefinite()]) {
      const again = await rig.publishes.next();
      expect(again.name).toBe(applied.name);
      expect(rig.replies).toEqual([]);
      again.answer(Promise.reject(error));
    }
    void rig.publishes.open();
    expect(await replied(rig, 1)).toEqual(['0']);
    expect(await rig.stored()).toHaveLength(1);
  });

  test('I-04 I-11 refuses everything unanswered, definitely, once the session is fenced', async () => {
    const rig = await openRig();
    for (let count = 0; count < 3; count++) await rig.append();
    const upload = await rig.puts.next();
    await metadata.agents.fence(rig.me, undefined, soon());
    void rig.puts.open();
    void rig.publishes.open();
    upload.answer(upload.pass());
    expect(await rig.stopped).toBe('fenced');
    expect(rig.replies).toEqual([]);
    rig.partitions[0]!.stop(rig.flusher.isPublishUnknown);
    expect(rig.replies).toEqual(Array(3).fill('unavailable AGENT_STOPPED'));
    expect(await rig.stored()).toEqual([]);
  });

  test('I-11 says that an outcome is unknown when it ends in the middle of a publish', async () => {
    const rig = await openRig();
    void rig.puts.open();
    await rig.append();
    await rig.publishes.next();
    const { isPublishUnknown } = rig.flusher;
    rig.partitions[0]!.stop(isPublishUnknown);
    expect(rig.replies).toEqual(['indefinite PUBLISH_UNKNOWN']);
  });

  test('I-04 refuses what belongs to a partition that another holds now, and goes on with the others', async () => {
    const rig = await openRig({ partitions: 2, bytesMax: 1_000_000 });
    await Promise.all([rig.append(0), rig.append(1)]);
    const heir = await registerAgent(metadata);
    const [lost] = rig.partitions;
    await metadata.leases.release(rig.me, [{ ...pick(lost!), heir }], soon());
    const upload = await rig.puts.next();
    upload.answer(upload.pass());
    const publish = await rig.publishes.next();
    // Comes while the publish is on its way, so it is in no object yet.
    const open = rig.append(0);
    publish.answer(publish.pass());
    await open;
    expect((await replied(rig, 3)).toSorted()).toEqual([
      '0',
      'notHolder NOT_HOLDER',
      'notHolder NOT_HOLDER',
    ]);
    void rig.puts.open();
    void rig.publishes.open();
    await rig.append(1);
    expect((await replied(rig, 4)).at(-1)).toBe('10');
    await rig.append(0);
    expect(rig.replies.at(-1)).toBe('notHolder NOT_HOLDER');
    expect(await rig.stored(0)).toEqual([]);
    expect(rig.budget.used).toBe(0);
    // Nothing counts as published but what others can read.
    const [, kept] = rig.partitions;
    const bytes = (await rig.stored(1)).reduce((sum, run) => sum + run.length, 0);
    const { totals, topics } = rig.flow.read();
    expect(totals).toEqual({ recordsIn: 20, bytesIn: bytes, recordsOut: 0, bytesOut: 0 });
    expect([...topics.entries()]).toEqual([[kept!.topicId, { sinceMs: 0, ...totals }]]);
    const series = await rig.metrics.registry.metrics();
    expect(series).toContain('streamhouse_log_records_total 20\n');
  });

  test('goes on when all that was open belonged to partitions that are lost', async () => {
    const rig = await openRig({ partitions: 2, bytesMax: 1_000_000, intervalMs: 60_000 });
    await rig.append(0);
    const first = await rig.puts.next();
    first.answer(first.pass());
    const publish = await rig.publishes.next();
    await rig.append(1);
    const second = await rig.puts.next();
    // Stays open: the upload of the second object fills the pipe.
    await rig.append(0);
    await metadata.leases.release(
      rig.me,
      [{ ...pick(rig.partitions[0]!), heir: undefined }],
      soon(),
    );
    publish.answer(publish.pass());
    expect(await replied(rig, 2)).toEqual(Array(2).fill('notHolder NOT_HOLDER'));
    void rig.puts.open();
    void rig.publishes.open();
    second.answer(second.pass());
    expect((await replied(rig, 3)).at(-1)).toBe('0');
    await rig.append(1);
    expect((await replied(rig, 4)).at(-1)).toBe('10');
    expect(rig.flusher.isIdle).toBe(true);
    expect(rig.budget.used).toBe(0);
  });

  test('ends the incarnation when an object cannot be written in time, and publishes nothing after it', async () => {
    const rig = await openRig({ uploadTimes: { attemptMs: 10_000, deadlineMs: 100 } });
    await rig.append();
    await rig.append();
    const failing = await rig.puts.next();
    const second = await rig.puts.next();
    second.answer(second.pass());
    failing.answer(Promise.reject(unavailable()));
    const refuse = async (): Promise<never> => {
      for (;;) (await rig.puts.next()).answer(Promise.reject(unavailable()));
    };
    void refuse();
    expect(await rig.stopped).toBe('uploadFailed');
    rig.partitions[0]!.stop(rig.flusher.isPublishUnknown);
    expect(rig.replies).toEqual(Array(2).fill('unavailable AGENT_STOPPED'));
    expect(rig.publishes.names).toEqual([]);
    expect(await rig.stored()).toEqual([]);
    expect(new Set(rig.puts.names).size).toBe(rig.puts.names.length);
  });
});

function pick({
  topicId,
  partition,
  epoch,
}: HeldPartition): Pick<HeldPartition, 'topicId' | 'partition' | 'epoch'> {
  return { topicId, partition, epoch };
}
