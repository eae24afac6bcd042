/** Faults of the agents' processes, and changes of their number. */
import { signalProcess } from '@streamhouse/standalone/process.ts';
import type { Agent } from '../stage/agents.ts';
import type { Stage } from '../stage/stage.ts';
import { between, pick, type Random, type RunningFault } from './fault.ts';

/** An agent that holds partitions, with the incarnation that does. */
export interface Holder {
  readonly agent: Agent;
  readonly pid: number;
  readonly incarnation: number;
}

/** The agents that hold something. */
export async function holdersNow({ agents, facts }: Stage): Promise<readonly Holder[]> {
  const held = await facts.holders();
  return agents.all.flatMap((agent): Holder[] => {
    const incarnation = held.find(({ agentId }) => agentId === agent.id)?.incarnation;
    const { pid } = agent;
    return incarnation === undefined || pid === undefined ? [] : [{ agent, pid, incarnation }];
  });
}

/** One of the agents that hold something; waits for one to. */
export async function pickHolder(stage: Stage, random: Random): Promise<Holder> {
  const draw = random();
  return await stage.untilGiven(async () => {
    const holders = await holdersNow(stage);
    return holders.length === 0 ? undefined : pick(holders, () => draw);
  });
}

/** Whether it is ready, or left for good meanwhile. */
export async function serves({ agents }: Stage, agent: Agent): Promise<boolean> {
  return !agents.all.includes(agent) || (await agent.isReady());
}

/** SIGKILL. Half of the time nobody but its silence tells that it is gone. */
export async function kill(stage: Stage, random: Random): Promise<RunningFault> {
  const { agent, pid, incarnation } = await pickHolder(stage, random);
  const gate = Promise.withResolvers<void>();
  const isUnnoticed = random() < 0.5;
  if (isUnnoticed) agent.fenceGate = gate.promise;
  signalProcess(pid, 'SIGKILL');
  return {
    target: `${agent.id}${isUnnoticed ? ', unnoticed' : ''}`,
    holdMs: 0,
    felt: async () => {
      if (!(await stage.facts.isFenced(incarnation))) return undefined;
      if (isUnnoticed) return `incarnation ${incarnation} was fenced by the others`;
      return agent.endings.find((line) => line.includes(`(pid ${pid}) ended with SIGKILL`));
    },
    stop: async () => {
      agent.fenceGate = undefined;
      gate.resolve();
    },
    isOver: () => serves(stage, agent),
  };
}

const PUT_DELAY_MS = 500;
/** An agent that is cut off from S3 just now may have none. */
const PUT_WAIT_MS_MAX = 5_000;

/** SIGSTOP, until the others have taken its partitions; half of the time while one of its PUTs is under way. */
export async function pause(stage: Stage, random: Random): Promise<RunningFault> {
  const { agent, pid, incarnation } = await pickHolder(stage, random);
  const isInPut = random() < 0.5;
  if (isInPut) await stopInPut(stage, pid, incarnation, PUT_DELAY_MS);
  else stage.pauses.stop(pid);
  return {
    target: `${agent.id}${isInPut ? ', in a PUT' : ''}`,
    holdMs: between(0, 2_000, random),
    felt: async () =>
      (await stage.facts.isFenced(incarnation))
        ? `incarnation ${incarnation} was fenced while it stood still`
        : undefined,
    stop: async () => stage.pauses.resume(pid),
    isOver: async () => (await stage.facts.incarnation(agent.id)) !== undefined && agent.isReady(),
  };
}

/**
 * A PUT arrives, waits so long, and meanwhile its sender stands still. Resolves whether there was one: if not, its sender
 * stands still all the same.
 */
export async function stopInPut(
  stage: Stage,
  pid: number,
  incarnation: number,
  putMs: number,
): Promise<boolean> {
  let isStopped = false;
  using _rule = stage.s3.add(({ operation, key }) => {
    if (isStopped || operation !== 'PutObject') return undefined;
    if (key?.split('/').at(-2) !== String(incarnation)) return undefined;
    isStopped = true;
    stage.pauses.stop(pid);
    return { kind: 'latency', latencyMs: putMs };
  });
  const lateMs = performance.now() + PUT_WAIT_MS_MAX;
  await stage.untilGiven(() => isStopped || performance.now() > lateMs || undefined);
  if (!isStopped) stage.pauses.stop(pid);
  return isStopped;
}

