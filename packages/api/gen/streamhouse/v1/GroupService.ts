// Original file: proto/streamhouse/v1/group.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CommitOffsetsRequest as _streamhouse_v1_CommitOffsetsRequest, CommitOffsetsRequest__Output as _streamhouse_v1_CommitOffsetsRequest__Output } from '../../streamhouse/v1/CommitOffsetsRequest.ts';
import type { CommitOffsetsResponse as _streamhouse_v1_CommitOffsetsResponse, CommitOffsetsResponse__Output as _streamhouse_v1_CommitOffsetsResponse__Output } from '../../streamhouse/v1/CommitOffsetsResponse.ts';
import type { DeleteGroupRequest as _streamhouse_v1_DeleteGroupRequest, DeleteGroupRequest__Output as _streamhouse_v1_DeleteGroupRequest__Output } from '../../streamhouse/v1/DeleteGroupRequest.ts';
import type { DeleteGroupResponse as _streamhouse_v1_DeleteGroupResponse, DeleteGroupResponse__Output as _streamhouse_v1_DeleteGroupResponse__Output } from '../../streamhouse/v1/DeleteGroupResponse.ts';
import type { DescribeGroupRequest as _streamhouse_v1_DescribeGroupRequest, DescribeGroupRequest__Output as _streamhouse_v1_DescribeGroupRequest__Output } from '../../streamhouse/v1/DescribeGroupRequest.ts';
import type { DescribeGroupResponse as _streamhouse_v1_DescribeGroupResponse, DescribeGroupResponse__Output as _streamhouse_v1_DescribeGroupResponse__Output } from '../../streamhouse/v1/DescribeGroupResponse.ts';
import type { FetchOffsetsRequest as _streamhouse_v1_FetchOffsetsRequest, FetchOffsetsRequest__Output as _streamhouse_v1_FetchOffsetsRequest__Output } from '../../streamhouse/v1/FetchOffsetsRequest.ts';
import type { FetchOffsetsResponse as _streamhouse_v1_FetchOffsetsResponse, FetchOffsetsResponse__Output as _streamhouse_v1_FetchOffsetsResponse__Output } from '../../streamhouse/v1/FetchOffsetsResponse.ts';
import type { HeartbeatRequest as _streamhouse_v1_HeartbeatRequest, HeartbeatRequest__Output as _streamhouse_v1_HeartbeatRequest__Output } from '../../streamhouse/v1/HeartbeatRequest.ts';
import type { HeartbeatResponse as _streamhouse_v1_HeartbeatResponse, HeartbeatResponse__Output as _streamhouse_v1_HeartbeatResponse__Output } from '../../streamhouse/v1/HeartbeatResponse.ts';
import type { JoinGroupRequest as _streamhouse_v1_JoinGroupRequest, JoinGroupRequest__Output as _streamhouse_v1_JoinGroupRequest__Output } from '../../streamhouse/v1/JoinGroupRequest.ts';
import type { JoinGroupResponse as _streamhouse_v1_JoinGroupResponse, JoinGroupResponse__Output as _streamhouse_v1_JoinGroupResponse__Output } from '../../streamhouse/v1/JoinGroupResponse.ts';
import type { LeaveGroupRequest as _streamhouse_v1_LeaveGroupRequest, LeaveGroupRequest__Output as _streamhouse_v1_LeaveGroupRequest__Output } from '../../streamhouse/v1/LeaveGroupRequest.ts';
import type { LeaveGroupResponse as _streamhouse_v1_LeaveGroupResponse, LeaveGroupResponse__Output as _streamhouse_v1_LeaveGroupResponse__Output } from '../../streamhouse/v1/LeaveGroupResponse.ts';
import type { ListGroupsRequest as _streamhouse_v1_ListGroupsRequest, ListGroupsRequest__Output as _streamhouse_v1_ListGroupsRequest__Output } from '../../streamhouse/v1/ListGroupsRequest.ts';
import type { ListGroupsResponse as _streamhouse_v1_ListGroupsResponse, ListGroupsResponse__Output as _streamhouse_v1_ListGroupsResponse__Output } from '../../streamhouse/v1/ListGroupsResponse.ts';
import type { ResetOffsetsRequest as _streamhouse_v1_ResetOffsetsRequest, ResetOffsetsRequest__Output as _streamhouse_v1_ResetOffsetsRequest__Output } from '../../streamhouse/v1/ResetOffsetsRequest.ts';
import type { ResetOffsetsResponse as _streamhouse_v1_ResetOffsetsResponse, ResetOffsetsResponse__Output as _streamhouse_v1_ResetOffsetsResponse__Output } from '../../streamhouse/v1/ResetOffsetsResponse.ts';
import type { SyncGroupRequest as _streamhouse_v1_SyncGroupRequest, SyncGroupRequest__Output as _streamhouse_v1_SyncGroupRequest__Output } from '../../streamhouse/v1/SyncGroupRequest.ts';
import type { SyncGroupResponse as _streamhouse_v1_SyncGroupResponse, SyncGroupResponse__Output as _streamhouse_v1_SyncGroupResponse__Output } from '../../streamhouse/v1/SyncGroupResponse.ts';

