// Original file: proto/streamhouse/v1/metadata.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetMetadataRequest as _streamhouse_v1_GetMetadataRequest, GetMetadataRequest__Output as _streamhouse_v1_GetMetadataRequest__Output } from '../../streamhouse/v1/GetMetadataRequest.ts';
import type { GetMetadataResponse as _streamhouse_v1_GetMetadataResponse, GetMetadataResponse__Output as _streamhouse_v1_GetMetadataResponse__Output } from '../../streamhouse/v1/GetMetadataResponse.ts';
import type { WatchMetadataRequest as _streamhouse_v1_WatchMetadataRequest, WatchMetadataRequest__Output as _streamhouse_v1_WatchMetadataRequest__Output } from '../../streamhouse/v1/WatchMetadataRequest.ts';
import type { WatchMetadataResponse as _streamhouse_v1_WatchMetadataResponse, WatchMetadataResponse__Output as _streamhouse_v1_WatchMetadataResponse__Output } from '../../streamhouse/v1/WatchMetadataResponse.ts';

/**
 * Where things are.
 */
export interface MetadataServiceClient extends grpc.Client {
  GetMetadata(argument: _streamhouse_v1_GetMetadataRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_GetMetadataResponse__Output>): grpc.ClientUnaryCall;
  GetMetadata(argument: _streamhouse_v1_GetMetadataRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_GetMetadataResponse__Output>): grpc.ClientUnaryCall;
  GetMetadata(argument: _streamhouse_v1_GetMetadataRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_GetMetadataResponse__Output>): grpc.ClientUnaryCall;
  GetMetadata(argument: _streamhouse_v1_GetMetadataRequest, callback: grpc.requestCallback<_streamhouse_v1_GetMetadataResponse__Output>): grpc.ClientUnaryCall;
  getMetadata(argument: _streamhouse_v1_GetMetadataRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_GetMetadataResponse__Output>): grpc.ClientUnaryCall;
  getMetadata(argument: _streamhouse_v1_GetMetadataRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_GetMetadataResponse__Output>): grpc.ClientUnaryCall;
  getMetadata(argument: _streamhouse_v1_GetMetadataRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_GetMetadataResponse__Output>): grpc.ClientUnaryCall;
  getMetadata(argument: _streamhouse_v1_GetMetadataRequest, callback: grpc.requestCallback<_streamhouse_v1_GetMetadataResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * The whole of what was asked first, then again at each change; an empty message at least every second shows that the
   * agent is alive.
   */
  WatchMetadata(argument: _streamhouse_v1_WatchMetadataRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_streamhouse_v1_WatchMetadataResponse__Output>;
  WatchMetadata(argument: _streamhouse_v1_WatchMetadataRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_streamhouse_v1_WatchMetadataResponse__Output>;
  /**
   * The whole of what was asked first, then again at each change; an empty message at least every second shows that the
   * agent is alive.
   */
  watchMetadata(argument: _streamhouse_v1_WatchMetadataRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_streamhouse_v1_WatchMetadataResponse__Output>;
  watchMetadata(argument: _streamhouse_v1_WatchMetadataRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_streamhouse_v1_WatchMetadataResponse__Output>;
  
}

/**
 * Where things are.
 */
export interface MetadataServiceHandlers extends grpc.UntypedServiceImplementation {
  GetMetadata: grpc.handleUnaryCall<_streamhouse_v1_GetMetadataRequest__Output, _streamhouse_v1_GetMetadataResponse>;
  
  /**
   * The whole of what was asked first, then again at each change; an empty message at least every second shows that the
   * agent is alive.
   */
  WatchMetadata: grpc.handleServerStreamingCall<_streamhouse_v1_WatchMetadataRequest__Output, _streamhouse_v1_WatchMetadataResponse>;
  
}

export interface MetadataServiceDefinition extends grpc.ServiceDefinition {
  GetMetadata: MethodDefinition<_streamhouse_v1_GetMetadataRequest, _streamhouse_v1_GetMetadataResponse, _streamhouse_v1_GetMetadataRequest__Output, _streamhouse_v1_GetMetadataResponse__Output>
  WatchMetadata: MethodDefinition<_streamhouse_v1_WatchMetadataRequest, _streamhouse_v1_WatchMetadataResponse, _streamhouse_v1_WatchMetadataRequest__Output, _streamhouse_v1_WatchMetadataResponse__Output>
}
