import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FlushEffect,
  type FlushEvent,
  type FlushSettings,
  type FlushState,
  isFlushIdle,
  openFlushPipeline,
  stepFlush,
} from './flush-pipeline.ts';

const SETTINGS: FlushSettings = {
  bytesMax: 1_000,
  uploadsInFlightMax: 3,
  putsPerSecondMax: 10,
  putsBurst: 4,
  intervalMs: 250,
};

/** A pipeline with what the outside world knows of it: what is open, on its way, and when a tick was asked for. */
class Pipeline {
  readonly state: FlushState;
  readonly sealed: { readonly atMs: number; readonly bytes: number }[] = [];
  readonly uploading = new Set<number>();
  readonly published: number[] = [];
  publishing: number | undefined;
  openBytes = 0;
  wakeAtMs: number | undefined;
  nowMs = 0;

  constructor(settings: FlushSettings = SETTINGS) {
    this.state = openFlushPipeline(settings, 0);
  }

  step(event: FlushEvent): readonly FlushEffect[] {
    if (event.type === 'appended') this.openBytes += event.bytes;
    if (event.type === 'uploaded') this.uploading.delete(event.sequence);
    if (event.type === 'published') this.#settle(event.sequence);
    if (this.wakeAtMs !== undefined && this.wakeAtMs <= this.nowMs) this.wakeAtMs = undefined;
    const effects = stepFlush(this.state, event, this.nowMs);
    for (const effect of effects) this.#run(effect);
    return effects;
  }

  /** Lets time pass, with the ticks that were asked for. */
  wait(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let ticks = 0; this.wakeAtMs !== undefined && this.wakeAtMs <= untilMs; ticks++) {
      if (ticks > 1_000) throw new Error('asks for ticks without end');
      this.nowMs = this.wakeAtMs;
      this.step({ type: 'tick' });
    }
    this.nowMs = untilMs;
  }

  #settle(sequence: number): void {
    this.published.push(sequence);
    this.publishing = undefined;
  }

  #run(effect: FlushEffect): void {
    switch (effect.type) {
      case 'seal':
        expect(effect.sequence).toBe(this.sealed.length);
        expect(this.openBytes).toBeGreaterThan(0);
        this.sealed.push({ atMs: this.nowMs, bytes: this.openBytes });
        this.openBytes = 0;
        break;
      case 'upload':
        this.uploading.add(effect.sequence);
        expect(this.uploading.size).toBeLessThanOrEqual(this.state.settings.uploadsInFlightMax);
        break;
      case 'publish':
        expect(this.publishing).toBeUndefined();
        expect(effect.sequence).toBe(this.published.length);
        expect(this.uploading.has(effect.sequence)).toBe(false);
        this.publishing = effect.sequence;
        break;
      case 'wakeAt':
        expect(effect.atMs).toBeGreaterThan(this.nowMs);
        this.wakeAtMs = effect.atMs;
        break;
      case 'stop':
        break;
    }
  }
}

type Happening =
  | { readonly type: 'appended'; readonly bytes: number }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'uploaded'; readonly number: number }
  | { readonly type: 'published' }
  | { readonly type: 'hurry' };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('appended' as const),
      bytes: fc.integer({ min: 1, max: 600 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.nat(300) }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('uploaded' as const), number: fc.nat(5) }),
  },
  { weight: 3, arbitrary: fc.constant({ type: 'published' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'hurry' as const }) },
);

function carryOut(pipeline: Pipeline, what: Happening): void {
  switch (what.type) {
    case 'wait':
      pipeline.wait(what.ms);
      break;
    case 'uploaded': {
      const sequence = [...pipeline.uploading][what.number % Math.max(1, pipeline.uploading.size)];
      if (sequence !== undefined) pipeline.step({ type: 'uploaded', sequence });
      break;
    }
    case 'published':
      if (pipeline.publishing !== undefined) {
        pipeline.step({ type: 'published', sequence: pipeline.publishing });
      }
      break;
    case 'appended':
    case 'hurry':
      pipeline.step(what);
  }
}

const happenings = fc.array(happening, { maxLength: 150 });

