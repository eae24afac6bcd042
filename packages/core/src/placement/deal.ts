/**
 * Deals the partitions of one pool to its agents: rendezvous hashing (Thaler and Ravishankar, 1998: of all agents the one
 * with the highest hash of partition and agent) under two bounds.
 *
 * 1. `dealTopic`: each partition goes to its highest agent that has fewer than ceil(p/N) of the topic.
 * 2. `even`: agents with more than their share of the pool give partitions to agents with less, first those whose hash
 *    falls least by it, and never beyond the topic's bound.
 *
 * Why step 2 always ends even: let agent A have more than its share and B less, then A has more in all than B, so of some
 * topic A has more than B, so B is below that topic's bound and may take one. What B could not take when it was its turn,
 * it cannot take later, since B only receives: one pass in which every partition of A had its turn is enough.
 *
 * Plain numbers in flat arrays: 100,000 partitions on 20 agents are two million hashes.
 */
import type { PartitionIndex, TopicId } from '../ids.ts';
import { hashPair } from './hash.ts';

export interface DealAgent {
  readonly hash: number;
  readonly zone: string;
}

export interface DealTopic {
  readonly topicId: TopicId;
  readonly hash: number;
  readonly partitions: readonly PartitionIndex[];
}

/** A partition's place in the flat arrays below. */
type Slot = number;

interface Deal {
  readonly agentCount: number;
  /** By agent. */
  readonly zones: readonly string[];
  readonly loads: Int32Array;
  readonly shares: Int32Array;
  /** By topic. */
  readonly bounds: Int32Array;
  /** By topic * agentCount + agent. */
  readonly pairHashes: Uint32Array;
  readonly counts: Int32Array;
  /** By slot. */
  readonly topics: Int32Array;
  readonly partitions: Int32Array;
  readonly owners: Int32Array;
}

const NOBODY = -1;

/** Calls `take` for each partition with its agent. The order of topics and agents settles equal hashes. */
export function deal<Agent extends DealAgent>(
  topics: readonly DealTopic[],
  agents: readonly Agent[],
  take: (topicId: TopicId, partition: PartitionIndex, agent: Agent) => void,
): void {
  const state = open(topics, agents);
  let slot = 0;
  for (const [topic, { partitions }] of topics.entries()) {
    dealTopic(state, topic, slot, partitions.length);
    slot += partitions.length;
  }
  share(state);
  even(state, true);
  even(state, false);
  slot = 0;
  for (const { topicId, partitions } of topics) {
    for (const partition of partitions) {
      const agent = agents[at(state.owners, slot++)];
      if (agent !== undefined) take(topicId, partition, agent);
    }
  }
}

function open(topics: readonly DealTopic[], agents: readonly DealAgent[]): Deal {
  const agentCount = agents.length;
  const slotCount = topics.reduce((sum, topic) => sum + topic.partitions.length, 0);
  const state: Deal = {
    agentCount,
    zones: agents.map((agent) => agent.zone),
    loads: new Int32Array(agentCount),
    shares: new Int32Array(agentCount),
    bounds: new Int32Array(topics.length),
    pairHashes: new Uint32Array(topics.length * agentCount),
    counts: new Int32Array(topics.length * agentCount),
    topics: new Int32Array(slotCount),
    partitions: new Int32Array(slotCount),
    owners: new Int32Array(slotCount).fill(NOBODY),
  };
  let slot = 0;
  for (const [topic, { hash, partitions }] of topics.entries()) {
    state.bounds[topic] = Math.ceil(partitions.length / agentCount);
    for (const [agent, { hash: agentHash }] of agents.entries()) {
      state.pairHashes[topic * agentCount + agent] = hashPair(hash, agentHash);
    }
    for (const partition of partitions) {
      state.topics[slot] = topic;
      state.partitions[slot++] = partition;
    }
  }
  return state;
}

/** The last partition goes to a second zone if all before are in one: agents there have none yet, so none is full. */
function dealTopic(state: Deal, topic: number, first: Slot, count: number): void {
  for (let slot = first; slot < first + count; slot++) {
    const isLast = slot === first + count - 1;
    const takenZone = isLast && count > 1 ? onlyZone(state, topic) : undefined;
    let agent = bestAgent(state, slot, (candidate) => state.zones[candidate] !== takenZone);
    if (agent === NOBODY) agent = bestAgent(state, slot, () => true);
    move(state, slot, agent);
  }
}

