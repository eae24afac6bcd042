import type { Incarnation } from '@streamhouse/core/ids.ts';

export interface AgentRegistration {
  /** Name of the place (pod name); many incarnations share it over time. */
  readonly agentId: string;
  readonly pool: string;
  readonly zone: string;
  /** `host:port` that clients dial. */
  readonly address: string;
  /** Names of the only topics that it holds partitions of; empty: all of its pool. */
  readonly managedTopics: readonly string[];
}

export interface AgentSession extends AgentRegistration {
  readonly incarnation: Incarnation;
  readonly startedAtMs: number;
  readonly isDraining: boolean;
  /** Changes with every renewal. An observer compares values, never clocks (I-22). */
  readonly beat: number;
}

/** The lives of agents. A session is never deleted while a partition names it. */
export interface AgentStore {
  /** Opens a new incarnation and fences older ones of the same agentId. */
  register(agent: AgentRegistration, signal: AbortSignal): Promise<Incarnation>;
  /**
   * Moves the beat on. Resolves false when the session is fenced: the caller must stop.
   */
  renew(incarnation: Incarnation, signal: AbortSignal): Promise<boolean>;
  /** Sessions that are not fenced, sorted by incarnation. */
  live(signal: AbortSignal): Promise<readonly AgentSession[]>;
  /** Marks the session as draining: placement gives it nothing new. Notifies. */
  drain(incarnation: Incarnation, signal: AbortSignal): Promise<void>;
  /**
   * Fences a session if its beat is still `observedBeat` (undefined: at once, because its process is known to be gone).
   * Totally ordered with publishes: after it resolves true no publish of that incarnation can succeed (I-04). Notifies.
   */
  fence(
    incarnation: Incarnation,
    observedBeat: number | undefined,
    signal: AbortSignal,
  ): Promise<boolean>;
  /** Fences every live session of an agentId. Resolves how many there were. */
  fenceAgent(agentId: string, signal: AbortSignal): Promise<number>;
}
