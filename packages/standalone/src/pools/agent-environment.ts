import { AGENT_POOL, type AgentPoolSpec, type AgentSpec } from '@streamhouse/api/crd/agent-pool.ts';
import { withDefaults } from '@streamhouse/api/crd/check.ts';
import { parseBytes, parseDuration } from '@streamhouse/api/crd/units.ts';
import { specHash } from '@streamhouse/operator/plan/spec-hash.ts';

type Environment = Readonly<Record<string, string>>;

const DEFAULTS: AgentSpec = withDefaults(AGENT_POOL, { spec: {} }).spec.agent;
const REVISION_CHARS = 10;

/**
 * What a pool's resource says to its agents, as variables. What it leaves at its default is not said: then an agent goes by the
 * variables that this process was started with, and by its own defaults, which know that a directory costs nothing per object.
 */
export function agentEnvironment(
  pool: string,
  zone: string,
  { agent }: AgentPoolSpec,
): Environment {
  const { heartbeatInterval, sessionTimeout, flush, managedTopics, logLevel } = agent;
  const env: Record<string, string> = { AGENT_GROUP: pool };
  if (zone !== '') env['AGENT_ZONE'] = zone;
  // One follows from the other where it is not set, so both or neither.
  if (
    heartbeatInterval !== DEFAULTS.heartbeatInterval ||
    sessionTimeout !== DEFAULTS.sessionTimeout
  ) {
    env['HEARTBEAT_INTERVAL'] = `${parseDuration(heartbeatInterval)}ms`;
    env['SESSION_TIMEOUT'] = `${parseDuration(sessionTimeout)}ms`;
  }
  if (flush.maxPutsPerSecond !== DEFAULTS.flush.maxPutsPerSecond)
    env['FLUSH_MAX_PUTS_PER_SECOND'] = String(flush.maxPutsPerSecond);
  if (flush.maxBytes !== DEFAULTS.flush.maxBytes)
    env['FLUSH_MAX_BYTES'] = String(parseBytes(flush.maxBytes));
  if (managedTopics.length > 0) env['MANAGED_TOPICS'] = managedTopics.join(',');
  if (logLevel !== DEFAULTS.logLevel) env['LOG_LEVEL'] = logLevel;
  return env;
}

/** Differs when agents have to be started anew for what the resource says. */
export function revisionOf(env: Environment, { rollout }: AgentPoolSpec): string {
  return specHash({ env, restartedAt: rollout.restartedAt }).slice(0, REVISION_CHARS);
}