import { SKEW_VARIABLE } from './skew-variable.ts';
const SKEW_PRELOAD = import.meta.resolve('./clock-skew.ts');
const SKEW_MS = 600_000;
const SKEW_TOLERANCE_MS = 60_000;

/** The next life of an agent believes that it is ten minutes earlier or later. */
export async function clockSkew(stage: Stage, random: Random): Promise<RunningFault> {
  const { agent, pid } = await pickHolder(stage, random);
  const skewMs = random() < 0.5 ? SKEW_MS : -SKEW_MS;
  agent.nextEnv = {
    NODE_OPTIONS: `--import=${SKEW_PRELOAD}`,
    [SKEW_VARIABLE]: String(skewMs),
  };
  signalProcess(pid, 'SIGTERM');
  const holds = async (): Promise<boolean> =>
    (await stage.facts.holders()).some(({ agentId }) => agentId === agent.id);
  return {
    target: `${agent.id}, ${skewMs / 1_000} s`,
    holdMs: between(3_000, 8_000, random),
    felt: async () => {
      if (agent.pid === pid || !(await agent.isReady()) || !(await holds())) return undefined;
      const aheadMs = (await startedAtMs(agent)) - Date.now();
      const isSkewed = Math.abs(aheadMs - skewMs) < SKEW_TOLERANCE_MS;
      return isSkewed ? `it began ${Math.round(aheadMs / 1_000)} s from now` : undefined;
    },
    // That life goes on with its clock, and whatever ends it ends it.
    stop: async () => {
      agent.nextEnv = {};
    },
    isOver: () => serves(stage, agent),
  };
}

/** By its own clock. */
async function startedAtMs({ httpUrl }: Agent): Promise<number> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  return Number(/^process_start_time_seconds (\S+)$/m.exec(text)?.[1]) * 1_000;
}

/** Another fault at the same time can keep an agent from draining. */
const DRAINS_MAX = 3;

/** Every agent is stopped in its turn, drains, and comes back. */
export async function rollingRestart(stage: Stage): Promise<RunningFault> {
  const agents = [...stage.agents.all];
  let drained = 0;
  const roll = async (): Promise<void> => {
    for (const agent of agents) {
      for (let tries = 0; tries < DRAINS_MAX; tries++) {
        if (!(await restart(stage, agent))) continue;
        drained++;
        break;
      }
    }
  };
  const rolled = roll();
  // Whoever asks whether it was felt hears of it.
  rolled.catch(() => undefined);
  return {
    target: agents.map(({ id }) => id).join(' '),
    holdMs: 0,
    felt: async () => {
      await rolled;
      return drained === agents.length ? 'each drained and came back' : undefined;
    },
    stop: () => Promise.resolve(),
    isOver: () => true,
  };
}

/** By SIGTERM. Resolves whether it drained, when the next life is ready. */
async function restart(stage: Stage, agent: Agent): Promise<boolean> {
  const pid = await stage.untilGiven(() => agent.pid);
  signalProcess(pid, 'SIGTERM');
  await stage.untilGiven(() => (agent.pid !== pid && agent.pid !== undefined) || undefined);
  await stage.untilGiven(async () => (await agent.isReady()) || undefined);
  const ending = agent.endings.findLast((line) => line.includes(`(pid ${pid})`));
  return ending?.includes('exit code 0') === true;
}

/** One agent more, until it holds something; then one of the others leaves for good. */
export async function scaling(stage: Stage, random: Random): Promise<RunningFault> {
  const leaving = pick(stage.agents.all, random);
  const added = await stage.agents.add();
  return {
    target: `${added.id} came, ${leaving.id} left`,
    holdMs: between(0, 3_000, random),
    felt: async () => {
      const held = (await stage.facts.holders()).filter(({ agentId }) => agentId === added.id);
      return held.length > 0 ? `${added.id} holds ${held.length} partitions` : undefined;
    },
    stop: () => stage.agents.remove(leaving),
    isOver: async () => {
      const held = await stage.facts.holders();
      return held.length > 0 && held.every(({ agentId }) => agentId !== leaving.id);
    },
  };
}
