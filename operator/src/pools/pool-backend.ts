import type { AgentPoolResource } from '@streamhouse/api/crd/agent-pool.ts';
import type { PoolDecisions } from '../plan/agent-pool.ts';
import type { PlatformFacts } from '../plan/pool-facts.ts';
import type { PoolProblem } from '../plan/pool-status.ts';

/** Where the agents of pools run. */
export interface PoolBackend {
  readonly isSynced: boolean;
  /** Resolves once it is, or rejects with the reason of `signal`. */
  synced(signal: AbortSignal): Promise<void>;
  /** On the monotonic clock: when the platform was last heard of. */
  readonly lastActivityMs: number;
  /** Follows the platform until `signal` and calls `onChange` with the key `namespace/name` of a pool. Never rejects. */
  watch(onChange: (key: string) => void, signal: AbortSignal): Promise<void>;
  /**
   * What there is of a pool. `agentIds` have live sessions, read before: one that is gone now has ended since then or
   * earlier, whatever a cache says.
   */
  gather(
    pool: AgentPoolResource,
    agentIds: readonly string[],
    signal: AbortSignal,
  ): Promise<PlatformFacts>;
  /** Carries out `sets`, `remove` and `replace`. What a person has to mend is a problem; anything else is thrown and tried again. */
  apply(
    pool: AgentPoolResource,
    decisions: PoolDecisions,
    signal: AbortSignal,
  ): Promise<readonly PoolProblem[]>;
  /** Label selector of the pool's agents, for autoscalers. */
  selectorOf(pool: AgentPoolResource): string;
  /** Forgets what it remembers of a pool that is gone. */
  forget(key: string): void;
}
