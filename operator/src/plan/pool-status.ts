/** What an AgentPool says of itself once its plan was carried out. */
import type {
  AGENT_POOL_CONDITIONS,
  AgentPoolResource,
  AgentPoolStatus,
} from '@streamhouse/api/crd/agent-pool.ts';
import type { Condition, Finding } from '@streamhouse/api/crd/resource.ts';
import type { PoolDecisions } from './agent-pool.ts';
import { conditionOf, withFindings } from './conditions.ts';
import { isServing, type PoolFacts, type PoolMember } from './pool-facts.ts';

export type PoolFinding = Finding<typeof AGENT_POOL_CONDITIONS>;
type Found<Type extends PoolFinding['type']> = Extract<PoolFinding, { type: Type }>;

/** Something that could not be made as the plan says, and that only a person can mend. */
export interface PoolProblem {
  readonly kind: 'nameConflict' | 'childRefused';
  /** A sentence that names the object. */
  readonly message: string;
}

export interface PoolOutcome {
  readonly facts: PoolFacts;
  readonly decisions: PoolDecisions;
  readonly problems: readonly PoolProblem[];
  /** Label selector of the pool's pods. */
  readonly selector: string;
}

export interface PoolEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: PoolFinding['reason'];
  /** A sentence for people. */
  readonly note: string;
}

export interface PoolChange {
  readonly status: AgentPoolStatus;
  readonly events: readonly PoolEvent[];
}

/** How long an agent may take to become ready before its rollout counts as stuck: as long as its startup probe gives it. */
const STUCK_MS = 150_000;

/** `nowMs` is wall time. */
export function poolChange(
  resource: AgentPoolResource,
  outcome: PoolOutcome,
  nowMs: number,
): PoolChange {
  const { metadata, status: before } = resource;
  const revisions = revisionsOf(resource, outcome);
  const findings = findingsOf(resource, outcome, revisions);
  const conditions = withFindings(before?.conditions, findings, metadata.generation, nowMs);
  const counts = countsOf(outcome, before);
  const observedGeneration = metadata.generation;
  const { selector } = outcome;
  return {
    status: { observedGeneration, ...counts, selector, ...revisions, conditions },
    events: eventsOf(before?.conditions, findings),
  };
}

function countsOf(
  { facts, decisions }: PoolOutcome,
  before: AgentPoolStatus | undefined,
): AgentPoolStatus {
  const { members } = facts;
  const sessions = members.flatMap(({ session }) => session ?? []);
  const isKnown = facts.metadata !== undefined;
  const held = sessions.reduce((total, { leases }) => total + leases, 0);
  return {
    replicas: members.length,
    readyReplicas: members.filter(isServing).length,
    updatedReplicas: members.filter((member) => isUpdated(facts, member)).length,
    drainingReplicas: decisions.leaving.length,
    leases: isKnown ? held : (before?.leases ?? 0),
  };
}

interface Revisions {
  readonly currentRevision: string;
  readonly updateRevision: string;
}

/** The current revision follows once every agent has the new one and is ready. */
function revisionsOf({ spec, status }: AgentPoolResource, { facts }: PoolOutcome): Revisions {
  const updateRevision = revisionOf(facts);
  const done = facts.members.filter((member) => isUpdated(facts, member) && isServing(member));
  const hasArrived = done.length === facts.members.length && done.length === spec.replicas;
  const currentRevision = hasArrived ? updateRevision : (status?.currentRevision ?? '');
  return { currentRevision, updateRevision };
}

function revisionOf({ wanted }: PoolFacts): string {
  return [...new Set(wanted.map(({ revision }) => revision))].join('.').slice(0, 128);
}

function isUpdated({ wanted }: PoolFacts, { zone, revision }: PoolMember): boolean {
  return wanted.some((set) => set.zone === zone && set.revision === revision);
}

function findingsOf(
  resource: AgentPoolResource,
  outcome: PoolOutcome,
  revisions: Revisions,
): readonly PoolFinding[] {
  const stuck = stuckText(outcome.facts, revisions);
  return [
    readyFinding(resource, outcome.facts),
    progressFinding(resource, outcome, revisions, stuck),
    degradedFinding(outcome, stuck),
  ];
}

function readyFinding({ spec }: AgentPoolResource, facts: PoolFacts): Found<'Ready'> {
  const type = 'Ready';
  if (facts.metadata === undefined) {
    const message = 'Postgres cannot be reached, so it is not known what the agents do';
    return { type, status: 'Unknown', reason: 'MetadataUnreachable', message };
  }
  const ready = stayingOf(facts).filter(isServing).length;
  const message = `${ready} of ${spec.replicas} agents are ready`;
  if (ready >= spec.replicas) return { type, status: 'True', reason: 'Ready', message };
  const waiting = stayingOf(facts).flatMap(({ agentId, trouble }) =>
    trouble === undefined ? [] : [`${agentId}: ${trouble.message}`],
  );
  const all = [message, ...waiting.slice(0, 3)].join('; ');
  return { type, status: 'False', reason: 'AgentsNotReady', message: all };
}

