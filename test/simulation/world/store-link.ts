/**
 * The ways from a process to what is durable: when a call arrives there, if at all, and what its caller is told. The two
 * are independent: done and told as lost, told as lost and done half a minute later, never done and never told.
 */
import { StreamError } from '@streamhouse/core/errors.ts';
import type { SeededRandom } from '../kernel/random.ts';
import type { Scheduler } from '../kernel/scheduler.ts';
import type { SimProcess } from '../kernel/sim-process.ts';
import type { CallEffect, Carrier } from '../model/metadata.ts';
import type { Weather } from './weather.ts';

interface Journey {
  /** Milliseconds until it is carried out; undefined: never. */
  readonly arriveMs: number | undefined;
  /** Milliseconds until the caller is told of a failure, whatever becomes of the call; undefined: it gets the answer. */
  readonly failMs?: number;
  readonly failure?: StreamError;
  /** Told of no outcome at all: the caller gives up by itself. */
  readonly isSilent?: boolean;
}

/** What a kind of link does with a call. */
interface LinkRules {
  readonly name: 'postgres' | 'store';
  plan(name: string, effect: CallEffect): Journey;
  /** Why a call that has arrived is not carried out, or its answer does not come back. */
  lost(effect: CallEffect): { readonly afterMs: number; readonly failure: StreamError } | undefined;
  /** What a caller that stops waiting is told. */
  abandoned(isSent: boolean, effect: CallEffect, reason: unknown): unknown;
}

export interface LinkOptions {
  readonly process: SimProcess;
  readonly place: string;
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly random: SeededRandom;
}

/** Milliseconds after which the driver gives a connection up (connection.ts of the store). */
const QUERY_MS = 6_000;

export function postgresLink(options: LinkOptions): Carrier {
  const { weather, random, place } = options;
  const lostError = (effect: CallEffect): StreamError =>
    effect === 'write'
      ? new StreamError('indefinite', 'POSTGRES_OUTCOME_UNKNOWN', 'the connection was lost')
      : new StreamError('unavailable', 'POSTGRES_CONNECTION_LOST', 'the connection was lost');
  return carrier(options, {
    name: 'postgres',
    plan(_name, effect) {
      const arriveMs = random.tail(0.2, 6);
      if (weather.isPostgresDown) {
        weather.feel('postgres-down');
        const failure = new StreamError('unavailable', 'POSTGRES_UNREACHABLE', 'refused');
        return { arriveMs: undefined, failMs: arriveMs, failure };
      }
      if (weather.isCut(place, 'postgres')) {
        weather.feel('postgres-cut');
        return { arriveMs: undefined, failMs: QUERY_MS, failure: lostError(effect) };
      }
      if (!random.chance(weather.postgresErrors)) return { arriveMs };
      weather.feel('postgres-errors');
      const failure = lostError(effect);
      const fate = random.next();
      if (fate < 0.35) return { arriveMs: undefined, failMs: arriveMs, failure };
      if (fate < 0.75) return { arriveMs, failMs: arriveMs + random.between(0, 50), failure };
      // In the buffers of a connection that its caller has given up.
      return { arriveMs: QUERY_MS + random.between(1, 30_000), failMs: QUERY_MS, failure };
    },
    lost(effect) {
      if (weather.isPostgresDown) {
        weather.feel('postgres-down');
        return { afterMs: 0, failure: lostError(effect) };
      }
      if (!weather.isCut('postgres', place)) return undefined;
      weather.feel('postgres-cut');
      return { afterMs: QUERY_MS, failure: lostError(effect) };
    },
    abandoned: (isSent, effect, cause) =>
      new StreamError(isSent && effect === 'write' ? 'indefinite' : 'unavailable', 'ABORTED', '', {
        cause,
      }),
  });
}