describe('flush pipeline', () => {
  it('publishes in sequence, one at a time, what is uploaded, and in the end everything (I-03, I-13)', () => {
    fc.assert(
      fc.property(happenings, (all) => {
        const pipeline = new Pipeline();
        for (const what of all) carryOut(pipeline, what);
        // Object order, one publish at a time and the upload before it are checked at every effect.
        for (let round = 0; round < 200 && !isFlushIdle(pipeline.state); round++) {
          for (const what of [
            { type: 'uploaded', number: round } as const,
            { type: 'published' } as const,
            { type: 'wait', ms: 250 } as const,
          ]) {
            carryOut(pipeline, what);
          }
        }
        expect(isFlushIdle(pipeline.state)).toBe(true);
        expect(pipeline.openBytes).toBe(0);
        expect(pipeline.published).toEqual(pipeline.sealed.map((_, sequence) => sequence));
      }),
    );
  });

  it('leaves no full object open, and never forgets an open one', () => {
    fc.assert(
      fc.property(happenings, (all) => {
        const pipeline = new Pipeline();
        for (const what of all) {
          carryOut(pipeline, what);
          expect(pipeline.openBytes).toBeLessThan(SETTINGS.bytesMax);
          const isAwaited =
            pipeline.wakeAtMs !== undefined ||
            pipeline.uploading.size > 0 ||
            pipeline.publishing !== undefined;
          expect(pipeline.openBytes === 0 || isAwaited).toBe(true);
        }
      }),
    );
  });

  it('spends on small objects no more than the bucket holds, and no less when there is need', () => {
    const pauses = fc.array(fc.oneof(fc.nat(50), fc.nat(1_000)), { maxLength: 60 });
    fc.assert(
      fc.property(pauses, (pausesMs) => {
        const pipeline = new Pipeline();
        let tokens = SETTINGS.putsBurst;
        for (const ms of pausesMs) {
          pipeline.wait(ms);
          pipeline.step({ type: 'appended', bytes: 1 });
          while (pipeline.uploading.size > 0 || pipeline.publishing !== undefined) {
            carryOut(pipeline, { type: 'uploaded', number: 0 });
            carryOut(pipeline, { type: 'published' });
          }
        }
        let lastMs = 0;
        for (const { atMs } of pipeline.sealed) {
          const earned = ((atMs - lastMs) / 1_000) * SETTINGS.putsPerSecondMax;
          tokens = Math.min(SETTINGS.putsBurst, tokens + earned) - 1;
          lastMs = atMs;
          expect(tokens).toBeGreaterThan(-1e-6);
        }
        const owed = ((pipeline.nowMs - lastMs) / 1_000) * SETTINGS.putsPerSecondMax;
        // Waits are whole milliseconds, of which one earns a hundredth.
        if (pipeline.openBytes > 0) expect(tokens + owed).toBeLessThan(1.01 + 1e-6);
      }),
    );
  });

  it('costs nothing to wait for where PUTs cost nothing', () => {
    const pipeline = new Pipeline({ ...SETTINGS, putsPerSecondMax: Number.POSITIVE_INFINITY });
    for (let sequence = 0; sequence < 100; sequence++) {
      pipeline.step({ type: 'appended', bytes: 1 });
      expect(pipeline.sealed).toHaveLength(sequence + 1);
      pipeline.step({ type: 'uploaded', sequence });
      pipeline.step({ type: 'published', sequence });
    }
  });

  it('holds a small object back while one is uploaded, but no longer than the interval', () => {
    const pipeline = new Pipeline();
    pipeline.wait(10_000);
    pipeline.step({ type: 'appended', bytes: 1 });
    pipeline.step({ type: 'appended', bytes: 1 });
    pipeline.wait(SETTINGS.intervalMs - 1);
    expect(pipeline.sealed).toHaveLength(1);
    pipeline.wait(1);
    expect(pipeline.sealed).toHaveLength(2);
  });

  it('holds it back no longer than that either when the upload before had to wait for its place', () => {
    const pipeline = new Pipeline();
    const { uploadsInFlightMax, bytesMax, intervalMs } = SETTINGS;
    for (let count = 0; count <= uploadsInFlightMax; count++) {
      pipeline.step({ type: 'appended', bytes: bytesMax });
    }
    pipeline.step({ type: 'appended', bytes: 1 });
    pipeline.wait(intervalMs);
    expect(pipeline.sealed).toHaveLength(uploadsInFlightMax + 1);
    pipeline.step({ type: 'uploaded', sequence: 0 });
    pipeline.wait(intervalMs);
    expect(pipeline.sealed).toHaveLength(uploadsInFlightMax + 2);
  });

  it('lets small objects wait when many wait for their publish: the open one grows instead', () => {
    const pipeline = new Pipeline({ ...SETTINGS, putsPerSecondMax: Number.POSITIVE_INFINITY });
    for (let sequence = 0; sequence < 100; sequence++) {
      pipeline.step({ type: 'appended', bytes: 1 });
      if (pipeline.uploading.has(sequence)) pipeline.step({ type: 'uploaded', sequence });
    }
    expect(pipeline.sealed).toHaveLength(16);
    pipeline.step({ type: 'published', sequence: 0 });
    expect(pipeline.sealed.at(-1)).toMatchObject({ bytes: 84 });
  });

  it('flushes at once without a token when it must hurry, once', () => {
    const pipeline = new Pipeline({ ...SETTINGS, putsBurst: 1 });
    pipeline.step({ type: 'appended', bytes: 1 });
    pipeline.step({ type: 'appended', bytes: 1 });
    pipeline.step({ type: 'hurry' });
    expect(pipeline.sealed).toHaveLength(2);
    pipeline.step({ type: 'appended', bytes: 1 });
    expect(pipeline.sealed).toHaveLength(2);
  });

  it('forgets the hurry when nothing is open', () => {
    const pipeline = new Pipeline({ ...SETTINGS, putsBurst: 1 });
    pipeline.step({ type: 'appended', bytes: 1 });
    pipeline.step({ type: 'hurry' });
    pipeline.step({ type: 'appended', bytes: 1 });
    expect(pipeline.sealed).toHaveLength(1);
  });

  it.each<[FlushEvent, 'uploadFailed' | 'fenced']>([
    [{ type: 'uploadFailed', sequence: 0 }, 'uploadFailed'],
    [{ type: 'fenced' }, 'fenced'],
  ])('stops for good at %j: nothing after it is published', (event, reason) => {
    const pipeline = new Pipeline();
    pipeline.step({ type: 'appended', bytes: 1_000 });
    pipeline.step({ type: 'appended', bytes: 1_000 });
    expect(pipeline.step(event)).toEqual([{ type: 'stop', reason }]);
    expect(pipeline.step({ type: 'uploaded', sequence: 0 })).toEqual([]);
    expect(pipeline.step({ type: 'appended', bytes: 1_000 })).toEqual([]);
  });

  it('refuses events that cannot be: they would publish out of order', () => {
    const pipeline = new Pipeline();
    pipeline.step({ type: 'appended', bytes: 1_000 });
    pipeline.step({ type: 'appended', bytes: 1_000 });
    expect(() => stepFlush(pipeline.state, { type: 'published', sequence: 1 }, 0)).toThrow(
      'out of sequence',
    );
    expect(() => stepFlush(pipeline.state, { type: 'uploaded', sequence: 9 }, 0)).toThrow('9');
  });
});
