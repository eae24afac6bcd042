/** Faults of the object store. */
import { type FaultRule, SLOW_DOWN } from '../../harness/s3-gateway/fault.ts';
import type { Stage } from '../stage/stage.ts';
import { between, type Random, type RunningFault, type StartFault } from './fault.ts';

interface S3Fault {
  readonly rule: (random: Random) => FaultRule;
  /** Requests that it must have met to be felt. */
  readonly requestsMin: number;
  readonly holdMs: readonly [min: number, max: number];
  readonly what: string;
}

/** A rule for a while. */
function ruled({ rule, requestsMin, holdMs, what }: S3Fault): StartFault {
  return async ({ s3 }, random) => {
    const applied = s3.add(rule(random));
    return {
      target: 'all agents',
      holdMs: between(...holdMs, random),
      felt: () =>
        applied.applied >= requestsMin ? `${applied.applied} or more requests ${what}` : undefined,
      stop: async () => applied[Symbol.dispose](),
      isOver: () => true,
    };
  };
}

export const s3Refuses: StartFault = ruled({
  rule: () => () => SLOW_DOWN,
  requestsMin: 10,
  holdMs: [500, 4_000],
  what: 'were answered with 503',
});

export const s3AppliedBut500: StartFault = ruled({
  rule:
    (random) =>
    ({ operation }) =>
      operation === 'PutObject' && random() < 0.5 ? { kind: 'appliedButFailed' } : undefined,
  requestsMin: 5,
  holdMs: [1_000, 4_000],
  what: 'were carried out and answered with 500',
});

export const s3Slow: StartFault = ruled({
  rule: (random) => () => ({ kind: 'latency', latencyMs: between(200, 2_000, random) }),
  requestsMin: 5,
  holdMs: [2_000, 6_000],
  what: 'took up to 2 s',
});

const truncated: StartFault = ruled({
  rule:
    (random) =>
    ({ operation }) =>
      operation === 'GetObject' && random() < 0.7
        ? { kind: 'truncatedBody', bytes: Math.floor(between(0, 400, random)) }
        : undefined,
  requestsMin: 3,
  holdMs: [1_000, 4_000],
  what: 'got a body that was cut off',
});

/** Records are read that have to come from the store: an agent answers from memory what it wrote just now. */
export const s3Truncated: StartFault = async (stage, random) => {
  const running = await truncated(stage, random);
  stage.workers.reread();
  return running;
};

/** Milliseconds after which an agent gives a PUT up. */
const PUT_TIMEOUT_MS = 10_000;
/** Milliseconds after that at which it lands all the same. */
const LANDS_AFTER_MS = [100, 60_000] as const;
const PUTS = [1, 4] as const;
/** Milliseconds after which a PUT that nobody tried again counts no more: its agent has ended meanwhile. */
const RETRY_MS_MAX = 15_000;

/** Some PUTs are never answered; they are tried again, and then land after all. */
export async function s3Late({ s3, lateMsMax }: Stage, random: Random): Promise<RunningFault> {
  const count = Math.floor(between(...PUTS, random));
  const [min, max] = LANDS_AFTER_MS;
  /** When, by what is in a key before the attempt. */
  const takenMs = new Map<string, number>();
  let retried = 0;
  const isEnough = (): boolean => {
    const sinceMs = performance.now() - RETRY_MS_MAX;
    return retried > 0 || [...takenMs.values()].filter((ms) => ms > sinceMs).length >= count;
  };
  const rule = s3.add(({ operation, key }) => {
    const name = key?.slice(0, key.lastIndexOf('-')) ?? '';
    if (operation !== 'PutObject') return undefined;
    if (takenMs.has(name)) retried++;
    if (takenMs.has(name) || isEnough()) return undefined;
    takenMs.set(name, performance.now());
    const lateMs = between(min, Math.max(min, Math.min(max, lateMsMax())), random);
    return { kind: 'lateLanding', landAfterMs: PUT_TIMEOUT_MS + lateMs };
  });
  return {
    target: `${count} PUTs`,
    holdMs: 0,
    felt: () => (retried > 0 ? `${takenMs.size} not answered, ${retried} tried again` : undefined),
    stop: async () => rule[Symbol.dispose](),
    isOver: () => true,
  };
}