function progressFinding(
  { spec, status }: AgentPoolResource,
  { facts, decisions }: PoolOutcome,
  { updateRevision }: Revisions,
  stuck: string | undefined,
): Found<'Progressing'> {
  const type = 'Progressing';
  const { leaving, rollout } = decisions;
  if (stuck !== undefined) return { type, status: 'False', reason: 'RolloutStuck', message: stuck };
  if (leaving.length > 0) {
    const message = `${namesOf(leaving)} hand their partitions over and go`;
    return { type, status: 'True', reason: 'Draining', message };
  }
  if (rollout.outdated > 0 && spec.rollout.paused) {
    const message = `${rollout.outdated} agents are not as the spec says; rollout.paused says to wait`;
    return { type, status: 'False', reason: 'RolloutPaused', message };
  }
  const serving = stayingOf(facts).filter(isServing).length;
  const wasSettled = (status?.currentRevision ?? '') !== '';
  const isRollout = wasSettled && status?.currentRevision !== updateRevision;
  if (rollout.outdated > 0 || (isRollout && serving < spec.replicas)) {
    const wait =
      rollout.waitsFor === undefined ? '' : `; the next one waits for ${rollout.waitsFor}`;
    const message = `${rollout.outdated} agents are still to be replaced${wait}`;
    return { type, status: 'True', reason: 'RollingOut', message };
  }
  if (stayingOf(facts).length < spec.replicas) {
    const message = `${stayingOf(facts).length} of ${spec.replicas} agents exist`;
    return { type, status: 'True', reason: 'Scaling', message };
  }
  const kept =
    facts.keptImage === undefined
      ? ''
      : `; its agents keep the image ${facts.keptImage} until they are replaced`;
  const message = `the pool is as the spec says${kept}`;
  return { type, status: 'False', reason: 'Settled', message };
}

function degradedFinding(
  { facts, problems }: PoolOutcome,
  stuck: string | undefined,
): Found<'Degraded'> {
  const type = 'Degraded';
  const status = 'True';
  const told = (kind: PoolProblem['kind']): string =>
    problems.flatMap((problem) => (problem.kind === kind ? [problem.message] : [])).join('; ');
  const conflict = told('nameConflict');
  if (conflict !== '') return { type, status, reason: 'NameConflict', message: conflict };
  const refused = told('childRefused');
  if (refused !== '') return { type, status, reason: 'ChildRefused', message: refused };
  const missing = facts.members.find(({ trouble }) => trouble?.kind === 'secretMissing');
  if (missing?.trouble !== undefined)
    return { type, status, reason: 'SecretMissing', message: missing.trouble.message };
  if (stuck !== undefined) return { type, status, reason: 'RolloutStuck', message: stuck };
  return { type, status: 'False', reason: 'Healthy', message: 'nothing needs a person' };
}

/** A rollout that has not arrived is stuck while an agent that has the new revision cannot become ready, or does not in time. */
function stuckText(facts: PoolFacts, revisions: Revisions): string | undefined {
  if (revisions.currentRevision === revisions.updateRevision) return undefined;
  const broken = stayingOf(facts).find(
    (member) =>
      isUpdated(facts, member) &&
      !isServing(member) &&
      (member.trouble?.kind === 'failing' || member.unreadyMs >= STUCK_MS),
  );
  if (broken === undefined) return undefined;
  const why = broken.trouble?.message ?? 'it runs and does not become ready: its log says why';
  return `${broken.agentId} was replaced and is not ready: ${why}. No further agent is replaced: correct the spec, or go back to the one before`;
}

function stayingOf({ wanted, members }: PoolFacts): readonly PoolMember[] {
  return members.filter(({ zone, ordinal }) =>
    wanted.some((set) => set.zone === zone && ordinal < set.replicas),
  );
}

function namesOf(members: readonly PoolMember[]): string {
  const names = members.map(({ agentId }) => agentId);
  return names.length <= 5 ? names.join(', ') : `${names.length} agents`;
}

/** One per condition that has another reason than before; those that only say that all is well at first say nothing. */
function eventsOf(
  before: readonly Condition[] | undefined,
  findings: readonly PoolFinding[],
): readonly PoolEvent[] {
  return findings.flatMap((finding) => {
    const known = conditionOf(before, finding.type)?.reason;
    if (known === finding.reason || (known === undefined && isCalm(finding))) return [];
    const type = isBad(finding) ? 'Warning' : 'Normal';
    return [{ type, reason: finding.reason, note: finding.message }] as const;
  });
}

function isCalm({ type, status }: PoolFinding): boolean {
  return type === 'Ready' ? status !== 'True' : status === 'False';
}

function isBad({ type, status }: PoolFinding): boolean {
  return type === 'Degraded' ? status === 'True' : type === 'Ready' && status === 'Unknown';
}
