-- What a holder starts from: one row per partition and remembered producer, with nulls when it has none. One statement,
-- so offsets and producers are of the same moment.
CREATE FUNCTION held_partitions(me bigint, wanted_topics uuid[], wanted_parts integer[], producers_max bigint)
RETURNS TABLE (
  topic_id uuid, part integer, epoch bigint, next_offset bigint, log_start_offset bigint,
  producer_id bigint, producer_epoch integer, batches bigint[]
) LANGUAGE sql STABLE AS $$
  SELECT p.topic_id, p.part, p.epoch, p.next_offset, p.log_start_offset,
         s.producer_id, s.producer_epoch, s.batches
  FROM unnest(wanted_topics, wanted_parts) w (topic_id, part)
  JOIN partitions p ON p.topic_id = w.topic_id AND p.part = w.part
  LEFT JOIN LATERAL (
    SELECT ps.producer_id, ps.producer_epoch, ps.batches FROM producer_state ps
    WHERE ps.topic_id = p.topic_id AND ps.part = p.part
    ORDER BY ps.batches[cardinality(ps.batches)] DESC
    LIMIT producers_max
  ) s ON true
  WHERE p.holder_incarnation = me
  ORDER BY p.topic_id, p.part, s.batches[cardinality(s.batches)]
$$;

-- Takes those of the wanted partitions that nobody live holds. Returns them as held_partitions does.
CREATE FUNCTION take_partitions(me bigint, wanted_topics uuid[], wanted_parts integer[], producers_max bigint)
RETURNS TABLE (
  topic_id uuid, part integer, epoch bigint, next_offset bigint, log_start_offset bigint,
  producer_id bigint, producer_epoch integer, batches bigint[]
) LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  taken_topics uuid[];
  taken_parts integer[];
BEGIN
  PERFORM FROM agent_sessions s WHERE s.incarnation = me AND NOT s.fenced FOR SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  -- Held until the end, so that a topic cannot be deleted between the look at it and the update below.
  PERFORM FROM topics t WHERE t.topic_id = ANY (ARRAY(SELECT DISTINCT unnest(wanted_topics)))
  ORDER BY t.topic_id FOR SHARE;

  WITH free AS (
    SELECT p.topic_id, p.part
    FROM unnest(wanted_topics, wanted_parts) w (topic_id, part)
    JOIN topics t ON t.topic_id = w.topic_id AND t.deleted_at IS NULL
    JOIN partitions p ON p.topic_id = w.topic_id AND p.part = w.part
    -- Looked at again once the row is locked. A fence is final, so an old snapshot cannot mistake the living for dead.
    WHERE p.holder_incarnation IS NULL
       OR EXISTS (SELECT FROM agent_sessions s WHERE s.incarnation = p.holder_incarnation AND s.fenced)
    ORDER BY p.topic_id, p.part
    FOR NO KEY UPDATE OF p SKIP LOCKED
  ), taken AS (
    UPDATE partitions p
    SET holder_incarnation = me, epoch = p.epoch + 1, epoch_start_offset = p.next_offset
    FROM free WHERE p.topic_id = free.topic_id AND p.part = free.part
    RETURNING p.topic_id, p.part
  )
  SELECT array_agg(taken.topic_id), array_agg(taken.part) INTO taken_topics, taken_parts FROM taken;

  IF taken_parts IS NOT NULL THEN
    PERFORM pg_notify('streamhouse', 'leases');
  END IF;
  -- A statement of its own: it sees what the last holder published until the rows were locked (I-12).
  RETURN QUERY SELECT * FROM held_partitions(me, taken_topics, taken_parts, producers_max);
END $$;

-- Gives partitions up, each to its heir or, when that is null or not live, to nobody. Either way the epoch moves on,
-- so that nothing in flight under the old one can count (I-05). Returns how many rows changed.
CREATE FUNCTION release_partitions(me bigint, run_topics uuid[], run_parts integer[], epochs bigint[], heirs bigint[])
RETURNS integer LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  live bigint[];
  released integer;
BEGIN
  live := ARRAY(
    SELECT s.incarnation FROM agent_sessions s
    WHERE s.incarnation = ANY (ARRAY(SELECT DISTINCT unnest(heirs || me))) AND NOT s.fenced
    ORDER BY s.incarnation FOR SHARE);
  IF NOT me = ANY (live) THEN RETURN 0; END IF;

  PERFORM FROM unnest(run_topics, run_parts) r (topic_id, part)
  JOIN partitions p ON p.topic_id = r.topic_id AND p.part = r.part
  ORDER BY p.topic_id, p.part FOR NO KEY UPDATE OF p;

  UPDATE partitions p
  SET holder_incarnation = CASE WHEN r.heir = ANY (live) THEN r.heir END,
      epoch = p.epoch + 1, epoch_start_offset = p.next_offset
  FROM unnest(run_topics, run_parts, epochs, heirs) r (topic_id, part, epoch, heir)
  WHERE p.topic_id = r.topic_id AND p.part = r.part
    AND p.holder_incarnation = me AND p.epoch = r.epoch;
  GET DIAGNOSTICS released = ROW_COUNT;
  IF released > 0 THEN
    PERFORM pg_notify('streamhouse', 'leases');
  END IF;
  RETURN released;
END $$;
