/** B-12: crowds that keep connections and give nothing for it. Whoever asks for something is answered all the while. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { LIMITS } from '@streamhouse/core/limits.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '@streamhouse/store/metadata/pg/database.test-support.ts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { expectUnmoved } from '../harness/agent-gauge.ts';
import { type ApiProcess, startApiProcess } from '../harness/api-process.ts';
import { type CrowdMember, gather } from '../harness/crowd/crowd.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

const IDLE = 10_000;
const SLOW = 1_000;
const WRONG = 20;
/** What Node.js keeps of a connection: its handle, its streams and its parser, 12 KiB were measured. */
const CONNECTION_BYTES = 12_288;
/** For an answer, on a machine that does much else. */
const ANSWER_MS_MAX = 10_000;
const HOST = 'host: localhost\r\n';

let database: TestDatabase;
let api: ApiProcess;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startApiProcess({ postgresUrl: database.url });
});
afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

/** Asks by itself until the attack is over, now over a connection that it has, now over a new one. */
async function expectAnswered(attack: () => Promise<void>): Promise<void> {
  let isOver = false;
  const answers: { readonly status: number; readonly ms: number }[] = [];
  const behave = async (): Promise<void> => {
    for (let count = 0; !isOver; count++) {
      const startMs = performance.now();
      const headers = count % 2 === 0 ? { connection: 'close' } : {};
      const { status } = await api.call('GET /api/v1/topics', { headers });
      answers.push({ status, ms: performance.now() - startMs });
    }
  };
  const behaving = behave();
  await attack().finally(() => {
    isOver = true;
  });
  await behaving;
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(ANSWER_MS_MAX);
}

async function statusOf(head: string): Promise<string | undefined> {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(head);
  return /^HTTP\/1.1 (\d{3}) /.exec(await text(socket))?.[1];
}

test(`B-12: ${IDLE} idle connections, slow ones and wrong ones keep nobody from being answered`, async () => {
  const port = Number(new URL(api.url).port);
  const crowd = (count: number, member: CrowdMember) => gather({ port, count, member });
  const metricsUrl = `http://127.0.0.1:${api.operator.httpPort}/metrics`;
  const attack = async (): Promise<void> => {
    await using idle = crowd(IDLE, { first: '', drip: '', everyMs: 0 });
    const head = `GET /health HTTP/1.1\r\n${HOST}`;
    await using headers = crowd(SLOW, { first: head, drip: 'a', everyMs: 2_000 });
    const post = `POST /api/v1/session HTTP/1.1\r\n${HOST}content-type: application/json\r\n`;
    const body = `${post}content-length: 1000\r\n\r\n{`;
    await using bodies = crowd(SLOW, { first: body, drip: ' ', everyMs: 2_000 });
    await Promise.all([idle.opened, headers.opened, bodies.opened]);
    const smuggled = `${post}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`;
    const endless = `${head}${'a: b\r\n'.repeat(100_000)}\r\n`;
    for (let count = 0; count < WRONG; count++) {
      expect(await statusOf(smuggled)).toBe('400');
      expect(await statusOf(endless)).toBe('431');
    }
    expect((await idle.ended).statuses).toEqual({ 408: IDLE });
    expect((await headers.ended).statuses).toEqual({ 408: SLOW });
    expect((await bodies.ended).statuses).toEqual({ 408: SLOW });
  };
  const startMs = performance.now();
  const target = { pid: api.operator.pid, metricsUrl };
  const connectionsBytes = (IDLE + 2 * SLOW) * CONNECTION_BYTES;
  await expectUnmoved(target, () => expectAnswered(attack), connectionsBytes);
  expect(performance.now() - startMs).toBeGreaterThan(LIMITS.apiRequestMsMax);
});
