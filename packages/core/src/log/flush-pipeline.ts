/**
 * When an agent seals its open object, and in what order sealed objects are published.
 *
 *   open ──seal──▶ sealed ──upload──▶ uploading ──uploaded──▶ uploaded ──publish──▶ publishing ──published──▶
 *
 * A full object is sealed at once and waits for an upload slot. A small one is sealed when the pipe is free: nothing is
 * being uploaded, or the newest upload is older than the flush interval. Each small one spends a token, and the bucket
 * bounds what PUTs cost; full ones spend none: they carry their worth in bytes. Publishes go strictly in sequence, so that offsets become visible in order (I-03, I-13).
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

type Stage = 'sealed' | 'uploading' | 'uploaded' | 'publishing';

interface SealedObject {
  readonly sequence: number;
  /** When its upload began. */
  uploadMs: number;
  stage: Stage;
}

export interface FlushState {
  readonly settings: FlushSettings;
  openBytes: number;
  nextSequence: number;
  /** Sealed and not yet published, by sequence. Bounded by the bytes that the agent accepts, and small ones by SMALL_BACKLOG_MAX. */
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
  /** Take everything open as one object. */
  | { readonly type: 'seal'; readonly sequence: number }
  | { readonly type: 'upload'; readonly sequence: number }
  | { readonly type: 'publish'; readonly sequence: number }
  /** Send a tick at this time at the latest. */
  | { readonly type: 'wakeAt'; readonly atMs: number }
  | { readonly type: 'stop'; readonly reason: 'uploadFailed' | 'fenced' };

/** Objects that may wait for their publish before the next small one is sealed: the open object grows instead. */
const SMALL_BACKLOG_MAX = 16;

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
  return [
    ...publishNext(state),
    // Before the look at the open object as well: how long that waits depends on when the newest upload began.
    ...startUploads(state, nowMs),
    ...sealIfDue(state, nowMs),
    ...startUploads(state, nowMs),
  ];
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
  if (state.openBytes >= settings.bytesMax || state.isHurried) return [seal(state)];
  if (state.objects.length >= SMALL_BACKLOG_MAX) return [];

  const newest = state.objects.findLast(
    (object) => object.stage === 'uploading' || object.stage === 'sealed',
  );
  if (newest?.stage === 'sealed') return [];
  const pipeFreeAtMs = newest === undefined ? nowMs : newest.uploadMs + settings.intervalMs;
  if (pipeFreeAtMs > nowMs) return [{ type: 'wakeAt', atMs: pipeFreeAtMs }];
  refill(state, nowMs);
  if (state.tokens < 1) {
    const waitMs = ((1 - state.tokens) / settings.putsPerSecondMax) * 1000;
    // Whole milliseconds: a remainder of rounding would ask for a tick at this very moment, again and again.
    return [{ type: 'wakeAt', atMs: nowMs + Math.ceil(waitMs) }];
  }
  if (settings.putsPerSecondMax !== Number.POSITIVE_INFINITY) state.tokens -= 1;
  return [seal(state)];
}

function startUploads(state: FlushState, nowMs: number): FlushEffect[] {
  const effects: FlushEffect[] = [];
  let uploading = state.objects.filter((object) => object.stage === 'uploading').length;
  for (const object of state.objects) {
    if (object.stage !== 'sealed') continue;
    if (uploading >= state.settings.uploadsInFlightMax) break;
    object.stage = 'uploading';
    object.uploadMs = nowMs;
    uploading++;
    effects.push({ type: 'upload', sequence: object.sequence });
  }
  return effects;
}

function refill(state: FlushState, nowMs: number): void {
  const { putsPerSecondMax, putsBurst } = state.settings;
  if (putsPerSecondMax === Number.POSITIVE_INFINITY) return;
  const earned = ((nowMs - state.tokensAtMs) / 1000) * putsPerSecondMax;
  state.tokens = Math.min(putsBurst, state.tokens + earned);
  state.tokensAtMs = nowMs;
}

function seal(state: FlushState): FlushEffect {
  const sequence = state.nextSequence++;
  state.objects.push({ sequence, uploadMs: 0, stage: 'sealed' });
  state.openBytes = 0;
  state.isHurried = false;
  return { type: 'seal', sequence };
}
