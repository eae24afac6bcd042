/** Bugs in who holds what, and in who is taken for dead. */
import type { Mutant } from '../mutant.ts';
import { tests } from '../trial.ts';

const LEASES_SQL = 'packages/store/migrations/0004-leases.sql';
const SESSIONS_SQL = 'packages/store/migrations/0003-sessions.sql';
const CONFORMANCE_TEST = 'packages/store/src/metadata/pg/conformance.test.ts';
const WATCH = 'packages/core/src/lease/fence-watch.ts';
const WATCH_TEST = 'packages/core/src/lease/fence-watch.test.ts';
const AGENT_LEASE = 'packages/core/src/lease/agent-lease.ts';
const AGENT_LEASE_TEST = 'packages/core/src/lease/agent-lease.test.ts';
const WORKER_LEASE_TEST = 'agent/src/lease/worker-lease.test.ts';

export const LEASE_MUTANTS: readonly Mutant[] = [
  {
    id: 'release-deletes-the-lease-row',
    bug: 'a release leaves the partition as if nobody had ever held it: its epochs come again',
    invariants: ['I-05'],
    patches: [
      {
        file: LEASES_SQL,
        find: 'epoch = p.epoch + 1, epoch_start_offset = p.next_offset\n  FROM unnest',
        replace: 'epoch = 0, epoch_start_offset = p.next_offset\n  FROM unnest',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-05')],
  },
  {
    id: 'release-keeps-the-epoch',
    bug: 'an heir has the epoch of the holder before it',
    invariants: ['I-05'],
    patches: [
      {
        file: LEASES_SQL,
        find: 'epoch = p.epoch + 1, epoch_start_offset = p.next_offset\n  FROM unnest',
        replace: 'epoch_start_offset = p.next_offset\n  FROM unnest',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-05')],
  },
  {
    id: 'takeover-keeps-the-epoch',
    bug: 'a takeover does not raise the epoch',
    invariants: ['I-05'],
    patches: [
      {
        file: LEASES_SQL,
        find: 'SET holder_incarnation = me, epoch = p.epoch + 1, epoch_start_offset',
        replace: 'SET holder_incarnation = me, epoch_start_offset',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-05')],
  },
  {
    id: 'takeover-from-the-living',
    bug: 'a takeover takes partitions from holders that nobody has fenced',
    invariants: ['I-02'],
    patches: [
      {
        file: LEASES_SQL,
        find: 's.incarnation = p.holder_incarnation AND s.fenced)',
        replace: 's.incarnation = p.holder_incarnation)',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'takeover')],
  },
  {
    id: 'takeover-by-the-fenced',
    bug: 'a fenced incarnation may take partitions over',
    invariants: ['I-04'],
    patches: [
      {
        file: LEASES_SQL,
        find: 's.incarnation = me AND NOT s.fenced FOR SHARE;',
        replace: 's.incarnation = me FOR SHARE;',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'takeover')],
  },
  {
    id: 'holder-is-the-pod-name',
    bug: 'a process that starts under the name of another one has its session, and so its partitions',
    invariants: ['I-06'],
    patches: [
      {
        file: SESSIONS_SQL,
        find: '  PERFORM fence_agents(\n',
        replace:
          '  SELECT s.incarnation INTO opened FROM agent_sessions s\n' +
          '  WHERE s.agent_id = agent AND s.fenced_at IS NULL;\n' +
          '  IF FOUND THEN RETURN opened; END IF;\n' +
          '  PERFORM fence_agents(\n',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'I-06')],
  },
  {
    id: 'fence-without-a-look',
    bug: 'a fence acts although its target has renewed since it was looked at',
    invariants: ['I-22'],
    patches: [
      {
        file: SESSIONS_SQL,
        find: ' AND (observed_beat IS NULL OR h.beat = observed_beat)',
        replace: '',
      },
    ],
    killedBy: [tests(CONFORMANCE_TEST, 'a fence acts only while')],
  },
  {
    id: 'fence-without-waiting',
    bug: 'a session is fenced the second time that its beat is seen to stand still',
    invariants: ['I-22'],
    patches: [
      {
        file: WATCH,
        find: 'if (nowMs - current.sinceMs >= settings.sessionTimeoutMs) {',
        replace: 'if (nowMs > current.sinceMs) {',
      },
    ],
    killedBy: [tests(WATCH_TEST), tests(AGENT_LEASE_TEST)],
  },
  {
    id: 'fence-after-a-gap',
    bug: 'who could not look for a while takes every session for dead that was silent meanwhile',
    invariants: ['I-22', 'I-40'],
    patches: [
      {
        file: WATCH,
        find: 'lastLookMs !== undefined && nowMs - lastLookMs <= settings.watchGapMaxMs;',
        replace: 'lastLookMs !== undefined;',
      },
    ],
    killedBy: [tests(WATCH_TEST)],
  },
  {
    id: 'lease-by-wall-clock',
    bug: 'leases are measured by the clock on the wall, which may jump',
    invariants: ['I-22'],
    patches: [
      {
        file: 'packages/core/src/async/system-clock.ts',
        find: 'monotonicMs: () => Number(process.hrtime.bigint()) / NS_PER_MS,',
        replace: 'monotonicMs: () => Date.now(),',
      },
    ],
    killedBy: [tests(WORKER_LEASE_TEST, 'does not care when the clock on the wall')],
  },
  {
    id: 'lease-without-end',
    bug: 'an agent that could not renew goes on as if it held its partitions',
    invariants: ['I-02', 'I-40'],
    patches: [
      {
        file: AGENT_LEASE,
        find: "return lease.kind === 'held' && nowMs < lease.untilMs;",
        replace: "return lease.kind === 'held';",
      },
    ],
    killedBy: [tests(AGENT_LEASE_TEST, 'I-02')],
  },
  {
    id: 'lease-from-the-answer',
    bug: 'a lease counts from when the renewal was answered, not from when it was sent',
    invariants: ['I-02'],
    patches: [
      {
        file: AGENT_LEASE,
        find: 'const untilMs = leaseValidUntilMs(sentMs, lease.timing);',
        replace: 'const untilMs = leaseValidUntilMs(nowMs, lease.timing);',
      },
    ],
    killedBy: [tests(AGENT_LEASE_TEST, 'I-02')],
  },
  {
    id: 'agent-ignores-its-fence',
    bug: 'an incarnation whose session is fenced goes on until it tries to publish',
    invariants: ['I-04', 'I-06'],
    patches: [
      {
        file: 'agent/src/incarnation.ts',
        find: "void this.lease.fenced.then(() => this.#end('fenced'));",
        replace: '',
      },
    ],
    killedBy: [tests('agent/src/agent.test.ts', 'I-05 I-06')],
  },
];
