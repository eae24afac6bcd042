import type { CommitOffsetsRequest__Output } from '@streamhouse/api/gen/streamhouse/v1/CommitOffsetsRequest.ts';
import type { CommitOffsetsResponse } from '@streamhouse/api/gen/streamhouse/v1/CommitOffsetsResponse.ts';
import type { CommittedOffset } from '@streamhouse/api/gen/streamhouse/v1/CommittedOffset.ts';
import type { DescribeGroupResponse } from '@streamhouse/api/gen/streamhouse/v1/DescribeGroupResponse.ts';
import type { GroupListing } from '@streamhouse/api/gen/streamhouse/v1/GroupListing.ts';
import type { GroupServiceHandlers } from '@streamhouse/api/gen/streamhouse/v1/GroupService.ts';
import { GroupState } from '@streamhouse/api/gen/streamhouse/v1/GroupState.ts';
import type { ResetOffsetsRequest__Output } from '@streamhouse/api/gen/streamhouse/v1/ResetOffsetsRequest.ts';
import type { ResetOffsetsResponse } from '@streamhouse/api/gen/streamhouse/v1/ResetOffsetsResponse.ts';
import { StreamError } from '@streamhouse/core/errors.ts';
import { checkGroupId } from '@streamhouse/core/group/group-id.ts';
import { groupSlot } from '@streamhouse/core/group/group-slot.ts';
import { LIMITS } from '@streamhouse/core/limits.ts';
import type { GroupOffset, GroupSummary } from '@streamhouse/store/metadata/groups.ts';
import { groupNotFound } from '../group/refusals.ts';
import type { RunningIncarnation } from '../incarnation.ts';
import { errorMessage, type ServiceContext, servingLife, unary } from './call.ts';
import {
  checkMember,
  partitionMessage,
  readCommits,
  readJoin,
  readPartitions,
  readResets,
  readSync,
} from './group-requests.ts';
import { runHeartbeats } from './heartbeat-stream.ts';
import { invalidField } from './validate.ts';

export function groupService(context: ServiceContext): GroupServiceHandlers {
  return {
    JoinGroup: unary(context, async (request, _signal, peer) => {
      const join = readJoin(request, peer);
      const { groups } = servingLife(context);
      const { generation, assignor, leaderId, members } = await groups.join(request.groupId, join);
      const joined = members.map(({ memberId, instanceId, topics, owned, ownedGeneration }) => ({
        memberId,
        ...(instanceId !== undefined && { groupInstanceId: instanceId }),
        topics: [...topics],
        owned: owned.map(partitionMessage),
        ownedGeneration,
      }));
      return { generation, assignor, leaderId, members: joined };
    }),
    SyncGroup: unary(context, async (request) => {
      const sync = readSync(request);
      const { groups } = servingLife(context);
      const partitions = await groups.with(request.groupId, (group) => group.sync(sync));
      return { partitions: partitions.map(partitionMessage) };
    }),
    Heartbeat: (call) => runHeartbeats(context, call),
    LeaveGroup: unary(context, async ({ groupId, memberId }) => {
      checkMember({ groupId, memberId, generation: 0 });
      await servingLife(context).groups.with(groupId, (group) => group.leave(memberId));
      return {};
    }),
    CommitOffsets: unary(context, (request) => commit(context, request)),
    ...readers(context),
    DeleteGroup: unary(context, async ({ groupId }) => {
      checkGroupId(groupId);
      await servingLife(context).groups.delete(groupId);
      return {};
    }),
    ResetOffsets: unary(context, (request) => reset(context, request)),
  };
}

type Readers = Pick<GroupServiceHandlers, 'FetchOffsets' | 'ListGroups' | 'DescribeGroup'>;

