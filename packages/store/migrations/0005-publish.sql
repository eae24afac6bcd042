-- Makes an object visible: the linearization point of every acknowledged record. Arrays hold one element per run, those
-- of producers one per producer and run, with `producer_runs` the run's index from 1. Returns the runs, by index from 0,
-- that were rejected; called again with the same key it returns what the first call returned (I-09).
--
-- Each statement has a snapshot of its own (read committed), so it sees whatever committed before its locks.
-- The settings keep the cached plans on the primary keys, however small or stale the statistics are.
CREATE FUNCTION publish_object(
  me bigint, key text, size bigint,
  run_topics uuid[], run_parts integer[], run_epochs bigint[], run_bases bigint[], run_counts bigint[],
  run_positions bigint[], run_lengths bigint[], run_crcs bigint[], run_timestamps bigint[],
  producer_runs integer[], producer_ids bigint[], producer_epochs integer[], producer_batches text[]
) RETURNS integer[] LANGUAGE plpgsql
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  is_live boolean;
  is_first boolean := false;
  accepted integer[];
  refused integer[] := '{}';
BEGIN
  -- I-01: what is acknowledged has to outlive a crash of the server, also where commits need not by default.
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  -- F1: held until the end, so a fence comes before all of this or after it.
  PERFORM FROM agent_sessions s WHERE s.incarnation = me AND NOT s.fenced FOR SHARE;
  is_live := FOUND;
  IF is_live THEN
    -- Waits for a transaction that inserts the same key.
    INSERT INTO objects (object_key, incarnation, bytes, refs) VALUES (key, me, size, cardinality(run_parts))
    ON CONFLICT DO NOTHING;
    is_first := FOUND;
  END IF;
  IF NOT is_first THEN
    SELECT o.rejected INTO refused FROM objects o WHERE o.object_key = key AND o.incarnation = me;
    IF FOUND THEN RETURN refused; END IF;
    -- A fence is final: no call with this key has been or will be accepted.
    IF NOT is_live THEN RAISE 'incarnation % is fenced', me USING ERRCODE = 'SH001'; END IF;
    RAISE 'object % belongs to another incarnation', key;
  END IF;

  -- One order for everybody: no deadlock.
  PERFORM FROM unnest(run_topics, run_parts) r (topic_id, part)
  JOIN partitions p ON p.topic_id = r.topic_id AND p.part = r.part
  ORDER BY p.topic_id, p.part FOR NO KEY UPDATE OF p;

  WITH advanced AS (
    UPDATE partitions p SET next_offset = p.next_offset + r.count, bytes = p.bytes + r.length
    FROM unnest(run_topics, run_parts, run_epochs, run_bases, run_counts,
                run_positions, run_lengths, run_crcs, run_timestamps) WITH ORDINALITY
      r (topic_id, part, epoch, base, count, position, length, crc, max_timestamp, run)
    WHERE p.topic_id = r.topic_id AND p.part = r.part
      AND p.holder_incarnation = me AND p.epoch = r.epoch -- F2
      AND p.next_offset = r.base -- F3
    RETURNING r.*
  ), stored AS (
    INSERT INTO batches (topic_id, part, base_offset, last_offset, epoch, object_key,
                         position, length, crc, max_timestamp)
    SELECT a.topic_id, a.part, a.base, a.base + a.count - 1, a.epoch, key,
           a.position, a.length, a.crc, a.max_timestamp
    FROM advanced a
  )
  SELECT array_agg(a.run::integer) INTO accepted FROM advanced a;

  IF cardinality(accepted) IS DISTINCT FROM cardinality(run_parts) THEN
    refused := ARRAY(
      SELECT run - 1 FROM generate_subscripts(run_parts, 1) run WHERE accepted IS NULL OR run <> ALL (accepted));
    UPDATE objects o SET refs = o.refs - cardinality(refused), rejected = refused
    WHERE o.object_key = key;
  END IF;

  -- I-12. By index and not by a join, which the planner would make a nested loop over two functions.
  INSERT INTO producer_state AS s (topic_id, part, producer_id, producer_epoch, batches)
  SELECT run_topics[w.run], run_parts[w.run], w.producer_id, w.producer_epoch, w.batches::bigint[]
  FROM unnest(producer_runs, producer_ids, producer_epochs, producer_batches)
    w (run, producer_id, producer_epoch, batches)
  WHERE w.run - 1 <> ALL (refused)
  ON CONFLICT (topic_id, part, producer_id) DO UPDATE
  SET producer_epoch = excluded.producer_epoch, batches = excluded.batches;

  RETURN refused;
END $$;
