/**
 * What happened to a resource, for those who look at it with kubectl: `events.k8s.io/v1`. An event that comes again within six
 * minutes is counted in the series of the first (as client-go does, tools/events) instead of written once more. Recording never
 * waits and never fails: events are dropped, the oldest first, rather than hold anything up.
 */
import { type Clock, delay, type Random } from '@streamhouse/core/async/clock.ts';
import { backoffDelayMs } from '@streamhouse/core/async/retry.ts';
import { Trigger } from '@streamhouse/core/async/run-loop.ts';
import { toStreamError } from '@streamhouse/core/errors.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { Deadline } from './deadline.ts';
import { type KubeApi, KubeError, type KubeObject, type ResourceType } from './kube-api.ts';
import { microTime } from './micro-time.ts';

const EVENT: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  isNamespaced: true,
};

const SERIES_MS = 360_000;
const BACKOFF_MS = 1_000;
const BACKOFF_MS_MAX = 30_000;
const LAST_WRITES_MS_MAX = 2_000;
/** What the API server takes (pkg/apis/core/validation/events.go). */
const NOTE_CHARS_MAX = 1_024;
const NAME_CHARS_MAX = 253;
/** A dot and 48 bits in hexadecimal. */
const SUFFIX_CHARS_MAX = 13;
/** Events of what has no namespace. */
const DEFAULT_NAMESPACE = 'default';

/** `v1.ObjectReference`. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
}

export interface KubeEvent {
  readonly regarding: Regarding;
  readonly type: 'Normal' | 'Warning';
  /** What happened, CamelCase, for programs: `DriftCorrected`. */
  readonly reason: string;
  /** What was being done, CamelCase: `Reconcile`. */
  readonly action: string;
  /** A sentence for people; cut at 1,024 characters. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly kube: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  /** Who reports: `streamhouse.io/operator`. */
  readonly controller: string;
  /** Which process of it: the pod's name. */
  readonly instance: string;
  readonly onError: (error: unknown) => void;
}

/** One event and how often it came. */
interface Series {
  readonly event: KubeEvent;
  readonly namespace: string;
  lastMs: number;
  lastWallMs: number;
  count: number;
  /** Its name once it is written. */
  name: string | undefined;
}

interface EventBody extends KubeObject {
  readonly [field: string]: unknown;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  /** By what makes events the same; in the order of their last occurrence. */
  readonly #series = new Map<string, Series>();
  /** Those whose last occurrence is not written, the oldest first. */
  readonly #unwritten = new Set<Series>();
  readonly #news = new Trigger();
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Events that were never written: too many at once, or refused. */
  get dropped(): number {
    return this.#dropped;
  }

  record(event: KubeEvent): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const key = JSON.stringify([
      event.regarding,
      event.type,
      event.reason,
      event.action,
      event.note,
    ]);
    const known = this.#series.get(key);
    const isSame = known !== undefined && nowMs - known.lastMs < SERIES_MS;
    const series = isSame ? known : begin(event);
    series.count++;
    series.lastMs = nowMs;
    series.lastWallMs = clock.wallMs();
    this.#series.delete(key);
    this.#series.set(key, series);
    this.#unwritten.add(series);
    this.#bound();
    this.#news.fire();
  }

  /** Writes events until the signal aborts, then what is left within 2 s. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const [next] = this.#unwritten;
      if (next === undefined) {
        await this.#news.wait(signal).catch(() => {});
      } else if (await this.#tryToWrite(next, signal)) {
        failures = 0;
      } else {
        failures++;
        const { clock, random } = this.#options;
        const range = { backoffMs: BACKOFF_MS, backoffMaxMs: BACKOFF_MS_MAX, random };
        await delay(clock, backoffDelayMs(failures, range), signal).catch(() => {});
      }
    }
    await this.#writeLast();
  }

  async #writeLast(): Promise<void> {
    const never = new AbortController();
    using deadline = new Deadline(this.#options.clock, never.signal, LAST_WRITES_MS_MAX);
    for (const series of this.#unwritten)
      if (deadline.signal.aborted || !(await this.#tryToWrite(series, deadline.signal))) break;
    this.#dropped += this.#unwritten.size;
    this.#unwritten.clear();
  }

  #bound(): void {
    for (const [key, series] of this.#series) {
      const isOver = this.#options.clock.monotonicMs() - series.lastMs >= SERIES_MS;
      if (!isOver && this.#series.size <= LIMITS.kubeEventsMax) break;
      this.#series.delete(key);
    }
    for (const series of this.#unwritten) {
      if (this.#unwritten.size <= LIMITS.kubeEventsMax) break;
      this.#unwritten.delete(series);
      this.#dropped++;
    }
  }

  /** False when the same write may succeed later. */
  async #tryToWrite(series: Series, signal: AbortSignal): Promise<boolean> {
    const { count } = series;
    try {
      await this.#write(series, signal);
    } catch (error) {
      if (signal.aborted) return false;
      this.#options.onError(error);
      if (toStreamError(error).isRetriable) return false;
      this.#dropped++;
    }
    if (series.count === count) this.#unwritten.delete(series);
    return true;
  }

  async #write(series: Series, signal: AbortSignal): Promise<void> {
    if (series.name !== undefined && (await this.#count(series, series.name, signal))) return;
    const body = this.#bodyOf(series);
    await this.#options.kube.create<EventBody>(EVENT, body, signal);
    series.name = body.metadata.name;
  }

  /** False when the first event is no longer there: the API server keeps them for an hour. */
  async #count(series: Series, name: string, signal: AbortSignal): Promise<boolean> {
    const { namespace } = series;
    try {
      const patch = { series: seriesOf(series) };
      await this.#options.kube.mergePatch(EVENT, { namespace, name }, patch, {}, signal);
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return false;
      throw error;
    }
  }

  #bodyOf(series: Series): EventBody {
    const { controller, instance, random } = this.#options;
    const { event, namespace } = series;
    const name = event.regarding.name.slice(0, NAME_CHARS_MAX - SUFFIX_CHARS_MAX);
    const suffix = Math.floor(random() * 2 ** 48).toString(16);
    return {
      metadata: { namespace, name: `${name.replace(/[^a-z0-9]+$/, '')}.${suffix}` },
      eventTime: microTime(series.lastWallMs),
      ...(series.count > 1 ? { series: seriesOf(series) } : {}),
      reportingController: controller,
      reportingInstance: instance,
      action: event.action,
      reason: event.reason,
      regarding: event.regarding,
      note: event.note.slice(0, NOTE_CHARS_MAX),
      type: event.type,
    };
  }
}

function begin(event: KubeEvent): Series {
  const namespace = event.regarding.namespace ?? DEFAULT_NAMESPACE;
  return { event, namespace, lastMs: 0, lastWallMs: 0, count: 0, name: undefined };
}

function seriesOf(series: Series): object {
  return { count: series.count, lastObservedTime: microTime(series.lastWallMs) };
}
