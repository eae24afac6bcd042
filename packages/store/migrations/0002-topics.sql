-- Changes of topics take turns on the cluster's row, so that names and the count of all partitions can be checked first.

CREATE FUNCTION check_partitions_left(added integer, cluster_max bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  present bigint;
BEGIN
  SELECT coalesce(sum(t.partitions), 0) INTO present FROM topics t WHERE t.deleted_at IS NULL;
  IF present + added > cluster_max THEN
    RAISE 'the cluster has % partitions of at most %', present, cluster_max USING ERRCODE = 'SH004';
  END IF;
END $$;

-- The settings are an object with the fields of the port's TopicSettings.
CREATE FUNCTION create_topic(topic_name text, partition_count integer, settings jsonb, cluster_max bigint)
RETURNS SETOF topics LANGUAGE plpgsql AS $$
DECLARE
  other topics;
  created topics;
BEGIN
  PERFORM FROM cluster FOR UPDATE;
  SELECT * INTO other FROM topics t
  WHERE t.canonical_name = translate(topic_name, '.', '_') AND t.deleted_at IS NULL;
  IF other.name = topic_name THEN
    RAISE 'topic "%" exists', topic_name USING ERRCODE = 'SH002', DETAIL = other.topic_id;
  ELSIF FOUND THEN
    RAISE 'topic "%" differs from "%" only by . and _', topic_name, other.name
    USING ERRCODE = 'SH003', DETAIL = other.name;
  END IF;
  PERFORM check_partitions_left(partition_count, cluster_max);

  INSERT INTO topics (name, partitions, pool, durability, retention_ms, retention_bytes, config)
  VALUES (topic_name, partition_count, settings ->> 'pool', settings ->> 'durability',
          (settings ->> 'retentionMs')::bigint, (settings ->> 'retentionBytes')::bigint, settings -> 'config')
  RETURNING * INTO created;
  INSERT INTO partitions (topic_id, part)
  SELECT created.topic_id, part FROM generate_series(0, partition_count - 1) part;
  PERFORM pg_notify('streamhouse', 'topics');
  RETURN NEXT created;
END $$;

-- Sets the fields that `change` has: those of TopicSettings, and `partitions`, which only grows (I-29).
CREATE FUNCTION alter_topic(id uuid, change jsonb, cluster_max bigint) RETURNS SETOF topics LANGUAGE plpgsql AS $$
DECLARE
  present topics;
  altered topics;
BEGIN
  PERFORM FROM cluster FOR UPDATE;
  SELECT * INTO present FROM topics t WHERE t.topic_id = id AND t.deleted_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN; END IF;

  UPDATE topics t SET
    partitions = coalesce((change ->> 'partitions')::integer, t.partitions),
    pool = coalesce(change ->> 'pool', t.pool),
    durability = coalesce(change ->> 'durability', t.durability),
    retention_ms = CASE WHEN change ? 'retentionMs' THEN (change ->> 'retentionMs')::bigint ELSE t.retention_ms END,
    retention_bytes =
      CASE WHEN change ? 'retentionBytes' THEN (change ->> 'retentionBytes')::bigint ELSE t.retention_bytes END,
    config = coalesce(change -> 'config', t.config)
  WHERE t.topic_id = id RETURNING * INTO altered;

  IF altered.partitions < present.partitions THEN
    RAISE 'topic "%" has % partitions and cannot go down to %', present.name, present.partitions, altered.partitions
    USING ERRCODE = 'SH005';
  ELSIF altered.partitions > present.partitions THEN
    -- The row already has the new count.
    PERFORM check_partitions_left(0, cluster_max);
    INSERT INTO partitions (topic_id, part)
    SELECT id, part FROM generate_series(present.partitions, altered.partitions - 1) part;
  END IF;
  PERFORM pg_notify('streamhouse', 'topics');
  RETURN NEXT altered;
END $$;

-- Hides a topic and takes its partitions from their holders, so that no publish to it can be accepted any more.
CREATE FUNCTION delete_topic(id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM cluster FOR UPDATE;
  UPDATE topics t SET deleted_at = clock_timestamp() WHERE t.topic_id = id AND t.deleted_at IS NULL;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM FROM partitions p WHERE p.topic_id = id ORDER BY p.part FOR NO KEY UPDATE;
  UPDATE partitions p SET holder_incarnation = NULL, epoch = p.epoch + 1, epoch_start_offset = p.next_offset
  WHERE p.topic_id = id;
  PERFORM pg_notify('streamhouse', 'topics'), pg_notify('streamhouse', 'leases');
  RETURN true;
END $$;
