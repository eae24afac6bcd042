// Original file: proto/streamhouse/v1/producer.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { InitProducerRequest as _streamhouse_v1_InitProducerRequest, InitProducerRequest__Output as _streamhouse_v1_InitProducerRequest__Output } from '../../streamhouse/v1/InitProducerRequest.ts';
import type { InitProducerResponse as _streamhouse_v1_InitProducerResponse, InitProducerResponse__Output as _streamhouse_v1_InitProducerResponse__Output } from '../../streamhouse/v1/InitProducerResponse.ts';
import type { ProduceRequest as _streamhouse_v1_ProduceRequest, ProduceRequest__Output as _streamhouse_v1_ProduceRequest__Output } from '../../streamhouse/v1/ProduceRequest.ts';
import type { ProduceResponse as _streamhouse_v1_ProduceResponse, ProduceResponse__Output as _streamhouse_v1_ProduceResponse__Output } from '../../streamhouse/v1/ProduceResponse.ts';
import type { ProduceStreamRequest as _streamhouse_v1_ProduceStreamRequest, ProduceStreamRequest__Output as _streamhouse_v1_ProduceStreamRequest__Output } from '../../streamhouse/v1/ProduceStreamRequest.ts';
import type { ProduceStreamResponse as _streamhouse_v1_ProduceStreamResponse, ProduceStreamResponse__Output as _streamhouse_v1_ProduceStreamResponse__Output } from '../../streamhouse/v1/ProduceStreamResponse.ts';

/**
 * Appends records to partitions.
 */
export interface ProducerServiceClient extends grpc.Client {
  /**
   * Gives a producer its identity for idempotent produce.
   */
  InitProducer(argument: _streamhouse_v1_InitProducerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_InitProducerResponse__Output>): grpc.ClientUnaryCall;
  InitProducer(argument: _streamhouse_v1_InitProducerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_InitProducerResponse__Output>): grpc.ClientUnaryCall;
  InitProducer(argument: _streamhouse_v1_InitProducerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_InitProducerResponse__Output>): grpc.ClientUnaryCall;
  InitProducer(argument: _streamhouse_v1_InitProducerRequest, callback: grpc.requestCallback<_streamhouse_v1_InitProducerResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Gives a producer its identity for idempotent produce.
   */
  initProducer(argument: _streamhouse_v1_InitProducerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_InitProducerResponse__Output>): grpc.ClientUnaryCall;
  initProducer(argument: _streamhouse_v1_InitProducerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_InitProducerResponse__Output>): grpc.ClientUnaryCall;
  initProducer(argument: _streamhouse_v1_InitProducerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_InitProducerResponse__Output>): grpc.ClientUnaryCall;
  initProducer(argument: _streamhouse_v1_InitProducerRequest, callback: grpc.requestCallback<_streamhouse_v1_InitProducerResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * For simple clients and grpcurl: plain records in, offsets out. Not idempotent: a retry may append again.
   */
  Produce(argument: _streamhouse_v1_ProduceRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ProduceResponse__Output>): grpc.ClientUnaryCall;
  Produce(argument: _streamhouse_v1_ProduceRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_ProduceResponse__Output>): grpc.ClientUnaryCall;
  Produce(argument: _streamhouse_v1_ProduceRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ProduceResponse__Output>): grpc.ClientUnaryCall;
  Produce(argument: _streamhouse_v1_ProduceRequest, callback: grpc.requestCallback<_streamhouse_v1_ProduceResponse__Output>): grpc.ClientUnaryCall;
  /**
   * For simple clients and grpcurl: plain records in, offsets out. Not idempotent: a retry may append again.
   */
  produce(argument: _streamhouse_v1_ProduceRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ProduceResponse__Output>): grpc.ClientUnaryCall;
  produce(argument: _streamhouse_v1_ProduceRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_streamhouse_v1_ProduceResponse__Output>): grpc.ClientUnaryCall;
  produce(argument: _streamhouse_v1_ProduceRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_streamhouse_v1_ProduceResponse__Output>): grpc.ClientUnaryCall;
  produce(argument: _streamhouse_v1_ProduceRequest, callback: grpc.requestCallback<_streamhouse_v1_ProduceResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Pipelined: batches in, acknowledgements out. Acknowledgements of one partition come in the order of its batches.
   */
  ProduceStream(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_ProduceStreamRequest, _streamhouse_v1_ProduceStreamResponse__Output>;
  ProduceStream(options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_ProduceStreamRequest, _streamhouse_v1_ProduceStreamResponse__Output>;
  /**
   * Pipelined: batches in, acknowledgements out. Acknowledgements of one partition come in the order of its batches.
   */
  produceStream(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_ProduceStreamRequest, _streamhouse_v1_ProduceStreamResponse__Output>;
  produceStream(options?: grpc.CallOptions): grpc.ClientDuplexStream<_streamhouse_v1_ProduceStreamRequest, _streamhouse_v1_ProduceStreamResponse__Output>;
  
}

/**
 * Appends records to partitions.
 */
export interface ProducerServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Gives a producer its identity for idempotent produce.
   */
  InitProducer: grpc.handleUnaryCall<_streamhouse_v1_InitProducerRequest__Output, _streamhouse_v1_InitProducerResponse>;
  
  /**
   * For simple clients and grpcurl: plain records in, offsets out. Not idempotent: a retry may append again.
   */
  Produce: grpc.handleUnaryCall<_streamhouse_v1_ProduceRequest__Output, _streamhouse_v1_ProduceResponse>;
  
  /**
   * Pipelined: batches in, acknowledgements out. Acknowledgements of one partition come in the order of its batches.
   */
  ProduceStream: grpc.handleBidiStreamingCall<_streamhouse_v1_ProduceStreamRequest__Output, _streamhouse_v1_ProduceStreamResponse>;
  
}

export interface ProducerServiceDefinition extends grpc.ServiceDefinition {
  InitProducer: MethodDefinition<_streamhouse_v1_InitProducerRequest, _streamhouse_v1_InitProducerResponse, _streamhouse_v1_InitProducerRequest__Output, _streamhouse_v1_InitProducerResponse__Output>
  Produce: MethodDefinition<_streamhouse_v1_ProduceRequest, _streamhouse_v1_ProduceResponse, _streamhouse_v1_ProduceRequest__Output, _streamhouse_v1_ProduceResponse__Output>
  ProduceStream: MethodDefinition<_streamhouse_v1_ProduceStreamRequest, _streamhouse_v1_ProduceStreamResponse, _streamhouse_v1_ProduceStreamRequest__Output, _streamhouse_v1_ProduceStreamResponse__Output>
}