/** The zone in which all of a topic lies, or undefined when it spans two. */
function onlyZone(state: Deal, topic: number): string | undefined {
  let zone: string | undefined;
  for (let agent = 0; agent < state.agentCount; agent++) {
    if (at(state.counts, topic * state.agentCount + agent) === 0) continue;
    if (zone !== undefined && zone !== state.zones[agent]) return undefined;
    zone = state.zones[agent];
  }
  return zone;
}

/** Of the agents below the topic's bound the one with the highest hash, or NOBODY. */
function bestAgent(state: Deal, slot: Slot, isEligible: (agent: number) => boolean): number {
  const topic = at(state.topics, slot);
  const bound = at(state.bounds, topic);
  let best = NOBODY;
  let bestHash = -1;
  for (let agent = 0; agent < state.agentCount; agent++) {
    if (at(state.counts, topic * state.agentCount + agent) >= bound || !isEligible(agent)) continue;
    const hash = slotHash(state, slot, agent);
    if (hash > bestHash) {
      best = agent;
      bestHash = hash;
    }
  }
  return best;
}

/** floor(P/N) for each agent, and one more for the P mod N that have most already. */
function share(state: Deal): void {
  const slotCount = state.owners.length;
  state.shares.fill(Math.floor(slotCount / state.agentCount));
  const byLoad = [...state.loads.keys()].sort((a, b) => at(state.loads, b) - at(state.loads, a));
  for (const agent of byLoad.slice(0, slotCount % state.agentCount)) {
    state.shares[agent] = at(state.shares, agent) + 1;
  }
}

function even(state: Deal, keepsZones: boolean): void {
  for (const slot of surplusByLoss(state)) {
    const owner = at(state.owners, slot);
    if (at(state.loads, owner) <= at(state.shares, owner)) continue;
    const heir = bestAgent(state, slot, (agent) => isShort(state, agent));
    if (heir === NOBODY) continue;
    move(state, slot, heir);
    if (keepsZones && state.zones[owner] !== state.zones[heir] && isNarrow(state, slot)) {
      move(state, slot, owner);
    }
  }
}

function isShort(state: Deal, agent: number): boolean {
  return at(state.loads, agent) < at(state.shares, agent);
}

function isNarrow(state: Deal, slot: Slot): boolean {
  const topic = at(state.topics, slot);
  const hasMany = state.topics[slot - 1] === topic || state.topics[slot + 1] === topic;
  return hasMany && onlyZone(state, topic) !== undefined;
}

/** The slots of agents with more than their share, those first whose hash falls least when an agent with less takes them. */
function surplusByLoss(state: Deal): readonly Slot[] {
  const slotCount = state.owners.length;
  const keys = new Float64Array(slotCount);
  let count = 0;
  for (let slot = 0; slot < slotCount; slot++) {
    const owner = at(state.owners, slot);
    if (at(state.loads, owner) <= at(state.shares, owner)) continue;
    const heir = bestAgent(state, slot, (agent) => isShort(state, agent));
    if (heir === NOBODY) continue;
    const loss = slotHash(state, slot, owner) - slotHash(state, slot, heir) + 0x100000000;
    // Loss and slot in one number, below 2^53 for 2^20 slots: numbers sort many times faster than pairs.
    keys[count++] = loss * slotCount + slot;
  }
  return Array.from(keys.subarray(0, count).sort(), (key) => key % slotCount);
}

function slotHash(state: Deal, slot: Slot, agent: number): number {
  const pair = at(state.topics, slot) * state.agentCount + agent;
  return hashPair(at(state.pairHashes, pair), at(state.partitions, slot));
}

function move(state: Deal, slot: Slot, to: number): void {
  const from = at(state.owners, slot);
  if (from !== NOBODY) addLoad(state, slot, from, -1);
  addLoad(state, slot, to, 1);
  state.owners[slot] = to;
}

function addLoad(state: Deal, slot: Slot, agent: number, change: number): void {
  const pair = at(state.topics, slot) * state.agentCount + agent;
  state.counts[pair] = at(state.counts, pair) + change;
  state.loads[agent] = at(state.loads, agent) + change;
}

/** Every index here is inside its array; the zero is for the type checker. */
function at(array: Int32Array | Uint32Array, index: number): number {
  return array[index] ?? 0;
}
