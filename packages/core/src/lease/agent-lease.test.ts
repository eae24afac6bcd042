import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { incarnation } from '../ids.ts';
import {
  type AgentLease,
  type AgentLeaseEffect,
  type AgentLeaseEvent,
  isHeld,
  leaseValidUntilMs,
  newAgentLease,
  stepAgentLease,
} from './agent-lease.ts';
import { type Fence, type FenceWatch, newFenceWatch, stepFenceWatch } from './fence-watch.ts';

const TIMING = { sessionTimeoutMs: 3_000, safetyMarginMs: 500 };

/** What happens `afterMs` after what came before; a success is of a renewal sent `ageMs` earlier. */
interface Happening {
  readonly afterMs: number;
  readonly type: AgentLeaseEvent['type'];
  readonly ageMs: number;
}

const happening: fc.Arbitrary<Happening> = fc.record({
  afterMs: fc.oneof(fc.nat(300), fc.nat(6_000)),
  type: fc.oneof(
    { weight: 6, arbitrary: fc.constant('RenewSucceeded' as const) },
    { weight: 4, arbitrary: fc.constant('Tick' as const) },
    { weight: 1, arbitrary: fc.constant('RenewRefused' as const) },
  ),
  ageMs: fc.oneof(fc.nat(300), fc.nat(6_000)),
});

interface Moment {
  readonly nowMs: number;
  readonly event: AgentLeaseEvent;
  readonly state: AgentLease;
  readonly effects: readonly AgentLeaseEffect[];
}

function live(happenings: readonly Happening[], startMs: number): readonly Moment[] {
  let nowMs = startMs;
  let state = newAgentLease(TIMING);
  return happenings.map(({ afterMs, type, ageMs }) => {
    nowMs += afterMs;
    const event = type === 'RenewSucceeded' ? { type, sentMs: nowMs - ageMs } : { type };
    const step = stepAgentLease(state, event, nowMs);
    state = step.state;
    return { nowMs, event, ...step };
  });
}

describe('agent lease', () => {
  it('never holds past the timeout of the youngest renewal that succeeded (I-02)', () => {
    fc.assert(
      fc.property(fc.array(happening), fc.nat(10_000), (happenings, laterMs) => {
        let youngestSentMs = Number.NEGATIVE_INFINITY;
        for (const { nowMs, event, state } of live(happenings, 0)) {
          if (event.type === 'RenewSucceeded') {
            youngestSentMs = Math.max(youngestSentMs, event.sentMs);
          }
          const endMs = youngestSentMs + TIMING.sessionTimeoutMs - TIMING.safetyMarginMs;
          for (const askedMs of [nowMs, nowMs + laterMs, endMs, endMs - 1]) {
            if (askedMs < nowMs) continue;
            const isAllowed = state.kind !== 'fenced' && askedMs < endMs;
            expect(isHeld(state, askedMs)).toBe(isAllowed);
          }
          expect(state.kind === 'held').toBe(isHeld(state, nowMs));
        }
      }),
    );
  });

  it('ends with the fence, whatever comes after', () => {
    fc.assert(
      fc.property(fc.array(happening), fc.array(happening), (before, after) => {
        const refusal = { afterMs: 0, type: 'RenewRefused', ageMs: 0 } as const;
        const moments = live([...before, refusal, ...after], 0);
        const ended = moments.slice(before.length);
        expect(ended.map(({ state }) => state.kind)).toEqual(ended.map(() => 'fenced'));
        const stops = moments.flatMap(({ effects }) => effects).filter((e) => e.type === 'Stop');
        expect(stops).toHaveLength(1);
        expect(ended.slice(1).flatMap(({ effects }) => effects)).toEqual([]);
      }),
    );
  });

  it('tells every change once: what the effects say is what the state says', () => {
    fc.assert(
      fc.property(fc.array(happening), (happenings) => {
        let admitUntilMs: number | undefined;
        for (const { state, effects } of live(happenings, 0)) {
          for (const effect of effects) {
            if (effect.type === 'Admit') {
              expect(effect.untilMs).toBeGreaterThan(admitUntilMs ?? Number.NEGATIVE_INFINITY);
            }
            if (effect.type === 'Suspend') expect(admitUntilMs).toBeDefined();
            admitUntilMs = effect.type === 'Admit' ? effect.untilMs : undefined;
          }
          expect(state.kind === 'held' ? state.untilMs : undefined).toBe(admitUntilMs);
        }
      }),
    );
  });

  it('knows differences of time only: a clock that starts elsewhere changes nothing (I-22)', () => {
    fc.assert(
      fc.property(
        fc.array(happening),
        fc.integer({ min: -1e12, max: 1e12 }),
        (happenings, startMs) => {
          const kinds = (moments: readonly Moment[]): unknown =>
            moments.map(({ state, effects }) => [state.kind, effects.map(({ type }) => type)]);
          expect(kinds(live(happenings, startMs))).toEqual(kinds(live(happenings, 0)));
        },
      ),
    );
  });

  it('refuses a renewal that was sent after now: its time is of another clock (I-22)', () => {
    const lease = newAgentLease(TIMING);
    const event = { type: 'RenewSucceeded', sentMs: 1_001 } as const;
    expect(() => stepAgentLease(lease, event, 1_000)).toThrow(/after now/);
  });

  it('counts from when the renewal was sent', () => {
    expect(leaseValidUntilMs(1_000, TIMING)).toBe(3_500);
  });
});

