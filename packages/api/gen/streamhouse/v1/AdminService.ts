// Original file: proto/streamhouse/v1/admin.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AlterTopicRequest as _streamhouse_v1_AlterTopicRequest, AlterTopicRequest__Output as _streamhouse_v1_AlterTopicRequest__Output } from '../../streamhouse/v1/AlterTopicRequest.ts';
import type { AlterTopicResponse as _streamhouse_v1_AlterTopicResponse, AlterTopicResponse__Output as _streamhouse_v1_AlterTopicResponse__Output } from '../../streamhouse/v1/AlterTopicResponse.ts';
import type { CreateTopicRequest as _streamhouse_v1_CreateTopicRequest, CreateTopicRequest__Output as _streamhouse_v1_CreateTopicRequest__Output } from '../../streamhouse/v1/CreateTopicRequest.ts';
import type { CreateTopicResponse as _streamhouse_v1_CreateTopicResponse, CreateTopicResponse__Output as _streamhouse_v1_CreateTopicResponse__Output } from '../../streamhouse/v1/CreateTopicResponse.ts';
import type { DeleteTopicRequest as _streamhouse_v1_DeleteTopicRequest, DeleteTopicRequest__Output as _streamhouse_v1_DeleteTopicRequest__Output } from '../../streamhouse/v1/DeleteTopicRequest.ts';
import type { DeleteTopicResponse as _streamhouse_v1_DeleteTopicResponse, DeleteTopicResponse__Output as _streamhouse_v1_DeleteTopicResponse__Output } from '../../streamhouse/v1/DeleteTopicResponse.ts';
import type { DescribeTopicRequest as _streamhouse_v1_DescribeTopicRequest, DescribeTopicRequest__Output as _streamhouse_v1_DescribeTopicRequest__Output } from '../../streamhouse/v1/DescribeTopicRequest.ts';
import type { DescribeTopicResponse as _streamhouse_v1_DescribeTopicResponse, DescribeTopicResponse__Output as _streamhouse_v1_DescribeTopicResponse__Output } from '../../streamhouse/v1/DescribeTopicResponse.ts';
import type { ListTopicsRequest as _streamhouse_v1_ListTopicsRequest, ListTopicsRequest__Output as _streamhouse_v1_ListTopicsRequest__Output } from '../../streamhouse/v1/ListTopicsRequest.ts';
import type { ListTopicsResponse as _streamhouse_v1_ListTopicsResponse, ListTopicsResponse__Output as _streamhouse_v1_ListTopicsResponse__Output } from '../../streamhouse/v1/ListTopicsResponse.ts';

/**
 * Makes and changes topics.
 */
