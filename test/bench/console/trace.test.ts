import { expect, test } from 'vitest';
import { MainThread, type TraceEvent } from './trace.ts';

const page = { pid: 1, tid: 2 };

function task(ms: number, wallMs: number, cpuMs: number, of = page): TraceEvent {
  const times = { ts: ms * 1_000, dur: wallMs * 1_000, tdur: cpuMs * 1_000 };
  return { ...of, name: 'RunTask', ph: 'X', ...times };
}

function mark(ms: number, name: string): TraceEvent {
  return { ...page, name, ph: 'I', ts: ms * 1_000 };
}

function mainThread(of = page): TraceEvent {
  return { ...of, name: 'thread_name', ph: 'M', ts: 0, args: { name: 'CrRendererMain' } };
}

test('a task counts from the moment that it ends after to the one that it begins before', () => {
  const thread = new MainThread([
    mainThread(),
    task(20, 4, 3),
    ...[task(0, 10, 8), task(12, 2, 1), mark(5, 'asked'), mark(21, 'shown')],
  ]);
  expect(thread.between(thread.mark('asked'), thread.mark('shown'))).toEqual({
    ...{ wallMs: 16, cpuMs: 12 },
  });
  expect(thread.between(10, 20)).toEqual({ wallMs: 2, cpuMs: 1 });
  expect(thread.longest(1)).toEqual({ wallMs: 4, cpuMs: 3 });
  expect(() => thread.mark('never')).toThrow('never came to "never"');
});

test('what is done for a frame is what is done within some time after it', () => {
  const frames = [10, 20, 30].map((ms) => mark(ms, 'frame'));
  const tasks = [
    task(9, 3, 2),
    task(15, 1, 1),
    task(19, 0.5, 0.5),
    task(20.5, 5, 5),
    task(31, 50, 50),
  ];
  expect(new MainThread([mainThread(), ...frames, ...tasks]).after('frame', 8)).toEqual([
    { wallMs: 4, cpuMs: 3 },
    { wallMs: 5, cpuMs: 5 },
  ]);
});

test('the page is the main thread that had most to do; other threads and processes are not', () => {
  const other = { pid: 9, tid: 2 };
  const worker = { pid: 1, tid: 5 };
  const threads = [mainThread(other), mainThread()];
  const tasks = [task(0, 1, 1, other), task(0, 2, 2), task(0, 50, 50, worker)];
  expect(new MainThread([...threads, ...tasks]).longest(0)).toEqual({ wallMs: 2, cpuMs: 2 });
  expect(() => new MainThread(tasks)).toThrow('no page');
});
