-- Rows that every flush or beat changes leave room in their page and are vacuumed early, so that an update stays a
-- heap-only one. No index may name a column that such an update changes.
--
-- Lock order of every transaction: cluster, heartbeat, session, topic, object, partition; rows of one table in key order.

CREATE TABLE cluster (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  cluster_id uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO cluster DEFAULT VALUES;

CREATE SEQUENCE producer_ids AS bigint;

-- One life of one agent process. Numbers are never given twice (I-06).
CREATE TABLE agent_sessions (
  incarnation bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  agent_id text NOT NULL,
  pool text NOT NULL,
  zone text NOT NULL,
  address text NOT NULL,
  -- Names of the only topics that it holds partitions of; empty: all of its pool.
  managed_topics text[] NOT NULL DEFAULT '{}',
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  draining boolean NOT NULL DEFAULT false,
  fenced_at timestamptz,
  fenced boolean NOT NULL GENERATED ALWAYS AS (fenced_at IS NOT NULL) STORED
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX agent_sessions_live ON agent_sessions (agent_id) WHERE fenced_at IS NULL;

-- A session has its row here until it is fenced: a beat and a fence meet on this row, so one of them comes first.
CREATE TABLE agent_heartbeats (
  incarnation bigint PRIMARY KEY,
  beat bigint NOT NULL DEFAULT 0
) WITH (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 500,
  autovacuum_vacuum_cost_delay = 0
);

-- Identity is the id (I-28). The canonical name finds names that differ only by `.` and `_` (B-01).
CREATE TABLE topics (
  topic_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text COLLATE "C" NOT NULL,
  canonical_name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (translate(name, '.', '_')) STORED,
  partitions integer NOT NULL CHECK (partitions > 0),
  pool text NOT NULL,
  durability text NOT NULL CHECK (durability IN ('object', 'memory')),
  retention_ms bigint CHECK (retention_ms >= 0),
  retention_bytes bigint CHECK (retention_bytes >= 0),
  config jsonb NOT NULL DEFAULT '{}',
  owner_kind text NOT NULL DEFAULT 'api' CHECK (owner_kind IN ('api', 'kubernetes')),
  owner_uid text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  deleted_at timestamptz
);
CREATE UNIQUE INDEX topics_name ON topics (name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX topics_canonical_name ON topics (canonical_name) WHERE deleted_at IS NULL;

-- Rows stay when a lease is given up and when the topic is deleted, so an epoch never comes back (I-05).
CREATE TABLE partitions (
  topic_id uuid NOT NULL REFERENCES topics,
  part integer NOT NULL CHECK (part >= 0),
  holder_incarnation bigint,
  epoch bigint NOT NULL DEFAULT 0,
  epoch_start_offset bigint NOT NULL DEFAULT 0,
  next_offset bigint NOT NULL DEFAULT 0,
  log_start_offset bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (topic_id, part),
  CHECK (log_start_offset BETWEEN 0 AND next_offset)
) WITH (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);

-- An object that was offered for publishing. `rejected` are the runs, by index in the request, that did not become
-- visible: the answer to a request that comes again (I-09). An object without refs is garbage.
CREATE TABLE objects (
  object_key text COLLATE "C" PRIMARY KEY,
  incarnation bigint NOT NULL,
  bytes bigint NOT NULL CHECK (bytes >= 0),
  refs integer NOT NULL CHECK (refs >= 0),
  rejected integer[] NOT NULL DEFAULT '{}',
  committed_at timestamptz NOT NULL DEFAULT now()
);

-- One run: the batches of one partition in one object. `max_timestamp` in milliseconds since 1970.
CREATE TABLE batches (
  topic_id uuid NOT NULL,
  part integer NOT NULL,
  base_offset bigint NOT NULL,
  last_offset bigint NOT NULL,
  epoch bigint NOT NULL,
  object_key text COLLATE "C" NOT NULL,
  position bigint NOT NULL,
  length bigint NOT NULL,
  crc bigint NOT NULL,
  max_timestamp bigint NOT NULL,
  PRIMARY KEY (topic_id, part, base_offset),
  CHECK (last_offset >= base_offset)
);

-- `batches` holds [first sequence, last sequence, base offset] of each of the last few batches, flat, oldest first.
CREATE TABLE producer_state (
  topic_id uuid NOT NULL,
  part integer NOT NULL,
  producer_id bigint NOT NULL,
  producer_epoch integer NOT NULL,
  batches bigint[] NOT NULL CHECK (cardinality(batches) > 0 AND cardinality(batches) % 3 = 0),
  PRIMARY KEY (topic_id, part, producer_id)
) WITH (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