export interface AdminServiceClient extends grpc.Client {
  /**
   * Sets what is given; partitions only grow.
   */
  AlterTopic(argument: _streamhouse_v1_AlterTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_AlterTopicResponse__Output>): grpc.ClientUnaryCall;
  AlterTopic(argument: _streamhouse_v1_AlterTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_AlterTopicResponse__Output>): grpc.ClientUnaryCall;
  AlterTopic(argument: _streamhouse_v1_AlterTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_AlterTopicResponse__Output>): grpc.ClientUnaryCall;
  AlterTopic(argument: _streamhouse_v1_AlterTopicRequest, callback: grpc.requestCallback<_streamhouse_v1_AlterTopicResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Sets what is given; partitions only grow.
   */
  alterTopic(argument: _streamhouse_v1_AlterTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_AlterTopicResponse__Output>): grpc.ClientUnaryCall;
  alterTopic(argument: _streamhouse_v1_AlterTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_AlterTopicResponse__Output>): grpc.ClientUnaryCall;
  alterTopic(argument: _streamhouse_v1_AlterTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_AlterTopicResponse__Output>): grpc.ClientUnaryCall;
  alterTopic(argument: _streamhouse_v1_AlterTopicRequest, callback: grpc.requestCallback<_streamhouse_v1_AlterTopicResponse__Output>): grpc.ClientUnaryCall;
  
  CreateTopic(argument: _streamhouse_v1_CreateTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  CreateTopic(argument: _streamhouse_v1_CreateTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  CreateTopic(argument: _streamhouse_v1_CreateTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  CreateTopic(argument: _streamhouse_v1_CreateTopicRequest, callback: grpc.requestCallback<_streamhouse_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  createTopic(argument: _streamhouse_v1_CreateTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  createTopic(argument: _streamhouse_v1_CreateTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  createTopic(argument: _streamhouse_v1_CreateTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  createTopic(argument: _streamhouse_v1_CreateTopicRequest, callback: grpc.requestCallback<_streamhouse_v1_CreateTopicResponse__Output>): grpc.ClientUnaryCall;
  
  DeleteTopic(argument: _streamhouse_v1_DeleteTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  DeleteTopic(argument: _streamhouse_v1_DeleteTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  DeleteTopic(argument: _streamhouse_v1_DeleteTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  DeleteTopic(argument: _streamhouse_v1_DeleteTopicRequest, callback: grpc.requestCallback<_streamhouse_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  deleteTopic(argument: _streamhouse_v1_DeleteTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  deleteTopic(argument: _streamhouse_v1_DeleteTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  deleteTopic(argument: _streamhouse_v1_DeleteTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  deleteTopic(argument: _streamhouse_v1_DeleteTopicRequest, callback: grpc.requestCallback<_streamhouse_v1_DeleteTopicResponse__Output>): grpc.ClientUnaryCall;
  
  DescribeTopic(argument: _streamhouse_v1_DescribeTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  DescribeTopic(argument: _streamhouse_v1_DescribeTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  DescribeTopic(argument: _streamhouse_v1_DescribeTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  DescribeTopic(argument: _streamhouse_v1_DescribeTopicRequest, callback: grpc.requestCallback<_streamhouse_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  describeTopic(argument: _streamhouse_v1_DescribeTopicRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  describeTopic(argument: _streamhouse_v1_DescribeTopicRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  describeTopic(argument: _streamhouse_v1_DescribeTopicRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  describeTopic(argument: _streamhouse_v1_DescribeTopicRequest, callback: grpc.requestCallback<_streamhouse_v1_DescribeTopicResponse__Output>): grpc.ClientUnaryCall;
  
  ListTopics(argument: _streamhouse_v1_ListTopicsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListTopicsResponse__Output>): grpc.ClientUnaryCall;
  ListTopics(argument: _streamhouse_v1_ListTopicsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_ListTopicsResponse__Output>): grpc.ClientUnaryCall;
  ListTopics(argument: _streamhouse_v1_ListTopicsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListTopicsResponse__Output>): grpc.ClientUnaryCall;
  ListTopics(argument: _streamhouse_v1_ListTopicsRequest, callback: grpc.requestCallback<_streamhouse_v1_ListTopicsResponse__Output>): grpc.ClientUnaryCall;
  listTopics(argument: _streamhouse_v1_ListTopicsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListTopicsResponse__Output>): grpc.ClientUnaryCall;
  listTopics(argument: _streamhouse_v1_ListTopicsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_ListTopicsResponse__Output>): grpc.ClientUnaryCall;
  listTopics(argument: _streamhouse_v1_ListTopicsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListTopicsResponse__Output>): grpc.ClientUnaryCall;
  listTopics(argument: _streamhouse_v1_ListTopicsRequest, callback: grpc.requestCallback<_streamhouse_v1_ListTopicsResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * Makes and changes topics.
 */
export interface AdminServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Sets what is given; partitions only grow.
   */
  AlterTopic: grpc.handleUnaryCall<_streamhouse_v1_AlterTopicRequest__Output, _streamhouse_v1_AlterTopicResponse>;
  
  CreateTopic: grpc.handleUnaryCall<_streamhouse_v1_CreateTopicRequest__Output, _streamhouse_v1_CreateTopicResponse>;
  
  DeleteTopic: grpc.handleUnaryCall<_streamhouse_v1_DeleteTopicRequest__Output, _streamhouse_v1_DeleteTopicResponse>;
  
  DescribeTopic: grpc.handleUnaryCall<_streamhouse_v1_DescribeTopicRequest__Output, _streamhouse_v1_DescribeTopicResponse>;
  
  ListTopics: grpc.handleUnaryCall<_streamhouse_v1_ListTopicsRequest__Output, _streamhouse_v1_ListTopicsResponse>;
  
}

export interface AdminServiceDefinition extends grpc.ServiceDefinition {
  AlterTopic: MethodDefinition<_streamhouse_v1_AlterTopicRequest, _streamhouse_v1_AlterTopicResponse, _streamhouse_v1_AlterTopicRequest__Output, _streamhouse_v1_AlterTopicResponse__Output>
  CreateTopic: MethodDefinition<_streamhouse_v1_CreateTopicRequest, _streamhouse_v1_CreateTopicResponse, _streamhouse_v1_CreateTopicRequest__Output, _streamhouse_v1_CreateTopicResponse__Output>
  DeleteTopic: MethodDefinition<_streamhouse_v1_DeleteTopicRequest, _streamhouse_v1_DeleteTopicResponse, _streamhouse_v1_DeleteTopicRequest__Output, _streamhouse_v1_DeleteTopicResponse__Output>
  DescribeTopic: MethodDefinition<_streamhouse_v1_DescribeTopicRequest, _streamhouse_v1_DescribeTopicResponse, _streamhouse_v1_DescribeTopicRequest__Output, _streamhouse_v1_DescribeTopicResponse__Output>
  ListTopics: MethodDefinition<_streamhouse_v1_ListTopicsRequest, _streamhouse_v1_ListTopicsResponse, _streamhouse_v1_ListTopicsRequest__Output, _streamhouse_v1_ListTopicsResponse__Output>
}
