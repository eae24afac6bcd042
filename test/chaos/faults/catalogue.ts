/** Every kind of fault and what carries it out. */
import { clockSkew, kill, pause, rollingRestart, scaling } from './agents.ts';
import { clientCrash, clientPause } from './clients.ts';
import type { FaultKind, StartFault } from './fault.ts';
import { commitDrop, partition } from './links.ts';
import { postgresKill, postgresTerminate } from './postgres.ts';
import { s3AppliedBut500, s3Late, s3Refuses, s3Slow, s3Truncated } from './s3.ts';
import { topicGrown, topicReborn } from './topics.ts';

export const FAULTS: Readonly<Record<FaultKind, StartFault>> = {
  kill,
  pause,
  'partition-clients': partition('clients'),
  'partition-postgres': partition('postgres'),
  'partition-s3': partition('s3'),
  'postgres-kill': postgresKill,
  'postgres-terminate': postgresTerminate,
  'commit-drop': commitDrop,
  's3-503': s3Refuses,
  's3-applied-500': s3AppliedBut500,
  's3-late': s3Late,
  's3-slow': s3Slow,
  's3-truncated': s3Truncated,
  'clock-skew': clockSkew,
  'rolling-restart': rollingRestart,
  scaling,
  'topic-reborn': topicReborn,
  'topic-grown': topicGrown,
  'client-crash': clientCrash,
  'client-pause': clientPause,
};
