import { EventEmitter } from 'node:events';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { describe, expect, test } from 'vitest';
import { FrameGuard, type GuardedStream } from './frame-guard.ts';

/** A stream that is fed by hand. */
class Stream extends EventEmitter implements GuardedStream {
  closedWith: number | undefined;

  close(code: number): void {
    this.closedWith ??= code;
    this.emit('close');
  }

  /** A message with its prefix, cut into frames of that size; the last bytes may be left out. */
  send(bytes: number, frameBytes: number, missingBytes = 0): void {
    const message = Buffer.alloc(5 + bytes);
    message.writeUInt32BE(bytes, 1);
    const end = message.length - missingBytes;
    for (let start = 0; start < end && this.closedWith === undefined; start += frameBytes)
      this.emit('data', message.subarray(start, Math.min(start + frameBytes, end)));
  }
}

function watch(guard: FrameGuard = new FrameGuard()): Stream {
  const stream = new Stream();
  guard.watch(stream);
  return stream;
}

describe('B-04 the guard of a connection', () => {
  test('lets whole messages pass, however many and however they are cut', () => {
    const stream = watch();
    for (let count = 0; count < 5_000; count++) stream.send(4, 3);
    stream.send(LIMITS.grpcMessageBytesMax, 1_400);
    for (let count = 0; count < 100; count++) stream.send(LIMITS.batchBytesMax, 16_384);
    for (let count = 0; count < 2_000; count++) stream.send(0, 1);
    // Many messages in one frame, and the beginning of another one.
    const many = Buffer.concat([
      ...Array<Buffer>(3_000).fill(Buffer.alloc(5)),
      Buffer.from([0, 0]),
    ]);
    for (let count = 0; count < 5; count++) stream.emit('data', many);
    expect(stream.closedWith).toBeUndefined();
  });

  test('closes a stream whose message comes in crumbs', () => {
    const stream = watch();
    stream.send(8_000_000, 1);
    expect(stream.closedWith).toBe(0xb);
  });

  test('counts what all streams hold, and what a closed one held no longer', () => {
    const guard = new FrameGuard();
    const size = LIMITS.grpcMessageBytesMax;
    const open = Array.from({ length: LIMITS.grpcPartialBytesMax / size }, () => watch(guard));
    for (const stream of open) stream.send(size, 16_384, 100);
    expect(open.map(({ closedWith }) => closedWith)).toEqual(open.map(() => undefined));
    const over = watch(guard);
    over.send(size, 16_384, 100);
    expect(over.closedWith).toBe(0xb);
    open[0]!.emit('close');
    const again = watch(guard);
    again.send(size, 16_384, 100);
    expect(again.closedWith).toBeUndefined();
  });
});