/**
 * Members of a consumer group share the partitions of its topics, and commit how far they have read. Each group has one
 * coordinator, the agent that holds the group's slot; another agent answers notHolder NOT_COORDINATOR, with the
 * coordinator's `address` in the details when it is known. FetchOffsets, ListGroups and DescribeGroup are answered by any.
 */
export interface GroupServiceClient extends grpc.Client {
  CommitOffsets(argument: _streamhouse_v1_CommitOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  CommitOffsets(argument: _streamhouse_v1_CommitOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  CommitOffsets(argument: _streamhouse_v1_CommitOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  CommitOffsets(argument: _streamhouse_v1_CommitOffsetsRequest, callback: grpc.requestCallback<_streamhouse_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  commitOffsets(argument: _streamhouse_v1_CommitOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  commitOffsets(argument: _streamhouse_v1_CommitOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  commitOffsets(argument: _streamhouse_v1_CommitOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  commitOffsets(argument: _streamhouse_v1_CommitOffsetsRequest, callback: grpc.requestCallback<_streamhouse_v1_CommitOffsetsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Forgets a group without members, with its offsets.
   */
  DeleteGroup(argument: _streamhouse_v1_DeleteGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  DeleteGroup(argument: _streamhouse_v1_DeleteGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  DeleteGroup(argument: _streamhouse_v1_DeleteGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  DeleteGroup(argument: _streamhouse_v1_DeleteGroupRequest, callback: grpc.requestCallback<_streamhouse_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Forgets a group without members, with its offsets.
   */
  deleteGroup(argument: _streamhouse_v1_DeleteGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  deleteGroup(argument: _streamhouse_v1_DeleteGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  deleteGroup(argument: _streamhouse_v1_DeleteGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  deleteGroup(argument: _streamhouse_v1_DeleteGroupRequest, callback: grpc.requestCallback<_streamhouse_v1_DeleteGroupResponse__Output>): grpc.ClientUnaryCall;
  
  DescribeGroup(argument: _streamhouse_v1_DescribeGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  DescribeGroup(argument: _streamhouse_v1_DescribeGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  DescribeGroup(argument: _streamhouse_v1_DescribeGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  DescribeGroup(argument: _streamhouse_v1_DescribeGroupRequest, callback: grpc.requestCallback<_streamhouse_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  describeGroup(argument: _streamhouse_v1_DescribeGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  describeGroup(argument: _streamhouse_v1_DescribeGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  describeGroup(argument: _streamhouse_v1_DescribeGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  describeGroup(argument: _streamhouse_v1_DescribeGroupRequest, callback: grpc.requestCallback<_streamhouse_v1_DescribeGroupResponse__Output>): grpc.ClientUnaryCall;
  
  FetchOffsets(argument: _streamhouse_v1_FetchOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  FetchOffsets(argument: _streamhouse_v1_FetchOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  FetchOffsets(argument: _streamhouse_v1_FetchOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  FetchOffsets(argument: _streamhouse_v1_FetchOffsetsRequest, callback: grpc.requestCallback<_streamhouse_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  fetchOffsets(argument: _streamhouse_v1_FetchOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  fetchOffsets(argument: _streamhouse_v1_FetchOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  fetchOffsets(argument: _streamhouse_v1_FetchOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  fetchOffsets(argument: _streamhouse_v1_FetchOffsetsRequest, callback: grpc.requestCallback<_streamhouse_v1_FetchOffsetsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Keeps a member alive, and tells it at once when there is something to do. Its end does not end the membership.
   */
  Heartbeat(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_HeartbeatRequest, _streamhouse_v1_HeartbeatResponse__Output>;
  Heartbeat(options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_HeartbeatRequest, _streamhouse_v1_HeartbeatResponse__Output>;
  /**
   * Keeps a member alive, and tells it at once when there is something to do. Its end does not end the membership.
   */
  heartbeat(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_HeartbeatRequest, _streamhouse_v1_HeartbeatResponse__Output>;
  heartbeat(options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_HeartbeatRequest, _streamhouse_v1_HeartbeatResponse__Output>;
  
  /**
   * Enters a group, or takes part in its next generation. Answers when every member has joined or is given up.
   */
  JoinGroup(argument: _streamhouse_v1_JoinGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_JoinGroupResponse__Output>): grpc.ClientUnaryCall;
  JoinGroup(argument: _streamhouse_v1_JoinGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_JoinGroupResponse__Output>): grpc.ClientUnaryCall;
  JoinGroup(argument: _streamhouse_v1_JoinGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_JoinGroupResponse__Output>): grpc.ClientUnaryCall;
  JoinGroup(argument: _streamhouse_v1_JoinGroupRequest, callback: grpc.requestCallback<_streamhouse_v1_JoinGroupResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Enters a group, or takes part in its next generation. Answers when every member has joined or is given up.
   */
  joinGroup(argument: _streamhouse_v1_JoinGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_JoinGroupResponse__Output>): grpc.ClientUnaryCall;
  joinGroup(argument: _streamhouse_v1_JoinGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_JoinGroupResponse__Output>): grpc.ClientUnaryCall;
  joinGroup(argument: _streamhouse_v1_JoinGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_JoinGroupResponse__Output>): grpc.ClientUnaryCall;
  joinGroup(argument: _streamhouse_v1_JoinGroupRequest, callback: grpc.requestCallback<_streamhouse_v1_JoinGroupResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Ends a membership at once.
   */
  LeaveGroup(argument: _streamhouse_v1_LeaveGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_LeaveGroupResponse__Output>): grpc.ClientUnaryCall;
  LeaveGroup(argument: _streamhouse_v1_LeaveGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_LeaveGroupResponse__Output>): grpc.ClientUnaryCall;
  LeaveGroup(argument: _streamhouse_v1_LeaveGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_LeaveGroupResponse__Output>): grpc.ClientUnaryCall;
  LeaveGroup(argument: _streamhouse_v1_LeaveGroupRequest, callback: grpc.requestCallback<_streamhouse_v1_LeaveGroupResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Ends a membership at once.
   */
  leaveGroup(argument: _streamhouse_v1_LeaveGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_LeaveGroupResponse__Output>): grpc.ClientUnaryCall;
  leaveGroup(argument: _streamhouse_v1_LeaveGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_LeaveGroupResponse__Output>): grpc.ClientUnaryCall;
  leaveGroup(argument: _streamhouse_v1_LeaveGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_LeaveGroupResponse__Output>): grpc.ClientUnaryCall;
  leaveGroup(argument: _streamhouse_v1_LeaveGroupRequest, callback: grpc.requestCallback<_streamhouse_v1_LeaveGroupResponse__Output>): grpc.ClientUnaryCall;
  
  ListGroups(argument: _streamhouse_v1_ListGroupsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  ListGroups(argument: _streamhouse_v1_ListGroupsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  ListGroups(argument: _streamhouse_v1_ListGroupsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  ListGroups(argument: _streamhouse_v1_ListGroupsRequest, callback: grpc.requestCallback<_streamhouse_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  listGroups(argument: _streamhouse_v1_ListGroupsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  listGroups(argument: _streamhouse_v1_ListGroupsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  listGroups(argument: _streamhouse_v1_ListGroupsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  listGroups(argument: _streamhouse_v1_ListGroupsRequest, callback: grpc.requestCallback<_streamhouse_v1_ListGroupsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Sets what the group reads next. Members that are live are expelled first: they come back and go on from there.
   */
  ResetOffsets(argument: _streamhouse_v1_ResetOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ResetOffsets(argument: _streamhouse_v1_ResetOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ResetOffsets(argument: _streamhouse_v1_ResetOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ResetOffsets(argument: _streamhouse_v1_ResetOffsetsRequest, callback: grpc.requestCallback<_streamhouse_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Sets what the group reads next. Members that are live are expelled first: they come back and go on from there.
   */
  resetOffsets(argument: _streamhouse_v1_ResetOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  resetOffsets(argument: _streamhouse_v1_ResetOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  resetOffsets(argument: _streamhouse_v1_ResetOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  resetOffsets(argument: _streamhouse_v1_ResetOffsetsRequest, callback: grpc.requestCallback<_streamhouse_v1_ResetOffsetsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Tells the member what it owns in this generation. The leader brings the assignment, the others wait for it.
   */
  SyncGroup(argument: _streamhouse_v1_SyncGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_SyncGroupResponse__Output>): grpc.ClientUnaryCall;
  SyncGroup(argument: _streamhouse_v1_SyncGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_SyncGroupResponse__Output>): grpc.ClientUnaryCall;
  SyncGroup(argument: _streamhouse_v1_SyncGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_SyncGroupResponse__Output>): grpc.ClientUnaryCall;
  SyncGroup(argument: _streamhouse_v1_SyncGroupRequest, callback: grpc.requestCallback<_streamhouse_v1_SyncGroupResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Tells the member what it owns in this generation. The leader brings the assignment, the others wait for it.
   */
  syncGroup(argument: _streamhouse_v1_SyncGroupRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_SyncGroupResponse__Output>): grpc.ClientUnaryCall;
  syncGroup(argument: _streamhouse_v1_SyncGroupRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_SyncGroupResponse__Output>): grpc.ClientUnaryCall;
  syncGroup(argument: _streamhouse_v1_SyncGroupRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_SyncGroupResponse__Output>): grpc.ClientUnaryCall;
  syncGroup(argument: _streamhouse_v1_SyncGroupRequest, callback: grpc.requestCallback<_streamhouse_v1_SyncGroupResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * Members of a consumer group share the partitions of its topics, and commit how far they have read. Each group has one
 * coordinator, the agent that holds the group's slot; another agent answers notHolder NOT_COORDINATOR, with the
 * coordinator's `address` in the details when it is known. FetchOffsets, ListGroups and DescribeGroup are answered by any.
 */
export interface GroupServiceHandlers extends grpc.UntypedServiceImplementation {
  CommitOffsets: grpc.handleUnaryCall<_streamhouse_v1_CommitOffsetsRequest__Output, _streamhouse_v1_CommitOffsetsResponse>;
  
  /**
   * Forgets a group without members, with its offsets.
   */
  DeleteGroup: grpc.handleUnaryCall<_streamhouse_v1_DeleteGroupRequest__Output, _streamhouse_v1_DeleteGroupResponse>;
  
  DescribeGroup: grpc.handleUnaryCall<_streamhouse_v1_DescribeGroupRequest__Output, _streamhouse_v1_DescribeGroupResponse>;
  
  FetchOffsets: grpc.handleUnaryCall<_streamhouse_v1_FetchOffsetsRequest__Output, _streamhouse_v1_FetchOffsetsResponse>;
  
  /**
   * Keeps a member alive, and tells it at once when there is something to do. Its end does not end the membership.
   */
  Heartbeat: grpc.handleBidiStreamingCall<_streamhouse_v1_HeartbeatRequest__Output, _streamhouse_v1_HeartbeatResponse>;
  
  /**
   * Enters a group, or takes part in its next generation. Answers when every member has joined or is given up.
   */
  JoinGroup: grpc.handleUnaryCall<_streamhouse_v1_JoinGroupRequest__Output, _streamhouse_v1_JoinGroupResponse>;
  
  /**
   * Ends a membership at once.
   */
  LeaveGroup: grpc.handleUnaryCall<_streamhouse_v1_LeaveGroupRequest__Output, _streamhouse_v1_LeaveGroupResponse>;
  
  ListGroups: grpc.handleUnaryCall<_streamhouse_v1_ListGroupsRequest__Output, _streamhouse_v1_ListGroupsResponse>;
  
  /**
   * Sets what the group reads next. Members that are live are expelled first: they come back and go on from there.
   */
  ResetOffsets: grpc.handleUnaryCall<_streamhouse_v1_ResetOffsetsRequest__Output, _streamhouse_v1_ResetOffsetsResponse>;
  
  /**
   * Tells the member what it owns in this generation. The leader brings the assignment, the others wait for it.
   */
  SyncGroup: grpc.handleUnaryCall<_streamhouse_v1_SyncGroupRequest__Output, _streamhouse_v1_SyncGroupResponse>;
  
}

export interface GroupServiceDefinition extends grpc.ServiceDefinition {
  CommitOffsets: MethodDefinition<_streamhouse_v1_CommitOffsetsRequest, _streamhouse_v1_CommitOffsetsResponse, _streamhouse_v1_CommitOffsetsRequest__Output, _streamhouse_v1_CommitOffsetsResponse__Output>
  DeleteGroup: MethodDefinition<_streamhouse_v1_DeleteGroupRequest, _streamhouse_v1_DeleteGroupResponse, _streamhouse_v1_DeleteGroupRequest__Output, _streamhouse_v1_DeleteGroupResponse__Output>
  DescribeGroup: MethodDefinition<_streamhouse_v1_DescribeGroupRequest, _streamhouse_v1_DescribeGroupResponse, _streamhouse_v1_DescribeGroupRequest__Output, _streamhouse_v1_DescribeGroupResponse__Output>
  FetchOffsets: MethodDefinition<_streamhouse_v1_FetchOffsetsRequest, _streamhouse_v1_FetchOffsetsResponse, _streamhouse_v1_FetchOffsetsRequest__Output, _streamhouse_v1_FetchOffsetsResponse__Output>
  Heartbeat: MethodDefinition<_streamhouse_v1_HeartbeatRequest, _streamhouse_v1_HeartbeatResponse, _streamhouse_v1_HeartbeatRequest__Output, _streamhouse_v1_HeartbeatResponse__Output>
  JoinGroup: MethodDefinition<_streamhouse_v1_JoinGroupRequest, _streamhouse_v1_JoinGroupResponse, _streamhouse_v1_JoinGroupRequest__Output, _streamhouse_v1_JoinGroupResponse__Output>
  LeaveGroup: MethodDefinition<_streamhouse_v1_LeaveGroupRequest, _streamhouse_v1_LeaveGroupResponse, _streamhouse_v1_LeaveGroupRequest__Output, _streamhouse_v1_LeaveGroupResponse__Output>
  ListGroups: MethodDefinition<_streamhouse_v1_ListGroupsRequest, _streamhouse_v1_ListGroupsResponse, _streamhouse_v1_ListGroupsRequest__Output, _streamhouse_v1_ListGroupsResponse__Output>
  ResetOffsets: MethodDefinition<_streamhouse_v1_ResetOffsetsRequest, _streamhouse_v1_ResetOffsetsResponse, _streamhouse_v1_ResetOffsetsRequest__Output, _streamhouse_v1_ResetOffsetsResponse__Output>
  SyncGroup: MethodDefinition<_streamhouse_v1_SyncGroupRequest, _streamhouse_v1_SyncGroupResponse, _streamhouse_v1_SyncGroupRequest__Output, _streamhouse_v1_SyncGroupResponse__Output>
}