/**
 * One agent and one observer over a database that holds the beat. True time is the agent's; the observer's clock starts
 * elsewhere. Requests and answers take as long as they like.
 */
const exchange = fc.record({
  afterMs: fc.oneof(fc.nat(1_000), fc.nat(5_000)),
  who: fc.constantFrom('agent', 'observer', 'observer', 'outage'),
  thereMs: fc.oneof(fc.nat(50), fc.nat(4_000)),
  backMs: fc.oneof(fc.nat(50), fc.nat(4_000)),
});

describe('agent lease and fence watch', () => {
  it('an agent has stopped by itself before anybody may fence it, with no clock in common (I-02, I-22)', () => {
    fc.assert(
      fc.property(
        fc.array(exchange, { minLength: 5, maxLength: 60 }),
        fc.integer({ min: -600_000, max: 600_000 }),
        (exchanges, skewMs) => {
          const fencedAtMs = run(exchanges, skewMs);
          expect(fencedAtMs.filter(({ isHeldThen }) => isHeldThen)).toEqual([]);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('and a fence does happen to an agent that is silent', () => {
    const look = { afterMs: 1_000, who: 'observer', thereMs: 0, backMs: 0 } as const;
    const renewal = { ...look, who: 'agent' } as const;
    expect(run([renewal, look, look, look, look], 0)).toEqual([{ isHeldThen: false }]);
  });
});

interface Exchange {
  readonly afterMs: number;
  readonly who: string;
  readonly thereMs: number;
  readonly backMs: number;
}

interface World {
  lease: AgentLease;
  watch: FenceWatch;
  beat: number;
  isFenced: boolean;
  readonly fences: { isHeldThen: boolean }[];
}

type Happen = readonly [atMs: number, run: (world: World) => void];

/** Whether the agent believed to hold at each fence that the database accepted. */
function run(exchanges: readonly Exchange[], skewMs: number): readonly { isHeldThen: boolean }[] {
  const world: World = {
    lease: newAgentLease(TIMING),
    watch: newFenceWatch({ me: undefined, sessionTimeoutMs: 3_000, watchGapMaxMs: 1_500 }),
    beat: 0,
    isFenced: false,
    fences: [],
  };
  let sentMs = 0;
  const happens: Happen[] = exchanges.flatMap((one) => {
    sentMs += one.afterMs;
    return one.who === 'agent' ? renewal(one, sentMs) : look(one, sentMs, skewMs);
  });
  for (const [, happen] of happens.sort(([a], [b]) => a - b)) happen(world);
  return world.fences;
}

function renewal({ thereMs, backMs }: Exchange, sentMs: number): readonly Happen[] {
  let wasRenewed = false;
  const backAtMs = sentMs + thereMs + backMs;
  return [
    [
      sentMs + thereMs,
      (world) => {
        wasRenewed = !world.isFenced;
        if (wasRenewed) world.beat++;
      },
    ],
    [
      backAtMs,
      (world) => {
        const event: AgentLeaseEvent = wasRenewed
          ? { type: 'RenewSucceeded', sentMs }
          : { type: 'RenewRefused' };
        world.lease = stepAgentLease(world.lease, event, backAtMs).state;
      },
    ],
  ];
}

function look(
  { who, thereMs, backMs }: Exchange,
  sentMs: number,
  skewMs: number,
): readonly Happen[] {
  let beat = 0;
  let isListed = false;
  const backAtMs = sentMs + thereMs + backMs;
  return [
    [
      sentMs + thereMs,
      (world) => {
        beat = world.beat;
        isListed = !world.isFenced;
      },
    ],
    [
      backAtMs,
      (world) => {
        const sessions = isListed ? [{ incarnation: incarnation(7), beat }] : [];
        const event =
          who === 'outage'
            ? ({ type: 'ObserveFailed' } as const)
            : ({ type: 'Observed', sessions } as const);
        const { state, effects } = stepFenceWatch(world.watch, event, backAtMs + skewMs);
        world.watch = state;
        for (const effect of effects) fence(world, effect, backAtMs);
      },
    ],
  ];
}

function fence(world: World, effect: Fence, nowMs: number): void {
  if (world.isFenced || world.beat !== effect.observedBeat) return;
  world.isFenced = true;
  world.fences.push({ isHeldThen: isHeld(world.lease, nowMs) });
}
