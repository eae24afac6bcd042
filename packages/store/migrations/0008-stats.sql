-- What each life of an agent has counted, written over every two seconds. Not logged: it costs next to no WAL and no wait for the
-- disk, and after a crash of Postgres it is empty until the agents write again. It goes with the heartbeat when the
-- session is fenced.
CREATE UNLOGGED TABLE agent_stats (
  incarnation bigint PRIMARY KEY REFERENCES agent_heartbeats ON DELETE CASCADE,
  alive_ms bigint NOT NULL,
  rss_bytes bigint NOT NULL,
  loop_delay_ms double precision NOT NULL,
  connections integer NOT NULL,
  -- Records in, bytes in, records out, bytes out.
  totals bigint[] NOT NULL,
  produce_latencies bigint[] NOT NULL,
  fetch_latencies bigint[] NOT NULL,
  is_complete boolean NOT NULL,
  topic_ids uuid[] NOT NULL,
  -- Since when, and what the totals have, of each topic.
  topic_counts bigint[] NOT NULL CHECK (cardinality(topic_counts) = 5 * cardinality(topic_ids))
) WITH (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 500,
  autovacuum_vacuum_cost_delay = 0
);
