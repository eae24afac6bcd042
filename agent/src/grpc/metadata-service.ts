import type { ServerWritableStream } from '@grpc/grpc-js';
import { Durability } from '@streamhouse/api/gen/streamhouse/v1/Durability.ts';
import type { GetMetadataResponse } from '@streamhouse/api/gen/streamhouse/v1/GetMetadataResponse.ts';
import type { MetadataServiceHandlers } from '@streamhouse/api/gen/streamhouse/v1/MetadataService.ts';
import type { TopicMetadata } from '@streamhouse/api/gen/streamhouse/v1/TopicMetadata.ts';
import type { WatchMetadataRequest__Output } from '@streamhouse/api/gen/streamhouse/v1/WatchMetadataRequest.ts';
import type { WatchMetadataResponse } from '@streamhouse/api/gen/streamhouse/v1/WatchMetadataResponse.ts';
import { topicIdToBytes } from '@streamhouse/core/bytes/uuid.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { Topic } from '@streamhouse/store/metadata/topics.ts';
import type { ClusterSnapshot } from '../cluster/cluster-view.ts';
import type { RunningIncarnation } from '../incarnation.ts';
import { checkDecoded, errorMessage, failStream, type ServiceContext, unary } from './call.ts';
import { checkCount, topicNotFound } from './validate.ts';

type WatchCall = ServerWritableStream<WatchMetadataRequest__Output, WatchMetadataResponse>;

/** What this agent speaks: clients compare it with their own. */
const VERSION = '0.1.0';
/** Milliseconds between two messages of a watch when nothing changes: silence means that the agent is not well. */
const WATCH_BEAT_MS = 1000;

export function metadataService(context: ServiceContext): MetadataServiceHandlers {
  return {
    GetMetadata: unary(context, async (request) => {
      const life = context.current();
      const topics = checkCount('topics', request.topics, LIMITS.requestPartitionsMax);
      // A topic made through another agent a moment ago may not be in this one's copy yet.
      if (topics.some((name) => !life.view.snapshot.topicsByName.has(name)))
        await life.view.refresh();
      return metadataOf(context, life, topics);
    }),
    WatchMetadata: (call) => {
      try {
        checkDecoded(call.request);
        watch(context, context.current(), call);
      } catch (error) {
        failStream(call, error, context.log);
      }
    },
  };
}

function watch(context: ServiceContext, life: RunningIncarnation, call: WatchCall): void {
  life.checkServing();
  const topics = checkCount('topics', call.request.topics, LIMITS.requestPartitionsMax);
  let isWritable = true;
  let isStale = true;
  const send = (): void => {
    // A watcher that does not read gets the newest state once it does, and nothing is queued for it.
    if (!isWritable) return;
    isWritable = call.write(isStale ? { metadata: metadataOf(context, life, topics) } : {});
    isStale = false;
  };
  const changed = (): void => {
    isStale = true;
    send();
  };
  const stopListening = life.view.onChange(changed);
  let cancelBeat = (): void => undefined;
  const beat = (): void => {
    // What is known here grows old: another agent may know who took over.
    if (!life.isServing()) return finish();
    send();
    cancelBeat = life.clock.schedule(WATCH_BEAT_MS, beat);
  };
  const finish = (): void => {
    cancelBeat();
    stopListening();
    life.over.removeEventListener('abort', finish);
    call.end();
  };
  call.on('drain', () => {
    isWritable = true;
    if (isStale) send();
  });
  call.on('cancelled', finish);
  life.over.addEventListener('abort', finish, { once: true });
  beat();
}

function metadataOf(
  context: ServiceContext,
  life: RunningIncarnation,
  names: readonly string[],
): GetMetadataResponse {
  const { snapshot } = life.view;
  const topics =
    names.length === 0
      ? [...snapshot.topicsByName.values()].map((topic) => topicMetadata(snapshot, topic))
      : names.map((name) => {
          const topic = snapshot.topicsByName.get(name);
          if (topic === undefined)
            return { name, error: errorMessage(topicNotFound(name), context.log) };
          return topicMetadata(snapshot, topic);
        });
  const leases = Map.groupBy(snapshot.leases, (lease) => lease.holder);
  const agents = [...snapshot.agents.values()].map((agent) => ({
    incarnation: agent.incarnation,
    agentId: agent.agentId,
    address: agent.address,
    zone: agent.zone,
    pool: agent.pool,
    draining: agent.isDraining,
    startedAtMs: agent.startedAtMs,
    leases: leases.get(agent.incarnation)?.length ?? 0,
  }));
  return { topics, agents, clusterId: life.clusterId, version: VERSION };
}

function topicMetadata(snapshot: ClusterSnapshot, topic: Topic): TopicMetadata {
  const leases = snapshot.leasesByTopic.get(topic.topicId) ?? [];
  return {
    name: topic.name,
    topicId: topicIdToBytes(topic.topicId),
    createdAtMs: topic.createdAtMs,
    durability:
      topic.durability === 'memory' ? Durability.DURABILITY_MEMORY : Durability.DURABILITY_OBJECT,
    partitions: leases.map((lease) => ({
      partition: lease.partition,
      epoch: lease.epoch,
      // A holder that is fenced is none.
      holder: lease.holder !== undefined && snapshot.agents.has(lease.holder) ? lease.holder : 0,
    })),
  };
}
