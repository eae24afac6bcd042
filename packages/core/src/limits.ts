/**
 * Every bound of the system, with its unit, its reason and what happens when it is reached. Defaults that a
 * user may change stand in the settings of the part that reads them; what stands here holds for all.
 * Bytes are written out: 1_048_576 is one MiB.
 */
export const LIMITS = {
  /** Characters of a topic name, as in Kafka. Longer: `invalid`. */
  topicNameCharsMax: 249,
  /** Partitions of a topic. More: `invalid`. */
  topicPartitionsMax: 10_000,
  /** Topics that an operator claims in one statement. More: `invalid`. */
  claimTopicsMax: 500,
  /** Partitions of a cluster: placement and metadata stay in memory. More: `overloaded`. */
  clusterPartitionsMax: 100_000,

  /** Bytes of key + value + headers of one record. Larger: `overloaded` RECORD_TOO_LARGE. */
  recordBytesMax: 1_048_576,
  /** Headers of one record. More: `invalid`. */
  recordHeadersMax: 1_000,
  /** Bytes of a header's name. Longer: `invalid`. */
  headerNameBytesMax: 1_024,
  /** Records of one RecordBatch. More: `invalid`. */
  batchRecordsMax: 100_000,
  /** Bytes of one encoded RecordBatch: a full record and its frame fit. Larger: `overloaded` BATCH_TOO_LARGE. */
  batchBytesMax: 2_097_152,
  /** Bytes that one RecordBatch may decompress to. More: `corrupt`, before the memory is allocated. */
  batchUncompressedBytesMax: 16_777_216,

  /** Bytes of one gRPC message in either direction. Larger: RESOURCE_EXHAUSTED. */
  grpcMessageBytesMax: 16_777_216,
  /** Bytes of gRPC request metadata. Larger: the stream is refused. */
  grpcMetadataBytesMax: 16_384,
  /** Streams that one connection may have open. More: refused by HTTP/2. */
  grpcConcurrentStreamsMax: 256,
  /** HTTP/2 receive window in bytes: grpc-js has 64 KiB, too little for a fast upload. */
  grpcWindowBytes: 8_388_608,
  /** Bytes of messages not yet wholly received that one connection may have. More: the stream is closed. */
  grpcPartialBytesMax: 33_554_432,
  /** Fields of one request, those of nested messages included: what its decoding may allocate. More: `invalid`. */
  requestFieldsMax: 100_000,
  /** RecordBatches of one stream that wait for their acknowledgement. More: the stream is not read further. */
  produceStreamInFlightMax: 1_000,

  /** Bytes of one fetch response before the last batch is added. */
  fetchBytesMax: 8_388_608,
  /** Bytes of one message of a fetch stream before the last batch is added: a reader that does not read costs two. */
  fetchStreamBytesMax: 1_048_576,
  /** Milliseconds that a fetch may wait for data. Longer: clamped. */
  fetchWaitMsMax: 30_000,
  /** Fetches that wait in one agent at a time. More: `overloaded`. */
  fetchWaitersMax: 10_000,
  /** Partitions named in one request. More: `invalid`. */
  requestPartitionsMax: 10_000,

  /** Bytes accepted by an agent and not yet published. More: producers wait. */
  agentUnpublishedBytesMax: 268_435_456,
  /** Bytes at which an open object is sealed at once. */
  flushBytesMax: 8_388_608,
  /** Objects of one agent being uploaded at a time. More: the open object grows to its bound, then producers wait. */
  flushUploadsInFlightMax: 4,
  /** Bytes of recently written objects that an agent keeps to serve the tail. Oldest dropped first. */
  tailCacheBytesMax: 33_554_432,
  /** Bytes of blocks read from the object store that an agent keeps. Least recently used dropped first. */
  blockCacheBytesMax: 33_554_432,
  /** Bytes of one ranged read of the object store. */
  blockBytes: 1_048_576,
  /** Runs that an agent remembers of one partition, to answer tail reads without asking Postgres. Oldest dropped. */
  partitionRunsMax: 256,
  /** Producers that one partition remembers. More: the one unused for longest is forgotten, as in Kafka. */
  partitionProducersMax: 10_000,
  /** Batches of a producer whose offsets are remembered: Kafka's bound on batches in flight with idempotence. */
  producerBatchesMax: 5,
  /** Sends of one producer that wait for room in its buffer. More: rejected at once, `overloaded` BUFFER_FULL. */
  producerSendsWaitingMax: 1_000_000,

  /** Bytes of a stored object. Larger is not written. */
  objectBytesMax: 67_108_864,
  /** Characters of an object's key: S3 allows 1,024 bytes, and a bucket's prefix comes on top. Longer: `invalid`. */
  objectKeyCharsMax: 512,
  /** Characters between two `/` of a key: file systems allow 255 bytes for a name. Longer: `invalid`. */
  objectKeySegmentCharsMax: 200,
  /** Keys that a listing holds in memory at a time, as in a page of S3. More: another page. */
  objectListPageKeysMax: 1_000,
  /** Directories that the directory store remembers as durable. More: the oldest is synced again when it is next used. */
  objectDirectoriesKnownMax: 4_096,
  /** Connections of one S3 client. More calls wait for one. */
  s3SocketsMax: 64,
  /** Milliseconds until a connection to S3 stands, the wait for a free one included. Longer: `unavailable`. */
  s3ConnectMsMax: 3_000,
  /** Attempts of the SDK at one read. More: `unavailable`. A put has one: its caller retries under a new key. */
  s3ReadAttemptsMax: 3,
} as const;
