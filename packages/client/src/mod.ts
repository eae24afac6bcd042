/** `@streamhouse/client`: the public names. What is not listed here may change at any time. */
export { type ErrorKind, StreamError, type StreamErrorOptions } from '@streamhouse/core/errors.ts';
export type {
  Assignment,
  AssignmentMember,
  Assignor,
  TopicPartitionName,
} from '@streamhouse/core/assignment/assignor.ts';
export type { Compression } from '@streamhouse/core/record/compression.ts';
export { connectAdmin } from './admin.ts';
export { connectConsumer } from './consumer/consumer.ts';
export { connectProducer } from './producer/producer.ts';
export type {
  Admin,
  AdminOptions,
  AgentDescription,
  ClusterMetadata,
  NewTopic,
  PartitionDescription,
  PartitionPlace,
  ResourceReference,
  TopicDescription,
  TopicDurability,
  TopicListing,
  TopicPlaces,
  TopicSettings,
} from './public/admin.ts';
export type { ConnectOptions, PartitionName, WaitOptions } from './public/connect.ts';
export type {
  CommittedOffset,
  Consumer,
  ConsumerLag,
  ConsumerOptions,
  HandlerContext,
  Membership,
  OffsetCommit,
  OffsetReset,
  PartitionLag,
  PartitionStart,
  RebalanceListener,
  RunOptions,
  SubscribeOptions,
} from './public/consumer.ts';
export type {
  GroupDescription,
  GroupListing,
  GroupMemberDescription,
  GroupReset,
  GroupResetResult,
  GroupState,
  OffsetChange,
  OffsetTarget,
} from './public/groups.ts';
export type {
  Partitioner,
  Producer,
  ProducerDurability,
  ProducerOptions,
} from './public/producer.ts';
export type {
  ConsumerRecord,
  HeaderInput,
  Payload,
  ProducerRecord,
  RecordHeader,
  RecordInput,
  RecordMetadata,
} from './public/record.ts';