export function storeLink(options: LinkOptions): Carrier {
  const { weather, random, place } = options;
  const unavailable = (): StreamError => new StreamError('unavailable', 'S3_STATUS', '503');
  return carrier(options, {
    name: 'store',
    plan(_name, effect) {
      const arriveMs = random.tail(2, 60);
      if (weather.isCut(place, 'store')) {
        weather.feel('store-cut');
        return { arriveMs: undefined, isSilent: true };
      }
      if (!random.chance(weather.storeErrors)) return { arriveMs };
      weather.feel('store-errors');
      const fate = random.next();
      if (effect === 'read' || fate < 0.3)
        return { arriveMs: undefined, failMs: arriveMs, failure: unavailable() };
      const failure = new StreamError('indefinite', 'S3_STATUS', '500');
      if (fate < 0.5) return { arriveMs, failMs: arriveMs, failure };
      if (fate < 0.7) return { arriveMs: random.between(100, 9_000) };
      // Long after its caller has given it up, or never.
      if (fate < 0.9) return { arriveMs: random.between(10_100, 70_000), isSilent: true };
      return { arriveMs: undefined, isSilent: true };
    },
    lost() {
      if (!weather.isCut('store', place)) return undefined;
      weather.feel('store-cut');
      // The caller gives up by itself before that.
      return { afterMs: 60_000, failure: unavailable() };
    },
    abandoned: (isSent, effect, cause) =>
      isSent && effect === 'write'
        ? new StreamError('indefinite', 'ABORTED', 'it may yet be written', { cause })
        : cause,
  });
}

function carrier(options: LinkOptions, rules: LinkRules): Carrier {
  const { process } = options;
  return (name, effect, signal, apply) =>
    new Promise((resolve, reject) => {
      let [isSent, isOver] = [false, false];
      const end = (settle: () => void): void => {
        if (isOver) return;
        isOver = true;
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = (): void =>
        end(() => reject(rules.abandoned(isSent, effect, signal.reason) as Error));
      if (signal.aborted) {
        reject(rules.abandoned(false, effect, signal.reason) as Error);
        return;
      }
      signal.addEventListener('abort', onAbort, { once: true });
      process.effect(`${rules.name} ${name}`, () => {
        isSent = true;
        travel(options, rules, { name, effect, apply }, (settled) =>
          process.receive(() => end(() => settled(resolve, reject))),
        );
      });
    });
}

type Settle<T> = (resolve: (value: T) => void, reject: (error: unknown) => void) => void;

interface Call<T> {
  readonly name: string;
  readonly effect: CallEffect;
  readonly apply: () => T;
}

function travel<T>(
  { scheduler, process, random }: LinkOptions,
  rules: LinkRules,
  { name, effect, apply }: Call<T>,
  tell: (settle: Settle<T>) => void,
): void {
  const { arriveMs, failMs, failure, isSilent } = rules.plan(name, effect);
  const fail = (afterMs: number, error: unknown): void =>
    void scheduler.after(afterMs, () => tell((_, reject) => reject(error)));
  if (failMs !== undefined) fail(failMs, failure);
  if (arriveMs === undefined) return;
  scheduler.after(arriveMs, () => {
    const lostThere = rules.name === 'postgres' && failMs === undefined && rules.lost(effect);
    if (lostThere) {
      fail(lostThere.afterMs, lostThere.failure);
      if (lostThere.afterMs === 0) return;
    }
    const settle = outcomeOf(apply);
    if (effect === 'write' && name !== 'renew') process.note(`${rules.name} did ${name}`);
    if (failMs !== undefined || isSilent === true || lostThere) return;
    scheduler.after(random.tail(0.2, 6), () => {
      const lost = rules.lost(effect);
      if (lost === undefined) tell(settle);
      else fail(lost.afterMs, lost.failure);
    });
  });
}

function outcomeOf<T>(apply: () => T): Settle<T> {
  try {
    const value = apply();
    return (resolve) => resolve(value);
  } catch (error) {
    return (_, reject) => reject(error);
  }
}
