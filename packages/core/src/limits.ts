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
  /** Rows of deleted topics that one statement removes while claims wait. More: another statement. */
  purgeRowsMax: 1_000,
  /** Objects of deleted topics that are deleted at a time. More: afterwards. */
  purgeObjectsMax: 64,
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

  /** Characters of a group's id, and of the names that its members give. Longer: `invalid`. */
  groupIdCharsMax: 255,
  /** Coordinator slots: groups are spread over them, and they over the agents. Part of the stored state: it never changes. */
  groupSlots: 64,
  /** Members of a group. More: `overloaded` GROUP_FULL. */
  groupMembersMax: 1_000,
  /** Milliseconds of a member's session or rebalance timeout. Outside: `invalid` OUT_OF_BOUNDS. */
  groupTimeoutMsMin: 1_000,
  groupTimeoutMsMax: 1_800_000,
  /** Topics that a member names. More: `invalid`. */
  groupMemberTopicsMax: 1_000,
  /** Assignors that a member names. More: `invalid`. */
  groupAssignorsMax: 16,
  /** Partitions that the members of a group claim to own, in all. More: `overloaded` GROUP_FULL. */
  groupClaimsMax: 100_000,
  /** Bytes of a committed offset's metadata in UTF-8. More: `invalid` METADATA_TOO_LARGE. */
  commitMetadataBytesMax: 4_096,
  /** Offsets that wait in one agent to be committed. More: `overloaded` COMMITS_WAITING. */
  commitOffsetsWaitingMax: 100_000,
  /** Groups that one agent has in memory. More: `overloaded` COORDINATOR_FULL. Those without members are forgotten. */
  agentGroupsMax: 10_000,
  /** Bytes of what the members of all groups of one agent say of themselves. More: `overloaded` COORDINATOR_FULL. */
  agentGroupBytesMax: 134_217_728,
  /** Groups in one answer of ListGroups. More: the caller asks for those after them. */
  groupListMax: 1_000,

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

  /** Connections to one API server; each watch keeps one. More calls wait for one. */
  kubeSocketsMax: 64,
  /** Milliseconds of one request to the API server, its answer included. Longer: `indefinite` TIMED_OUT. */
  kubeRequestMsMax: 30_000,
  /** Milliseconds without a byte on a watch, where a bookmark comes every minute. Longer: the connection counts as dead. */
  kubeWatchIdleMsMax: 90_000,
  /** Attempts at a request that the API server did not take. More: the error goes to the caller, who backs off. */
  kubeAttemptsMax: 4,
  /** Milliseconds that a request waits because the API server asks for it. Longer: the error goes to the caller at once. */
  kubeRetryAfterMsMax: 10_000,
  /** Bytes of one answer of the API server. More: `invalid` ANSWER_TOO_LARGE. */
  kubeAnswerBytesMax: 67_108_864,
  /** Bytes of one event of a watch: etcd takes objects of 1.5 MiB. More: the watch fails and the kind is listed again. */
  kubeEventBytesMax: 4_194_304,
  /** Objects in one page of a list, as client-go asks for. */
  kubePageObjects: 500,
  /** Kubernetes events that wait to be written, and those whose repetitions are counted. More: the oldest is dropped. */
  kubeEventsMax: 1_000,

  /** Bytes of one resource, or of a request with one, where no API server keeps them: RequestEntityTooLarge. */
  resourceBytesMax: 1_048_576,
  /** Resources of one kind that a standalone keeps. More: refused as by a quota. */
  resourcesMax: 20_000,
  /** Leases of a standalone, one for each election. More: refused as by a quota. */
  resourceLeasesMax: 100,
  /** Events that a standalone keeps. More: the oldest is dropped. */
  resourceEventsMax: 1_000,
  /** Changes of one kind that watches and pages can go back at least. Older: 410, list again. */
  resourceHistoryChangesMax: 10_000,
  /** Watches of one kind at a time. More: 429. */
  resourceWatchesMax: 256,
  /** Writes that wait for those before them to be durable. More: 429. */
  resourceWritesWaitingMax: 10_000,

  /** Bytes of a request's body. More: 413. */
  apiBodyBytesMax: 1_048_576,
  /** Bytes of a body with one record: one of the largest size fits as base64. More: 413. */
  apiRecordBodyBytesMax: 2_097_152,
  /** Bytes of a body with many records. More: 413. */
  apiBatchBodyBytesMax: 8_388_608,
  /** Records of such a body. More: 400. */
  apiBatchRecordsMax: 10_000,
  /** Objects and arrays within one another in a body. More: 400. */
  apiJsonDepthMax: 64,
  /** Keys of one object in a body. More: 400. */
  apiObjectKeysMax: 1_000,
  /** Characters of a token. Longer: 401. */
  apiTokenCharsMax: 16_384,
  /** Entries of one page. More: 400. */
  apiPageMax: 1_000,
  /** Groups whose lag is in one frame of figures, each with all of its partitions. The list of groups has the others. */
  apiFrameGroupsMax: 100,
  /** Records of one answer. More: 400. */
  apiConsumeRecordsMax: 1_000,
  /** Bytes of keys, values and headers in one answer before the last record is added. The caller asks for the rest. */
  apiAnswerBytesMax: 8_388_608,
  /** Milliseconds that records are read for one answer. Those that came until then are the answer. */
  apiConsumeMsMax: 5_000,
  /** Readers of records at a time, each with its own connections. More: 429. */
  apiConsumersMax: 32,
  /** Characters of the text and of the expression of a search, each. More: 400. */
  apiSearchCharsMax: 1_000,
  /** Nodes of such an expression, and how many are within one another. More: 400. */
  apiSearchNodesMax: 250,
  apiSearchDepthMax: 24,
  /** Records of one search, and bytes of keys, values and headers after which it takes no more. The caller asks for the rest. */
  apiSearchRecordsMax: 20_000,
  apiSearchBytesMax: 33_554_432,
  /** Records that its thread gets at a time. */
  apiSearchBatchRecords: 500,
  /** Milliseconds of the thread for these. Longer: it is ended, and those that it has looked at count. */
  apiSearchBatchMsMax: 2_000,
  /** Mebibytes of the thread's heap. More: likewise. */
  apiSearchHeapMibMax: 64,
  /** Searches at a time, each with a thread. More: 429. */
  apiSearchesMax: 4,
  /** Milliseconds from a record's arrival to its acknowledgement. Longer: 504. */
  apiProduceMsMax: 15_000,
  /** Bytes of a request's headers. More: 431. */
  apiHeaderBytesMax: 16_384,
  /** Milliseconds until all headers, and until all of a request has come. Longer: 408. */
  apiHeadersMsMax: 10_000,
  apiRequestMsMax: 30_000,
  /** Milliseconds that an answer may take. Longer: 504. */
  apiAnswerMsMax: 20_000,
  /** Connections to the API. More: closed at once. */
  apiConnectionsMax: 20_000,
  /** Requests on one connection. More: it is closed, and the caller opens another. */
  apiRequestsPerSocketMax: 100_000,
  /** API keys in the file. More: the file is refused and the one before it stays. */
  apiKeysMax: 10_000,
  /** Answers of the API server about tokens and rights that are remembered. More: the oldest is forgotten and asked again. */
  apiReviewsMax: 10_000,
  /** Sockets of live events of one server. More: 503 before the upgrade. */
  liveClientsMax: 1_000,
  /** Bytes of a client's message. More: closed with 1009. */
  liveMessageBytesMax: 65_536,
  /** Messages, pings and their fragments of one client in a minute. More: closed with 1008. */
  liveMessagesPerMinuteMax: 120,
  /** Bytes that wait for a client to read them. More: closed with 1013. */
  liveBufferedBytesMax: 1_048_576,
  /** Tickets that were given and not yet used. More: the oldest is no longer taken. */
  liveTicketsMax: 10_000,

  /** Topics that one agent counts by themselves at a time. More: those have no figures of their own until one has been idle. */
  statsTopicsMax: 500,
  /** Agents whose figures a server looks at. More: the figures of the others are not known, nor those of the cluster. */
  statsAgentsMax: 1_000,
  /** Rows that a server keeps of how figures were: an hour. More: the oldest is dropped. */
  figuresHistoryMax: 1_800,
} as const;
