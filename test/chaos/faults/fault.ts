/** What a fault is to the schedule. */
import type { Stage } from '../stage/stage.ts';

export const FAULT_KINDS = [
  'kill',
  'pause',
  'partition-clients',
  'partition-postgres',
  'partition-s3',
  'postgres-kill',
  'postgres-terminate',
  'commit-drop',
  's3-503',
  's3-applied-500',
  's3-late',
  's3-slow',
  's3-truncated',
  'clock-skew',
  'rolling-restart',
  'scaling',
  'topic-reborn',
  'topic-grown',
  'client-crash',
  'client-pause',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

type Family = 'agents' | 'links' | 'postgres' | 's3' | 'topics' | 'clients';

/** Two faults at a time are of two families: the evidence of one is not the work of the other. */
export const FAMILY: Readonly<Record<FaultKind, Family>> = {
  kill: 'agents',
  pause: 'agents',
  'clock-skew': 'agents',
  'rolling-restart': 'agents',
  scaling: 'agents',
  'partition-clients': 'links',
  'partition-postgres': 'links',
  'partition-s3': 'links',
  'commit-drop': 'links',
  'postgres-kill': 'postgres',
  'postgres-terminate': 'postgres',
  's3-503': 's3',
  's3-applied-500': 's3',
  's3-late': 's3',
  's3-slow': 's3',
  's3-truncated': 's3',
  'topic-reborn': 'topics',
  'topic-grown': 'topics',
  'client-crash': 'clients',
  'client-pause': 'clients',
};

/** Numbers in [0, 1), the same ones for the same seed. */
export type Random = () => number;

export interface RunningFault {
  /** Who it was done to, for the history. */
  readonly target: string;
  /** Milliseconds that it lasts after it was felt. */
  readonly holdMs: number;
  /** What its victim shows for it; undefined until it does. */
  readonly felt: () => Promise<string | undefined> | string | undefined;
  /** Mends what was broken. */
  readonly stop: () => Promise<void>;
  /** Whether the victim serves again. */
  readonly isOver: () => Promise<boolean> | boolean;
}

/** Breaks something and resolves what was broken. */
export type StartFault = (stage: Stage, random: Random) => Promise<RunningFault>;

export function pick<T>(from: readonly T[], random: Random): T {
  const picked = from[Math.floor(random() * from.length)];
  if (picked === undefined) throw new Error('there is nothing to pick from');
  return picked;
}

export function between(min: number, max: number, random: Random): number {
  return min + random() * (max - min);
}
