/** What a client knows of the cluster: pure, merged from answers that may come late and out of order. */
import type { AgentMetadata__Output as AgentMessage } from '@streamhouse/api/gen/streamhouse/v1/AgentMetadata.ts';
import type { GetMetadataResponse__Output as MetadataMessage } from '@streamhouse/api/gen/streamhouse/v1/GetMetadataResponse.ts';
import type { TopicMetadata__Output as TopicMessage } from '@streamhouse/api/gen/streamhouse/v1/TopicMetadata.ts';
import { topicIdFromBytes } from '@streamhouse/core/bytes/uuid.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { epoch, incarnation, type TopicId } from '@streamhouse/core/ids.ts';
import { isAddress } from './bootstrap.ts';
import { partError } from './wire-error.ts';

export interface PartitionView {
  readonly epoch: number;
  /** Incarnation; 0 while there is none. */
  readonly holder: number;
}

export interface TopicView {
  readonly name: string;
  readonly topicId: TopicId;
  /** The 16 bytes that requests carry. */
  readonly topicIdBytes: Uint8Array;
  readonly createdAtMs: number;
  readonly partitions: readonly PartitionView[];
}

export interface AgentView {
  readonly incarnation: number;
  readonly address: string;
  readonly isDraining: boolean;
}

export interface ClusterView {
  readonly topics: ReadonlyMap<string, TopicView>;
  /** Topics that were asked for and are not there, and why. */
  readonly missing: ReadonlyMap<string, StreamError>;
  readonly agents: ReadonlyMap<number, AgentView>;
}

export const EMPTY_VIEW: ClusterView = { topics: new Map(), missing: new Map(), agents: new Map() };

/**
 * The view after an answer. The agents are those of the answer. Of a partition, the higher epoch wins: an agent that is
 * behind cannot send a client back to an earlier holder.
 *
 * @throws StreamError of an answer that is not as the contract says; nothing of it counts then.
 */
export function mergeMetadata(view: ClusterView, answer: MetadataMessage): ClusterView {
  const topics = new Map(view.topics);
  const missing = new Map(view.missing);
  for (const message of answer.topics) {
    if (message.error !== null && message.error !== undefined) {
      topics.delete(message.name);
      missing.set(message.name, partError(message.error));
    } else {
      missing.delete(message.name);
      topics.set(message.name, mergeTopic(topics.get(message.name), message));
    }
  }
  const agents = new Map(answer.agents.map((agent) => [agent.incarnation, agentView(agent)]));
  return { topics, missing, agents };
}

/** Address of the holder; undefined while there is none or it is not known. */
export function holderAddress(view: ClusterView, partition: PartitionView): string | undefined {
  return view.agents.get(partition.holder)?.address;
}

/** Address of the holder of a partition by the name of its topic. */
export function partitionHolder(
  view: ClusterView,
  topic: string,
  partition: number,
): string | undefined {
  const found = view.topics.get(topic)?.partitions[partition];
  return found === undefined ? undefined : holderAddress(view, found);
}

function mergeTopic(known: TopicView | undefined, message: TopicMessage): TopicView {
  const topicId = topicIdFromBytes(message.topicId);
  // An agent that has not heard of the topic's end yet (I-28).
  if (known !== undefined && known.createdAtMs > message.createdAtMs) return known;
  const old = known?.topicId === topicId ? known.partitions : [];
  const partitions = message.partitions.map(({ epoch: at, holder }, index) => {
    const before = old[index];
    if (before !== undefined && before.epoch > at) return before;
    return { epoch: epoch(at), holder: incarnation(holder) };
  });
  // Partitions only grow (I-29): an answer that knows fewer is an old one.
  return {
    name: message.name,
    topicId,
    topicIdBytes: message.topicId,
    createdAtMs: message.createdAtMs,
    partitions: [...partitions, ...old.slice(partitions.length)],
  };
}

function agentView(message: AgentMessage): AgentView {
  if (!isAddress(message.address)) {
    const text = `an agent names "${message.address}" as an address, which is not host:port`;
    throw new StreamError('internal', 'ANSWER', text);
  }
  return {
    incarnation: incarnation(message.incarnation),
    address: message.address,
    isDraining: message.draining,
  };
}
