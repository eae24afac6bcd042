import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import type { Incarnation } from '@streamhouse/core/ids.ts';
import { Secret } from '@streamhouse/core/secret.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { registerAgent, soon } from '@streamhouse/store/metadata/pg/log.test-support.ts';
import { openProxy } from '@streamhouse/store/metadata/pg/proxy.test-support.ts';
import type { Metadata } from '@streamhouse/store/metadata/port.ts';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { SessionLease } from './session-lease.ts';
import { type WorkerLeaseSettings, workerLeaseOpener } from './worker-lease.ts';

const HEARTBEAT_MS = 50;
const SESSION_MS = 600;

let database: TestDatabase;
let metadata: Metadata;

beforeAll(async () => {
  database = await createTestDatabase();
  metadata = await database.open();
});
afterAll(() => database[Symbol.asyncDispose]());
afterEach(() => void vi.useRealTimers());

interface Kept {
  readonly me: Incarnation;
  readonly lease: SessionLease;
}

/** A registered session with its keeper at work: it has renewed once. */
async function keep(settings: Partial<WorkerLeaseSettings> = {}): Promise<Kept> {
  const open = workerLeaseOpener(
    {
      metadataUrl: new Secret(database.url),
      agentId: 'test',
      heartbeatIntervalMs: HEARTBEAT_MS,
      sessionTimeoutMs: SESSION_MS,
      stallMsMax: 10_000,
      ...settings,
    },
    () => undefined,
  );
  const registeredMs = systemClock.monotonicMs();
  const me = await registerAgent(metadata);
  const lease = open({ incarnation: me, registeredMs });
  onTestFinished(() => lease[Symbol.asyncDispose]());
  const first = await beat(me);
  await until(async () => (await beat(me)) > first);
  return { me, lease };
}

async function beat(me: Incarnation): Promise<number> {
  const live = await metadata.agents.live(soon());
  return live.find((session) => session.incarnation === me)?.beat ?? Number.NaN;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const signal = soon();
  while (!(await isSo())) {
    signal.throwIfAborted();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Blocks this thread as a long synchronous task would. */
function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function isHeld(lease: SessionLease): boolean {
  return lease.isHeld(systemClock.monotonicMs());
}

describe('I-22 the lease keeper', () => {
  test('holds from the registration on', async () => {
    // Long enough for a machine that is busy: a session that had to be renewed first would not hold yet.
    const { lease } = await keep({ heartbeatIntervalMs: 60_000, sessionTimeoutMs: 180_000 });
    expect(isHeld(lease)).toBe(true);
  });

  test('renews while the main thread stands still, which believes nothing until it has heard so', async () => {
    const { me, lease } = await keep();
    const before = await beat(me);
    stall(2000);
    // Not a message has been read yet: for all that this thread knows the session may be over.
    expect(isHeld(lease)).toBe(false);
    expect(await beat(me)).toBeGreaterThan(before + 10);
    await until(() => isHeld(lease));
  });

  test('holds no longer after a stall without renewals, and no late message makes it', async () => {
    await using proxy = await openProxy(database.url);
    const { me, lease } = await keep({ metadataUrl: new Secret(proxy.url) });
    proxy.holdAnswers();
    stall(SESSION_MS);
    expect(isHeld(lease)).toBe(false);
    const { heardMs } = lease;
    await until(() => lease.heardMs > heardMs);
    expect(isHeld(lease)).toBe(false);
    proxy.reset();
    await until(() => isHeld(lease));
    expect(await beat(me)).toBeGreaterThan(0);
  });

  test('is renewed no longer once the main thread shows no progress, and again when it does', async () => {
    const { me, lease } = await keep({ stallMsMax: 700 });
    const before = await beat(me);
    stall(2000);
    const after = await beat(me);
    // The first of them may have been on its way already.
    expect(after - before).toBeLessThanOrEqual(700 / HEARTBEAT_MS + 1);
    await until(() => isHeld(lease));
    expect(await beat(me)).toBeGreaterThan(after);
  });

  test('tells when the session is fenced, for good', async () => {
    const { me, lease } = await keep();
    await metadata.agents.fence(me, undefined, soon());
    await lease.fenced;
    expect(isHeld(lease)).toBe(false);
  });

  test('is over when its thread dies: nobody would renew the session', async () => {
    const open = workerLeaseOpener(
      {
        metadataUrl: new Secret('not a URL'),
        agentId: 'test',
        heartbeatIntervalMs: HEARTBEAT_MS,
        sessionTimeoutMs: SESSION_MS,
        stallMsMax: 10_000,
      },
      () => undefined,
    );
    const me = await registerAgent(metadata);
    await using lease = open({ incarnation: me, registeredMs: systemClock.monotonicMs() });
    await lease.fenced;
    expect(isHeld(lease)).toBe(false);
  });

  test.each([-600_000, 600_000])(
    'does not care when the clock on the wall jumps by %i ms',
    async (shiftMs) => {
      const { me, lease } = await keep();
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + shiftMs });
      await until(() => isHeld(lease));
      const before = await beat(me);
      await until(async () => (await beat(me)) > before + 3);
      await until(() => isHeld(lease));
      stall(2 * SESSION_MS);
      expect(isHeld(lease)).toBe(false);
      await until(() => isHeld(lease));
    },
  );
});
