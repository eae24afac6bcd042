/** Faults of Postgres. */
import { signalProcess } from '@streamhouse/standalone/process.ts';
import type { Stage } from '../stage/stage.ts';
import type { RunningFault } from './fault.ts';

/** The postmaster dies by SIGKILL; its supervisor starts the next one, which recovers. */
export async function postgresKill({ postgres, facts }: Stage): Promise<RunningFault> {
  const { pid } = postgres;
  signalProcess(pid, 'SIGKILL');
  return {
    target: `pid ${pid}`,
    holdMs: 0,
    felt: async () => {
      if (postgres.pid === pid) return undefined;
      await facts.holders();
      return `pid ${postgres.pid} accepts after it`;
    },
    stop: () => Promise.resolve(),
    isOver: () => true,
  };
}

/** Every connection of the agents is ended, as by an administrator. */
export async function postgresTerminate({ facts }: Stage): Promise<RunningFault> {
  let ended = 0;
  return {
    target: 'all agents',
    holdMs: 0,
    felt: async () => {
      ended += await facts.terminateAgentConnections();
      return ended > 0 ? `${ended} connections ended` : undefined;
    },
    stop: () => Promise.resolve(),
    isOver: () => true,
  };
}
