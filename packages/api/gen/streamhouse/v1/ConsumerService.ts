// Original file: proto/streamhouse/v1/consumer.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { FetchRequest as _streamhouse_v1_FetchRequest, FetchRequest__Output as _streamhouse_v1_FetchRequest__Output } from '../../streamhouse/v1/FetchRequest.ts';
import type { FetchResponse as _streamhouse_v1_FetchResponse, FetchResponse__Output as _streamhouse_v1_FetchResponse__Output } from '../../streamhouse/v1/FetchResponse.ts';
import type { FetchStreamRequest as _streamhouse_v1_FetchStreamRequest, FetchStreamRequest__Output as _streamhouse_v1_FetchStreamRequest__Output } from '../../streamhouse/v1/FetchStreamRequest.ts';
import type { ListOffsetsRequest as _streamhouse_v1_ListOffsetsRequest, ListOffsetsRequest__Output as _streamhouse_v1_ListOffsetsRequest__Output } from '../../streamhouse/v1/ListOffsetsRequest.ts';
import type { ListOffsetsResponse as _streamhouse_v1_ListOffsetsResponse, ListOffsetsResponse__Output as _streamhouse_v1_ListOffsetsResponse__Output } from '../../streamhouse/v1/ListOffsetsResponse.ts';

/**
 * Reads published records.
 */
export interface ConsumerServiceClient extends grpc.Client {
  /**
   * Long poll: answers when min_bytes are there or max_wait_ms is over.
   */
  Fetch(argument: _streamhouse_v1_FetchRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_FetchResponse__Output>): grpc.ClientUnaryCall;
  Fetch(argument: _streamhouse_v1_FetchRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_FetchResponse__Output>): grpc.ClientUnaryCall;
  Fetch(argument: _streamhouse_v1_FetchRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_FetchResponse__Output>): grpc.ClientUnaryCall;
  Fetch(argument: _streamhouse_v1_FetchRequest, callback: grpc.requestCallback<_streamhouse_v1_FetchResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Long poll: answers when min_bytes are there or max_wait_ms is over.
   */
  fetch(argument: _streamhouse_v1_FetchRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_FetchResponse__Output>): grpc.ClientUnaryCall;
  fetch(argument: _streamhouse_v1_FetchRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_FetchResponse__Output>): grpc.ClientUnaryCall;
  fetch(argument: _streamhouse_v1_FetchRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_FetchResponse__Output>): grpc.ClientUnaryCall;
  fetch(argument: _streamhouse_v1_FetchRequest, callback: grpc.requestCallback<_streamhouse_v1_FetchResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * A tail that the agent pushes, as far as the client's credit goes.
   */
  FetchStream(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_FetchStreamRequest, _streamhouse_v1_FetchResponse__Output>;
  FetchStream(options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_FetchStreamRequest, _streamhouse_v1_FetchResponse__Output>;
  /**
   * A tail that the agent pushes, as far as the client's credit goes.
   */
  fetchStream(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_FetchStreamRequest, _streamhouse_v1_FetchResponse__Output>;
  fetchStream(options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_FetchStreamRequest, _streamhouse_v1_FetchResponse__Output>;
  
  ListOffsets(argument: _streamhouse_v1_ListOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ListOffsets(argument: _streamhouse_v1_ListOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ListOffsets(argument: _streamhouse_v1_ListOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  ListOffsets(argument: _streamhouse_v1_ListOffsetsRequest, callback: grpc.requestCallback<_streamhouse_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  listOffsets(argument: _streamhouse_v1_ListOffsetsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  listOffsets(argument: _streamhouse_v1_ListOffsetsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  listOffsets(argument: _streamhouse_v1_ListOffsetsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  listOffsets(argument: _streamhouse_v1_ListOffsetsRequest, callback: grpc.requestCallback<_streamhouse_v1_ListOffsetsResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * Reads published records.
 */
export interface ConsumerServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Long poll: answers when min_bytes are there or max_wait_ms is over.
   */
  Fetch: grpc.handleUnaryCall<_streamhouse_v1_FetchRequest__Output, _streamhouse_v1_FetchResponse>;
  
  /**
   * A tail that the agent pushes, as far as the client's credit goes.
   */
  FetchStream: grpc.handleBidiStreamingCall<_streamhouse_v1_FetchStreamRequest__Output, _streamhouse_v1_FetchResponse>;
  
  ListOffsets: grpc.handleUnaryCall<_streamhouse_v1_ListOffsetsRequest__Output, _streamhouse_v1_ListOffsetsResponse>;
  
}

export interface ConsumerServiceDefinition extends grpc.ServiceDefinition {
  Fetch: MethodDefinition<_streamhouse_v1_FetchRequest, _streamhouse_v1_FetchResponse, _streamhouse_v1_FetchRequest__Output, _streamhouse_v1_FetchResponse__Output>
  FetchStream: MethodDefinition<_streamhouse_v1_FetchStreamRequest, _streamhouse_v1_FetchResponse, _streamhouse_v1_FetchStreamRequest__Output, _streamhouse_v1_FetchResponse__Output>
  ListOffsets: MethodDefinition<_streamhouse_v1_ListOffsetsRequest, _streamhouse_v1_ListOffsetsResponse, _streamhouse_v1_ListOffsetsRequest__Output, _streamhouse_v1_ListOffsetsResponse__Output>
}
