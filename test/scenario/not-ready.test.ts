/**
 * An agent process whose Postgres or S3 cannot be used (B-18, A-03): it stays up, names the cause at /ready, tells clients
 * to come back, shows no secret, and serves as soon as it can.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase } from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Fault } from '../harness/s3-gateway/fault.ts';
import { type S3Gateway, startS3Gateway } from '../harness/s3-gateway/gateway.ts';
import { openRawAgent } from '../harness/raw-grpc.ts';
import { until } from '../harness/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MAIN = createRequire(import.meta.url).resolve('@streamhouse/agent/main.ts');
const UNAVAILABLE = 14;
const BUCKET = 'logs';
const ACCESS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'canary-of-s3' };
const S3_ENV = {
  AWS_ACCESS_KEY_ID: ACCESS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: ACCESS.secretAccessKey,
  STREAMHOUSE_BUCKET: BUCKET,
};

let root: string;
let gateway: S3Gateway;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'streamhouse-not-ready-'));
  gateway = await startS3Gateway({ root, port: 0, bucket: BUCKET, ...ACCESS });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

interface LoneAgent {
  /** Answers of the probe `/health` or `/ready`. */
  probe(path: string): Promise<{ readonly status: number; readonly body: string }>;
  readonly address: string;
  /** Ends it; resolves its exit code and all that it wrote. */
  stop(): Promise<{ readonly exitCode: number | null; readonly output: string }>;
}

async function startAgent(env: Readonly<Record<string, string>>): Promise<LoneAgent> {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      AWS_ENDPOINT_URL: gateway.url,
      ...S3_ENV,
      AGENT_ADDRESS: '127.0.0.1:0',
      METRICS_PORT: '0',
      EXIT_ON_STDIN_CLOSE: '1',
      ...env,
    },
  });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  // The ports that it found stand in its log.
  const told = (name: string): string | undefined =>
    new RegExp(`"${name}":(\\d+)`).exec(output)?.[1];
  await until(() => told('httpPort') !== undefined, AbortSignal.timeout(30_000));
  return {
    address: `127.0.0.1:${told('grpcPort')}`,
    async probe(path) {
      const response = await fetch(`http://127.0.0.1:${told('httpPort')}${path}`);
      return { status: response.status, body: await response.text() };
    },
    async stop() {
      child.kill('SIGTERM');
      const [exitCode] = (await ended) as [number | null];
      return { exitCode, output };
    },
  };
}

/** Not ready because of `cause`, and otherwise well. */
async function expectNotReady(agent: LoneAgent, cause: RegExp): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  await until(async () => cause.test((await agent.probe('/ready')).body), signal);
  expect(await agent.probe('/ready')).toMatchObject({ status: 503 });
  expect(await agent.probe('/health')).toMatchObject({ status: 200 });
  const raw = openRawAgent(agent.address);
  onTestFinished(() => raw.close());
  const failure = await raw.failure('AdminService/ListTopics', {});
  expect(failure).toMatchObject({ code: UNAVAILABLE, kind: 'unavailable', reason: 'NOT_READY' });
  expect(failure.message).toMatch(cause);
  expect(failure.retryAfterMs).toBeGreaterThan(0);
}

async function expectReady(agent: LoneAgent): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  await until(async () => (await agent.probe('/ready')).status === 200, signal);
}

describe('B-18 an agent without what it stands on', () => {
  test('names what is wrong with S3, one thing after the other, and serves once nothing is', async () => {
    await using database = await createTestDatabase();
    const refuse = (status: number, code: string): Fault => ({ kind: 'refuse', status, code });
    const rows: readonly [Fault, RegExp][] = [
      [refuse(403, 'AccessDenied'), /logs.*(AccessDenied|permission|not allowed|may not)/i],
      [refuse(400, 'ExpiredToken'), /expired/i],
      [refuse(403, 'RequestTimeTooSkewed'), /clock/i],
      [refuse(301, 'PermanentRedirect'), /region|endpoint/i],
      [refuse(404, 'NoSuchBucket'), /bucket.*logs/i],
    ];
    gateway.setRules(() => rows[0]![0]);
    const agent = await startAgent({ METADATA_STORE: database.url });
    for (const [fault, cause] of rows) {
      gateway.setRules(() => fault);
      await expectNotReady(agent, cause);
    }
    gateway.setRules(undefined);
    await expectReady(agent);
    const { exitCode, output } = await agent.stop();
    expect(exitCode).toBe(0);
    expect(output).not.toContain(ACCESS.secretAccessKey);
  });

  test('says that a bucket is not there, and that a secret is wrong', async () => {
    await using database = await createTestDatabase();
    for (const [env, cause] of [
      [{ STREAMHOUSE_BUCKET: 'nowhere' }, /nowhere/],
      [{ AWS_SECRET_ACCESS_KEY: 'canary-too' }, /secret|key|credential/i],
    ] as const) {
      const agent = await startAgent({ METADATA_STORE: database.url, ...env });
      await expectNotReady(agent, cause);
      const { exitCode, output } = await agent.stop();
      expect(exitCode).toBe(0);
      expect(output).not.toMatch(/canary/);
    }
  });

  test('names what is wrong with Postgres, and serves once nothing is', async () => {
    await using database = await createTestDatabase();
    const name = new URL(database.url).pathname.slice(1);
    await database.sql(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const agent = await startAgent({ METADATA_STORE: database.url });
    await expectNotReady(agent, /read-only/);
    const login = `login_${name.slice(-12)}`;
    await database.sql(`SET default_transaction_read_only = off`);
    await database.sql(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
    // Connections that were made before keep their settings.
    await database.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()`,
      [name],
    );
    await expectReady(agent);
    expect((await agent.stop()).exitCode).toBe(0);

    await database.sql(`CREATE ROLE ${login} LOGIN PASSWORD 'canary-of-pg' CONNECTION LIMIT 0`);
    const limited = new URL(database.url);
    limited.username = login;
    limited.password = 'canary-of-pg';
    const starved = await startAgent({ METADATA_STORE: limited.href });
    await expectNotReady(starved, /too many connections/);
    const { exitCode, output } = await starved.stop();
    expect(exitCode).toBe(0);
    expect(output).not.toContain('canary');
    await database.sql(`DROP ROLE ${login}`);
  });

  test('says that the schema is of a newer program, and serves once it is not', async () => {
    await using database = await createTestDatabase();
    await database.sql(
      `INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'from-the-future', '')`,
    );
    const agent = await startAgent({ METADATA_STORE: database.url });
    await expectNotReady(agent, /schema version 9999.*newer program/);
    await database.sql('DELETE FROM schema_migrations WHERE version = 9999');
    await expectReady(agent);
    expect((await agent.stop()).exitCode).toBe(0);
  });
});
