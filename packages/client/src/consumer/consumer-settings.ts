/** The consumer's options with their defaults, checked. */
import type { Assignor } from '@streamhouse/core/assignment/assignor.ts';
import { assignorRegistry } from '@streamhouse/core/assignment/registry.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { checkGroupId } from '@streamhouse/core/group/group-id.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import { choiceOption, integerOption } from '../check-option.ts';
import type { ConsumerOptions, OffsetReset } from '../public/consumer.ts';

export interface ConsumerSettings {
  readonly autoOffsetReset: OffsetReset;
  readonly maxPollRecords: number;
  readonly fetchMinBytes: number;
  readonly fetchMaxWaitMs: number;
  readonly prefetchBytesMax: number;
  /** Undefined: a consumer without a group. */
  readonly group: GroupSettings | undefined;
}

export interface GroupSettings {
  readonly groupId: string;
  readonly groupInstanceId: string | undefined;
  readonly clientId: string;
  /** By name, preferred first. */
  readonly assignors: ReadonlyMap<string, Assignor>;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxPollIntervalMs: number;
  /** Milliseconds between automatic commits; undefined: none. */
  readonly autoCommitIntervalMs: number | undefined;
}

const RESETS = ['earliest', 'latest', 'none'] as const;
const GIB = 1_073_741_824;
const DAY_MS = 86_400_000;
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_INTERVAL_MS = 3_000;

/** @throws StreamError `invalid` OPTION, which names the option; `invalid` GROUP_ID. */
export function consumerSettings(options: ConsumerOptions): ConsumerSettings {
  return {
    autoOffsetReset: choiceOption('autoOffsetReset', options.autoOffsetReset, 'latest', RESETS),
    maxPollRecords: integerOption('maxPollRecords', options.maxPollRecords, 500, {
      min: 1,
      max: 1_000_000,
    }),
    fetchMinBytes: integerOption('fetchMinBytes', options.fetchMinBytes, 1, {
      min: 1,
      max: LIMITS.fetchBytesMax,
    }),
    fetchMaxWaitMs: integerOption('fetchMaxWaitMs', options.fetchMaxWaitMs, 500, {
      min: 0,
      max: LIMITS.fetchWaitMsMax,
    }),
    prefetchBytesMax: integerOption('prefetchBytesMax', options.prefetchBytesMax, 52_428_800, {
      min: 1,
      max: GIB,
    }),
    group: options.groupId === undefined ? undefined : groupSettings(options.groupId, options),
  };
}

function groupSettings(groupId: string, options: ConsumerOptions): GroupSettings {
  checkGroupId(groupId);
  const timeout = { min: LIMITS.groupTimeoutMsMin, max: LIMITS.groupTimeoutMsMax };
  const { sessionTimeoutMs: asked } = options;
  const sessionTimeoutMs = integerOption('sessionTimeoutMs', asked, SESSION_TIMEOUT_MS, timeout);
  const heartbeatMs = Math.min(HEARTBEAT_INTERVAL_MS, Math.floor(sessionTimeoutMs / 3));
  const autoCommitIntervalMs = integerOption(
    'autoCommitIntervalMs',
    options.autoCommitIntervalMs,
    5_000,
    { min: 1, max: DAY_MS },
  );
  return {
    groupId,
    groupInstanceId: options.groupInstanceId,
    clientId: options.clientId ?? 'streamhouse',
    assignors: chosenAssignors(options.assignors),
    sessionTimeoutMs,
    rebalanceTimeoutMs: integerOption(
      'rebalanceTimeoutMs',
      options.rebalanceTimeoutMs,
      sessionTimeoutMs,
      timeout,
    ),
    heartbeatIntervalMs: integerOption(
      'heartbeatIntervalMs',
      options.heartbeatIntervalMs,
      heartbeatMs,
      { min: 1, max: sessionTimeoutMs - 1 },
    ),
    maxPollIntervalMs: integerOption('maxPollIntervalMs', options.maxPollIntervalMs, 300_000, {
      min: 1,
      max: DAY_MS,
    }),
    autoCommitIntervalMs: options.autoCommit === false ? undefined : autoCommitIntervalMs,
  };
}

function chosenAssignors(
  chosen: readonly (string | Assignor)[] | undefined,
): ReadonlyMap<string, Assignor> {
  const known = assignorRegistry((chosen ?? []).filter((one) => typeof one !== 'string'));
  if (chosen === undefined) return known;
  const names = chosen.map((one) => (typeof one === 'string' ? one : one.name));
  if (names.length === 0 || names.length > LIMITS.groupAssignorsMax) {
    throw option(`assignors must be 1..${LIMITS.groupAssignorsMax}, got ${names.length}`);
  }
  return new Map(
    names.map((name) => {
      const assignor = known.get(name);
      if (assignor !== undefined) return [name, assignor];
      throw option(`assignors must be of ${[...known.keys()].join(', ')}, got "${name}"`);
    }),
  );
}

function option(message: string): StreamError {
  return new StreamError('invalid', 'OPTION', message);
}
