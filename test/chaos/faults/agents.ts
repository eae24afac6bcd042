/** Faults of the agents' processes. */
import { signalProcess } from '@streamhouse/standalone/process.ts';
import type { Agent } from '../stage/agents.ts';
import type { Stage } from '../stage/stage.ts';
import { pick, type Random, type RunningFault } from './fault.ts';

/** An agent that holds partitions, with the incarnation that does. */
export interface Holder {
  readonly agent: Agent;
  readonly pid: number;
  readonly incarnation: number;
}

/** One of the agents that hold something; waits for one to. */
export async function pickHolder(stage: Stage, random: Random): Promise<Holder> {
  return await stage.untilGiven(async () => {
    const held = await stage.facts.holders();
    const holders = stage.agents.all.flatMap((agent): Holder[] => {
      const incarnation = held.find(({ agentId }) => agentId === agent.id)?.incarnation;
      const { pid } = agent;
      return incarnation === undefined || pid === undefined ? [] : [{ agent, pid, incarnation }];
    });
    return holders.length === 0 ? undefined : pick(holders, random);
  });
}

/** SIGKILL. Half of the time nobody but its silence tells that it is gone. */
export async function kill(stage: Stage, random: Random): Promise<RunningFault> {
  const { agent, pid, incarnation } = await pickHolder(stage, random);
  const gate = Promise.withResolvers<void>();
  const isUnnoticed = random() < 0.5;
  if (isUnnoticed) agent.fenceGate = gate.promise;
  signalProcess(pid, 'SIGKILL');
  const isFenced = (): Promise<boolean> => stage.facts.isFenced(incarnation);
  return {
    target: `${agent.id}${isUnnoticed ? ', unnoticed' : ''}`,
    holdMs: 0,
    felt: async () => {
      const ending = agent.endings.find((line) => line.includes(`(pid ${pid}) ended with SIGKILL`));
      return (isUnnoticed || ending !== undefined) && (await isFenced())
        ? `incarnation ${incarnation} is fenced; ${ending ?? 'nobody waits for its process'}`
        : undefined;
    },
    stop: async () => {
      agent.fenceGate = undefined;
      gate.resolve();
    },
    isOver: () => agent.isReady(),
  };
}
