/**
 * Holders that sleep past their session, again and again and several at a time, and wake as zombies: their partitions have
 * other holders, and their last PUTs and publishes are still on the way.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pause } from '@streamhouse/standalone/process.ts';
import { type Holder, holdersNow, stopInPut } from './faults/agents.ts';
import { between, pick, type Random } from './faults/fault.ts';
import { seededRandom } from '../harness/s3-gateway/fault.ts';
import type { Agent } from './stage/agents.ts';
import type { Stage } from './stage/stage.ts';

export interface ZombieFigures {
  /** Pauses asked for. */
  readonly wanted: number;
  /** Pauses in which the sleeper was fenced before it woke: only these count. */
  readonly fenced: number;
  /** Of these: stopped while a PUT of their own was under way. */
  readonly inPut: number;
  /** Of these: they tried to publish after they were fenced, and Postgres refused it. */
  readonly refused: number;
  /** All publishes that Postgres refused to them. */
  readonly publishesRefused: number;
  /** Objects that were published by one of them after it was fenced. */
  readonly publishesAccepted: number;
  /** PUTs of other bytes under a key that was there, by anybody: the store refused them, and there should be none. */
  readonly overwrites: number;
}

/** A cluster for this: sessions that are over soon, enough agents awake while some sleep, clients that wait for them. */
export const ZOMBIE_CLUSTER = {
  agents: 6,
  isPatient: true,
  agentEnv: { HEARTBEAT_INTERVAL: '300ms', SESSION_TIMEOUT: '1200ms' },
} as const;
const ASLEEP_AT_A_TIME = 3;
const TOLD_EVERY = 50;
/** Half of the pauses are meant to be in a PUT; some find none. */
const IN_PUT_SHARE_MIN = 0.4;
/** Milliseconds that a PUT takes whose sender is stopped: it lands, and is answered, about when the sender wakes. */
const PUT_MS = [0, 4_000] as const;
/** Milliseconds from the fence to the waking. */
const SLEEP_ON_MS = [0, 600] as const;

/** One that counts. */
export interface Pause {
  readonly incarnation: number;
  readonly isInPut: boolean;
  /** Objects that it had published when it was fenced. */
  readonly published: number;
}

/** Pauses holders until so many were fenced asleep, or the time is over. */
export async function raiseZombies(
  stage: Stage,
  wanted: number,
  { seed, runMs }: { readonly seed: number; readonly runMs: number },
): Promise<readonly Pause[]> {
  const endMs = performance.now() + runMs;
  const asleep = new Set<Agent>();
  const pauses: Pause[] = [];
  let underWay = 0;
  const sleep = async (slot: number): Promise<void> => {
    const random = seededRandom(seed * ASLEEP_AT_A_TIME + slot);
    while (pauses.length + underWay < wanted && performance.now() < endMs) {
      underWay++;
      try {
        pauses.push(await pauseOnce(stage, asleep, random));
        if (pauses.length % TOLD_EVERY === 0) stage.say(`${pauses.length} of ${wanted} pauses`);
      } catch (error) {
        stage.signal.throwIfAborted();
        stage.say(`a pause does not count: ${(error as Error).message}`);
      } finally {
        underWay--;
      }
    }
  };
  await Promise.all(Array.from({ length: ASLEEP_AT_A_TIME }, (_, slot) => sleep(slot)));
  return pauses;
}

async function pauseOnce(stage: Stage, asleep: Set<Agent>, random: Random): Promise<Pause> {
  const { facts, pauses, recorder } = stage;
  const { agent, pid, incarnation } = await takeHolder(stage, asleep, random);
  const by = `nemesis-${agent.id}`;
  const write = (type: 'invoke' | 'ok' | 'info', change: 'start' | 'stop'): void =>
    recorder.write(by, type, 'fault', { kind: 'pause', change, target: agent.id });
  write('invoke', 'start');
  try {
    let isInPut = random() < 0.5;
    if (isInPut) isInPut = await stopInPut(stage, pid, incarnation, between(...PUT_MS, random));
    else pauses.stop(pid);
    // A busy machine may have cost it its session before.
    if (await stage.untilGiven(() => facts.isFenced(incarnation)))
      throw new Error(`${agent.id} was fenced before it slept`);
    await stage.untilGiven(async () => (await facts.isFenced(incarnation)) || undefined);
    write('ok', 'start');
    const published = await stage.untilGiven(() => facts.publishedBy(incarnation));
    await pause(between(...SLEEP_ON_MS, random), stage.signal);
    return { incarnation, isInPut, published };
  } catch (error) {
    write('info', 'start');
    throw error;
  } finally {
    write('invoke', 'stop');
    pauses.resume(pid);
    write('ok', 'stop');
    // It is awake again when the next life of it holds something: `takeHolder` finds it by that.
    asleep.delete(agent);
  }
}

/** One that nobody else puts to sleep. */
function takeHolder(stage: Stage, asleep: Set<Agent>, random: Random): Promise<Holder> {
  return stage.untilGiven(async () => {
    const awake = (await holdersNow(stage)).filter(({ agent }) => !asleep.has(agent));
    if (awake.length === 0) return undefined;
    const holder = pick(awake, random);
    asleep.add(holder.agent);
    return holder;
  });
}

/** To be asked when all that was under way has come to its end. */
export async function countZombies(
  stage: Stage,
  wanted: number,
  pauses: readonly Pause[],
): Promise<ZombieFigures> {
  const refusals = await refusedPublishes(stage.postgres.folder);
  const refusedTo = pauses.map(({ incarnation }) => refusals.get(incarnation) ?? 0);
  let publishesAccepted = 0;
  for (const { incarnation, published } of pauses)
    publishesAccepted +=
      (await stage.untilGiven(() => stage.facts.publishedBy(incarnation))) - published;
  return {
    wanted,
    fenced: pauses.length,
    inPut: pauses.filter(({ isInPut }) => isInPut).length,
    refused: refusedTo.filter((count) => count > 0).length,
    publishesRefused: refusedTo.reduce((sum, count) => sum + count, 0),
    publishesAccepted,
    overwrites: stage.s3.gateway.violations.length,
  };
}

/** What must not be. Overwrites are among the findings of the audit. */
export function zombieFindings({ publishesAccepted }: ZombieFigures): string[] {
  return publishesAccepted === 0 ? [] : [`zombie-publish: ${publishesAccepted} were accepted`];
}

/** Why they prove nothing. */
export function zombieVoidReasons({ wanted, fenced, inPut, refused }: ZombieFigures): string[] {
  const reasons: string[] = [];
  if (fenced < wanted) reasons.push(`${fenced} of ${wanted} pauses outlasted their session`);
  if (inPut < IN_PUT_SHARE_MIN * fenced) reasons.push(`${inPut} of ${fenced} were in a PUT`);
  if (refused === 0) reasons.push('no zombie tried to publish');
  return reasons;
}

/** By incarnation, as the log of Postgres has them: the publish of a fenced one is an error there. */
async function refusedPublishes(folder: string): Promise<ReadonlyMap<number, number>> {
  const refusals = new Map<number, number>();
  const logs = join(folder, 'log');
  for (const name of await readdir(logs)) {
    const text = await readFile(join(logs, name), 'utf8');
    for (const [, digits] of text.matchAll(/ERROR: {2}incarnation (\d+) is fenced$/gm)) {
      const incarnation = Number(digits);
      refusals.set(incarnation, (refusals.get(incarnation) ?? 0) + 1);
    }
  }
  return refusals;
}
