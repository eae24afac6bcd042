import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HistoryEvent } from './history.ts';
import { HistoryError, readHistory } from './history-reader.ts';
import { randomHistory } from './random-history.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'history-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(bytes: string | Uint8Array): Promise<HistoryEvent[]> {
  const path = join(folder, 'history.ndjson');
  await writeFile(path, bytes);
  const events: HistoryEvent[] = [];
  await readHistory(path, (event) => events.push(event));
  return events;
}

const PHASE = { i: 0, t: 5, process: 'nemesis', type: 'ok', f: 'phase', value: { phase: 'heal' } };
const SEND = {
  ...{ i: 0, t: 5, process: 'p', type: 'ok', f: 'send' },
  value: { topic: 't', topicId: 'A', partition: 0, values: ['a', 'ä'], offsets: [0, 1] },
};
const POLL_VALUE = { records: [{ topic: 't', partition: 0, reads: [[0, 'a']] }] };

function lines(...events: readonly unknown[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

test('reads what was written, over the borders of chunks', async () => {
  const events = [...randomHistory({ seed: 7, records: 20_000 })];
  const text = lines(...events);
  expect(text.length).toBeGreaterThan(3 * 2 ** 20);
  expect(await read(text)).toEqual(events);
});

test('needs no end of line at the end, and no line at all', async () => {
  expect(await read(lines(SEND).trimEnd())).toEqual([SEND]);
  expect(await read('')).toEqual([]);
});

test.each<[message: string, text: string | Uint8Array]>([
  ['line 2: not JSON', `${lines(PHASE)}{"i":1`],
  ['line 2: not JSON', `${lines(PHASE)}\n`],
  [
    'line 2: not UTF-8',
    Buffer.concat([Buffer.from(lines(PHASE)), Buffer.from([0x22, 0xff, 0x0a])]),
  ],
  ['line 1: longer than 16777216 bytes', Buffer.alloc(17 * 2 ** 20, 'x')],
  ['line 1: the event must be an object', 'null\n'],
  ['line 2: i is 2, must be 1', lines(PHASE, { ...PHASE, i: 2 })],
  ['line 2: t falls from 5 to 4', lines(PHASE, { ...PHASE, i: 1, t: 4 })],
  ['line 1: the event.i must be an integer', lines({ ...PHASE, i: -1 })],
  ['line 1: the event.t must be an integer', lines({ ...PHASE, t: 2 ** 53 })],
  ['line 1: the event.process must be a text', lines({ ...PHASE, process: '' })],
  [
    'line 1: the event.type must be one of invoke, ok, fail, info',
    lines({ ...PHASE, type: 'yes' }),
  ],
  ['line 1: the event.f must be one of send, ', lines({ ...PHASE, f: 'toString' })],
  ['line 1: the event.err must be a text', lines({ ...PHASE, err: 1 })],
  ['line 1: the event.value must be an object', lines({ ...PHASE, value: null })],
  [
    'line 1: the event.value.values must be a list',
    lines({ ...SEND, value: { ...SEND.value, values: 'a' } }),
  ],
  [
    'line 1: the event.value.values must not be empty',
    lines({ ...SEND, value: { ...SEND.value, values: [], offsets: [] } }),
  ],
  [
    'line 1: the event.value.offsets must have one for each value',
    lines({ ...SEND, value: { ...SEND.value, offsets: [0] } }),
  ],
  [
    'line 1: the event.value.offsets must have one for each value',
    lines({ ...SEND, value: { ...SEND.value, offsets: undefined } }),
  ],
  [
    'line 1: the event.value.offsets[1] must be an integer',
    lines({ ...SEND, value: { ...SEND.value, offsets: [0, 1.5] } }),
  ],
  [
    'line 1: the event.value.topicId must be a text',
    lines({ ...SEND, value: { ...SEND.value, topicId: '' } }),
  ],
  [
    'line 1: the event.value.records[0].reads[0] must be a pair',
    lines({
      ...PHASE,
      f: 'poll',
      value: { records: [{ ...POLL_VALUE.records[0], reads: [[0]] }] },
    }),
  ],
  [
    'line 1: the event.value.records[0].reads[0] must be a text',
    lines({
      ...PHASE,
      f: 'poll',
      value: { records: [{ ...POLL_VALUE.records[0], reads: [[0, 1]] }] },
    }),
  ],
  [
    'line 1: the event.value.from[0].offset must be',
    lines({ ...PHASE, f: 'assign', value: { from: [{ topic: 't', partition: 0 }] } }),
  ],
  ['line 1: the event.value.ends must be a list', lines({ ...PHASE, f: 'end', value: {} })],
  [
    'line 1: the event.value.change must be one of create, delete, grow',
    lines({ ...PHASE, f: 'topic', value: { change: 'drop', topic: 't' } }),
  ],
  [
    'line 1: the event.value.target must be a text',
    lines({ ...PHASE, f: 'fault', value: { kind: 'kill', change: 'start' } }),
  ],
])('refuses a line and names it: %s', async (message, text) => {
  const error: unknown = await read(text).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(HistoryError);
  expect((error as HistoryError).message).toContain(message);
  expect(message).toContain(`line ${(error as HistoryError).line}:`);
});
