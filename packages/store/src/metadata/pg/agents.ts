import { StreamError } from '@streamhouse/core/errors.ts';
import { type Incarnation, incarnation } from '@streamhouse/core/ids.ts';
import type { AgentRegistration, AgentSession, AgentStore } from '../agents.ts';
import type { Database, Statement } from './database.ts';

const REGISTER: Statement = {
  name: 'register-agent',
  text: 'SELECT register_agent($1, $2, $3, $4, $5) AS incarnation',
};

/** The row is gone once the session is fenced, so no look at the session is needed. */
export const RENEW: Statement = {
  name: 'renew-agent',
  text: 'UPDATE agent_heartbeats SET beat = beat + 1 WHERE incarnation = $1 RETURNING beat',
};

const LIVE: Statement = {
  name: 'live-agents',
  text: `
    SELECT s.incarnation, s.agent_id AS "agentId", s.pool, s.zone, s.address,
           s.managed_topics AS "managedTopics",
           s.draining AS "isDraining", h.beat,
           (extract(epoch FROM s.started_at) * 1000)::bigint AS "startedAtMs"
    FROM agent_sessions s JOIN agent_heartbeats h USING (incarnation)
    WHERE s.fenced_at IS NULL ORDER BY s.incarnation`,
};

const DRAIN: Statement = {
  name: 'drain-agent',
  text: `
    WITH changed AS (
      UPDATE agent_sessions SET draining = true
      WHERE incarnation = $1 AND NOT draining RETURNING incarnation)
    SELECT pg_notify('streamhouse', 'agents')::text FROM changed`,
};

const FENCE: Statement = {
  name: 'fence-agent',
  text: 'SELECT fence_agents(ARRAY[$1::bigint], $2) AS count',
};

const FENCE_BY_ID: Statement = {
  name: 'fence-agent-by-id',
  text: `
    SELECT fence_agents(ARRAY(
      SELECT incarnation FROM agent_sessions
      WHERE agent_id = $1 AND fenced_at IS NULL), NULL) AS count`,
};

type SessionRow = Omit<AgentSession, 'incarnation'> & { readonly incarnation: number };

export class PgAgents implements AgentStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async register(agent: AgentRegistration, signal: AbortSignal): Promise<Incarnation> {
    const { agentId, pool, zone, address, managedTopics } = agent;
    const values = [agentId, pool, zone, address, managedTopics];
    const [row] = await this.#database.write<{ incarnation: number }>(REGISTER, values, signal);
    if (row === undefined) throw new StreamError('internal', 'NO_ROW', 'no session was opened');
    return incarnation(row.incarnation);
  }

  async renew(me: Incarnation, signal: AbortSignal): Promise<boolean> {
    const rows = await this.#database.write(RENEW, [me], signal);
    return rows.length === 1;
  }

  async live(signal: AbortSignal): Promise<readonly AgentSession[]> {
    const rows = await this.#database.read<SessionRow>(LIVE, [], signal);
    return rows.map((row) => ({ ...row, incarnation: incarnation(row.incarnation) }));
  }

  async drain(me: Incarnation, signal: AbortSignal): Promise<void> {
    await this.#database.write(DRAIN, [me], signal);
  }

  async fence(
    target: Incarnation,
    observedBeat: number | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    const values = [target, observedBeat ?? null];
    const [row] = await this.#database.write<{ count: number }>(FENCE, values, signal);
    return row?.count === 1;
  }

  async fenceAgent(agentId: string, signal: AbortSignal): Promise<number> {
    const [row] = await this.#database.write<{ count: number }>(FENCE_BY_ID, [agentId], signal);
    return row?.count ?? 0;
  }
}