/** What is read from the store alone, by any agent. */
function readers(context: ServiceContext): Readers {
  return {
    FetchOffsets: unary(context, async ({ groupId, partitions }, signal) => {
      checkGroupId(groupId);
      const wanted = readPartitions('partitions', partitions);
      const { groups } = context.current().metadata;
      const named = wanted.length === 0 ? undefined : wanted;
      const offsets = await groups.offsets(groupId, named, signal);
      return { offsets: offsets.map(offsetMessage) };
    }),
    ListGroups: unary(context, async ({ after, limit }, signal) => {
      if (after !== '') checkGroupId(after);
      if (limit < 0) throw invalidField('limit', `must not be negative, got ${limit}`);
      const max = Math.min(limit === 0 ? LIMITS.groupListMax : limit, LIMITS.groupListMax);
      const groups = await context.current().metadata.groups.list(after, max + 1, signal);
      return { groups: groups.slice(0, max).map(listing), hasMore: groups.length > max };
    }),
    DescribeGroup: unary(context, async ({ groupId }, signal) => {
      checkGroupId(groupId);
      return await describe(context.current(), groupId, signal);
    }),
  };
}

async function commit(
  context: ServiceContext,
  { groupId, memberId, generation, offsets }: CommitOffsetsRequest__Output,
): Promise<CommitOffsetsResponse> {
  const isOwn = memberId === '' && generation === 0;
  if (isOwn) checkGroupId(groupId);
  else checkMember({ groupId, memberId, generation });
  const commits = readCommits(offsets);
  const { groups } = servingLife(context);
  const missing = await groups.commit({ groupId, memberId, generation, offsets: commits });
  return {
    failures: missing.map((one) => {
      const message = `there is no partition ${one.partition} of a topic ${one.topicId}`;
      const error = new StreamError('notFound', 'PARTITION_MISSING', message);
      return { ...partitionMessage(one), error: errorMessage(error, context.log) };
    }),
  };
}

async function reset(
  context: ServiceContext,
  { groupId, offsets, dryRun }: ResetOffsetsRequest__Output,
): Promise<ResetOffsetsResponse> {
  checkGroupId(groupId);
  const resets = readResets(offsets);
  const { changes, expelled } = await servingLife(context).groups.reset(groupId, resets, dryRun);
  return {
    changes: changes.map(({ before, after, ...partition }) => ({
      ...partitionMessage(partition),
      before: before ?? -1,
      after: after ?? -1,
    })),
    expelled,
  };
}

async function describe(
  life: RunningIncarnation,
  groupId: string,
  signal: AbortSignal,
): Promise<DescribeGroupResponse> {
  const { groups } = life.metadata;
  const [group, offsets] = await Promise.all([
    groups.describe(groupId, signal),
    groups.offsets(groupId, undefined, signal),
  ]);
  if (group === undefined) throw groupNotFound(groupId);
  const members = group.members.map((member) => ({
    memberId: member.memberId,
    ...(member.instanceId !== undefined && { groupInstanceId: member.instanceId }),
    clientId: member.clientId,
    clientHost: member.clientHost,
    topics: [...member.topics],
    partitions: member.partitions.map(partitionMessage),
    sessionTimeoutMs: member.sessionTimeoutMs,
  }));
  return {
    group: listing({ ...group, members: members.length }),
    coordinator: life.view.coordinatorOf(groupSlot(groupId))?.agentId ?? '',
    members,
    offsets: offsets.map(offsetMessage),
  };
}

function listing(group: GroupSummary): GroupListing {
  const { groupId, generation, members, assignor = '' } = group;
  return { groupId, state: stateOf(group), generation, members, assignor };
}

function stateOf({ members, isAssigned }: GroupSummary): GroupState {
  if (members === 0) return GroupState.GROUP_STATE_EMPTY;
  return isAssigned ? GroupState.GROUP_STATE_STABLE : GroupState.GROUP_STATE_REBALANCING;
}

function offsetMessage({ committed, isAdded, ...partition }: GroupOffset): CommittedOffset {
  const message = { ...partitionMessage(partition), added: isAdded };
  if (committed === undefined) return { ...message, offset: -1 };
  return { ...message, ...committed };
}
