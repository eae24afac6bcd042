/**
 * When an agent seals its open object, and in what order sealed objects are published.
 *
 *   open ──seal──▶ uploading ──uploaded──▶ waiting for its turn ──publish──▶ published
 *
 * Small objects are sealed when the pipe is free: nothing is being uploaded, or the newest upload is older than the flush
 * interval. Each spends a token, and the bucket bounds what PUTs cost. Full objects spend none: they carry their worth in
 * bytes. Publishes go strictly in sequence, so that offsets become visible in order (I-03, I-13).
 */
export interface FlushSettings {
  /** Bytes at which the open object is sealed at once. */
  readonly bytesMax: number;
  readonly uploadsInFlightMax: number;
  /** Small PUTs a second; Infinity where PUTs cost nothing. */
  readonly putsPerSecondMax: number;
  /** Small PUTs at once after a quiet time. */
  readonly putsBurst: number;
  /** Milliseconds after which a slow upload no longer holds the next small object back. */
  readonly intervalMs: number;
}

type Stage = 'uploading' | 'uploaded' | 'publishing';

interface SealedObject {
  readonly sequence: number;
  readonly sealedMs: number;
  stage: Stage;
}

export interface FlushState {
  readonly settings: FlushSettings;
  openBytes: number;
  nextSequence: number;
  /** Sealed and not yet published, by sequence. Bounded by `uploadsInFlightMax` uploads and what waits behind one. */
  readonly objects: SealedObject[];
  tokens: number;
  tokensAtMs: number;
  /** Flush whatever is open without waiting for a token: a handover or the end waits for it. */
  isHurried: boolean;
  isStopped: boolean;
}

export type FlushEvent =
  | { readonly type: 'appended'; readonly bytes: number }
  | { readonly type: 'uploaded'; readonly sequence: number }
  /** The object could not be uploaded before its deadline: everything after it fails too. */
  | { readonly type: 'uploadFailed'; readonly sequence: number }
  | { readonly type: 'published'; readonly sequence: number }
  /** The session is fenced: nothing will be published any more. */
  | { readonly type: 'fenced' }
  | { readonly type: 'hurry' }
  | { readonly type: 'tick' };

export type FlushEffect =
  /** Take everything open as one object and upload it. */
  | { readonly type: 'seal'; readonly sequence: number }
  | { readonly type: 'publish'; readonly sequence: number }
  /** Send a tick at this time at the latest. */
  | { readonly type: 'wakeAt'; readonly atMs: number }
  | { readonly type: 'stop'; readonly reason: 'uploadFailed' | 'fenced' };

/** Sealed objects that may wait for their publish before nothing more is sealed. */
const PUBLISH_BACKLOG_MAX = 16;

export function openFlushPipeline(settings: FlushSettings, nowMs: number): FlushState {
  return {
    settings,
    openBytes: 0,
    nextSequence: 0,
    objects: [],
    tokens: settings.putsBurst,
    tokensAtMs: nowMs,
    isHurried: false,
    isStopped: false,
  };
}

export function stepFlush(state: FlushState, event: FlushEvent, nowMs: number): FlushEffect[] {
  if (state.isStopped) return [];
  switch (event.type) {
    case 'appended':
      state.openBytes += event.bytes;
      break;
    case 'uploaded':
      setStage(state, event.sequence, 'uploaded');
      break;
    case 'published':
      if (state.objects[0]?.sequence !== event.sequence)
        throw new Error('published out of sequence');
      state.objects.shift();
      break;
    case 'uploadFailed':
      state.isStopped = true;
      return [{ type: 'stop', reason: 'uploadFailed' }];
    case 'fenced':
      state.isStopped = true;
      return [{ type: 'stop', reason: 'fenced' }];
    case 'hurry':
      state.isHurried = true;
      break;
    case 'tick':
      break;
  }
  return [...publishNext(state), ...sealIfDue(state, nowMs)];
}

/** Whether nothing is open, being uploaded or waiting for its publish. */
export function isFlushIdle(state: FlushState): boolean {
  return state.openBytes === 0 && state.objects.length === 0;
}

function setStage(state: FlushState, sequence: number, stage: Stage): void {
  const object = state.objects.find((candidate) => candidate.sequence === sequence);
  if (object === undefined) throw new Error(`object ${sequence} is not in the pipeline`);
  object.stage = stage;
}

function publishNext(state: FlushState): FlushEffect[] {
  const first = state.objects[0];
  if (first?.stage !== 'uploaded') return [];
  first.stage = 'publishing';
  return [{ type: 'publish', sequence: first.sequence }];
}

function sealIfDue(state: FlushState, nowMs: number): FlushEffect[] {
  const { settings } = state;
  if (state.openBytes === 0) {
    state.isHurried = false;
    return [];
  }
  const uploads = state.objects.filter((object) => object.stage === 'uploading');
  if (uploads.length >= settings.uploadsInFlightMax || state.objects.length >= PUBLISH_BACKLOG_MAX)
    return [];
  if (state.openBytes >= settings.bytesMax || state.isHurried) return [seal(state, nowMs)];

  const newest = uploads.at(-1);
  const pipeFreeAtMs = newest === undefined ? nowMs : newest.sealedMs + settings.intervalMs;
  if (pipeFreeAtMs > nowMs) return [{ type: 'wakeAt', atMs: pipeFreeAtMs }];
  refill(state, nowMs);
  if (state.tokens < 1) {
    return [
      { type: 'wakeAt', atMs: nowMs + ((1 - state.tokens) / settings.putsPerSecondMax) * 1000 },
    ];
  }
  if (settings.putsPerSecondMax !== Number.POSITIVE_INFINITY) state.tokens -= 1;
  return [seal(state, nowMs)];
}

function refill(state: FlushState, nowMs: number): void {
  const { putsPerSecondMax, putsBurst } = state.settings;
  if (putsPerSecondMax === Number.POSITIVE_INFINITY) return;
  const earned = ((nowMs - state.tokensAtMs) / 1000) * putsPerSecondMax;
  state.tokens = Math.min(putsBurst, state.tokens + earned);
  state.tokensAtMs = nowMs;
}

function seal(state: FlushState, nowMs: number): FlushEffect {
  const sequence = state.nextSequence++;
  state.objects.push({ sequence, sealedMs: nowMs, stage: 'uploading' });
  state.openBytes = 0;
  state.isHurried = false;
  return { type: 'seal', sequence };
}
