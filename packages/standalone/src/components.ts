/** The real parts that a standalone is made of. Tests of the supervisor bring others. */
import { createRequire } from 'node:module';
import { systemClock } from '@streamhouse/core/async/system-clock.ts';
import { openPgMetadata } from '@streamhouse/store/metadata/pg/metadata.ts';
import { migrate } from '@streamhouse/store/metadata/pg/migrate.ts';
import type { AgentFence, StandaloneComponents } from './standalone.ts';

const require = createRequire(import.meta.url);
const APPLICATION_NAME = 'streamhouse-standalone';

export function standaloneComponents(log: (line: string) => void): StandaloneComponents {
  return {
    log,
    agentProgram: require.resolve('@streamhouse/agent/main.ts'),
    openMetadata,
  };
}

async function openMetadata(url: string, signal: AbortSignal): Promise<AgentFence> {
  await migrate(url, signal);
  const metadata = await openPgMetadata({
    url,
    applicationName: APPLICATION_NAME,
    poolSize: 1,
    clock: systemClock,
    random: Math.random,
    // A lost connection is made again by itself; a fence that fails says so where it is called.
    onError: () => undefined,
  });
  return {
    fenceAgent: (agentId, fenceSignal) => metadata.agents.fenceAgent(agentId, fenceSignal),
    [Symbol.asyncDispose]: () => metadata[Symbol.asyncDispose](),
  };
}
