import { offset } from '@streamhouse/core/ids.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Metadata } from '../port.ts';
import {
  blockedPids,
  createTestDatabase,
  type TestDatabase,
  untilBlocked,
} from './database.test-support.ts';
import {
  failureOf,
  holdTopic,
  lockPartition,
  nextOffset,
  onePartition,
  requestFor,
  runFor,
  soon,
} from './log.test-support.ts';
import { openProxy } from './proxy.test-support.ts';

let database: TestDatabase;
let metadata: Metadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
});

afterAll(() => database[Symbol.asyncDispose]());

describe('I-09: a publish that is submitted again', () => {
  test('waits for one that is still in progress and gives the same answer', async () => {
    const { held, request } = await onePartition(metadata);
    const unlock = await lockPartition(database, held);
    const first = metadata.log.publish(request, soon());
    await untilBlocked(database, 1);
    const second = metadata.log.publish(request, soon());
    await untilBlocked(database, 2);
    await unlock();
    expect(await Promise.all([first, second])).toEqual([{ accepted: [0] }, { accepted: [0] }]);
    expect(await nextOffset(metadata, held)).toBe(10);
  });

  test('takes the place of one that was rolled back while it waited', async () => {
    const { held, request } = await onePartition(metadata);
    const unlock = await lockPartition(database, held);
    const first = metadata.log.publish(request, soon());
    const failure = failureOf(first);
    await untilBlocked(database, 1);
    const second = metadata.log.publish(request, soon());
    await untilBlocked(database, 2);
    await database.sql('SELECT pg_cancel_backend($1)', [(await blockedPids(database))[0]]);
    expect(await failure).toMatchObject({
      kind: 'unavailable',
      reason: 'POSTGRES_STATEMENT_TIMEOUT',
    });
    await unlock();
    expect(await second).toEqual({ accepted: [0] });
    expect(await nextOffset(metadata, held)).toBe(10);
  });

  test('resolves one whose connection was cut in the middle', async () => {
    const { held, request } = await onePartition(metadata);
    const unlock = await lockPartition(database, held);
    const first = metadata.log.publish(request, soon());
    const failure = failureOf(first);
    await untilBlocked(database, 1);
    await database.sql('SELECT pg_terminate_backend($1)', [(await blockedPids(database))[0]]);
    expect(await failure).toMatchObject({ kind: 'indefinite' });
    await unlock();
    expect(await metadata.log.publish(request, soon())).toEqual({ accepted: [0] });
    expect(await nextOffset(metadata, held)).toBe(10);
  });

  test('resolves one that was committed and whose answer was lost', async () => {
    const { held, request } = await onePartition(metadata);
    await using proxy = await openProxy(database.url);
    const remote = await database.open({ url: proxy.url });
    await remote.log.publish({ ...request, objectKey: `${request.objectKey}-0`, runs: [] }, soon());
    proxy.holdAnswers();
    const failure = failureOf(remote.log.publish(request, soon()));
    await expect.poll(() => nextOffset(metadata, held)).toBe(10);
    proxy.reset();
    expect(await failure).toMatchObject({ kind: 'indefinite' });
    expect(await remote.log.publish(request, soon())).toEqual({ accepted: [0] });
    expect(await nextOffset(metadata, held)).toBe(10);
  });

  test('resolves one that its caller stopped waiting for', async () => {
    const { held, request } = await onePartition(metadata);
    const unlock = await lockPartition(database, held);
    const caller = new AbortController();
    const first = metadata.log.publish(request, caller.signal);
    const failure = failureOf(first);
    await untilBlocked(database, 1);
    caller.abort();
    expect(await failure).toMatchObject({ kind: 'indefinite', reason: 'ABORTED' });
    await unlock();
    expect(await metadata.log.publish(request, soon())).toEqual({ accepted: [0] });
  });
});

describe('I-11: a publish whose caller stopped before it was sent', () => {
  test('is never sent, not even when a connection becomes free', async () => {
    const { me, held } = await holdTopic(metadata, 1);
    const own = await database.open();
    const unlock = await lockPartition(database, held[0]!);
    // Both connections for publishing are taken.
    const lent = [1, 2].map(() => own.log.publish(requestFor(me, [runFor(held[0]!)]), soon()));
    await untilBlocked(database, 2);
    const caller = new AbortController();
    const late = requestFor(me, [runFor(held[0]!, { baseOffset: offset(10) })]);
    const waiting = own.log.publish(late, caller.signal);
    const failure = failureOf(waiting);
    caller.abort();
    expect(await failure).toMatchObject({ kind: 'unavailable' });
    await unlock();
    await Promise.all(lent);
    await own[Symbol.asyncDispose]();
    const sent = await database.sql('SELECT FROM objects WHERE object_key = $1', [late.objectKey]);
    expect(sent).toEqual([]);
  });

  test('is not sent when the signal has aborted before the call', async () => {
    const { held, request } = await onePartition(metadata);
    const publishing = metadata.log.publish(request, AbortSignal.abort());
    await expect(publishing).rejects.toMatchObject({ kind: 'unavailable', reason: 'ABORTED' });
    expect(await nextOffset(metadata, held)).toBe(0);
  });
});
