-- Topics that follow a Kubernetes resource. Its operators write here under the term of their leader.
--
-- Lock order of every transaction from here on: operator, cluster, heartbeat, session, topic, object, partition.

CREATE TABLE operator_leader (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  epoch bigint NOT NULL DEFAULT 0,
  identity text NOT NULL DEFAULT '',
  led_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO operator_leader DEFAULT VALUES;

-- `spec_hash` names the spec that was applied last. A deleted topic keeps its rows and objects until `purge_after`, for
-- ever when that is null; until then its owner, which it keeps too, can have it back.
ALTER TABLE topics
  ADD owner_namespace text,
  ADD owner_name text,
  ADD spec_hash text,
  ADD purge_after timestamptz;
-- No program has written an owner before: such a row would name a resource that nobody can find.
UPDATE topics SET owner_kind = 'api', owner_uid = NULL WHERE owner_kind <> 'api' OR owner_uid IS NOT NULL;
ALTER TABLE topics
  ADD CHECK (num_nonnulls(owner_uid, owner_namespace, owner_name, spec_hash) =
             CASE owner_kind WHEN 'kubernetes' THEN 4 ELSE 0 END),
  ADD CHECK (purge_after IS NULL OR deleted_at IS NOT NULL);
CREATE UNIQUE INDEX topics_owner ON topics (owner_uid) WHERE deleted_at IS NULL AND owner_uid IS NOT NULL;
-- A claim finds its topic by these two. A query that says `deleted_at IS NULL` may be given any index with that condition
-- and read it from end to end: until the first ANALYZE each of them passes for empty.
CREATE INDEX topics_of_owner ON topics (owner_uid) WHERE owner_uid IS NOT NULL;
CREATE INDEX topics_of_name ON topics (canonical_name);
CREATE INDEX topics_purge ON topics (purge_after) WHERE purge_after IS NOT NULL;

-- When the last run of the object was purged. Its row stays until the object itself is deleted.
ALTER TABLE objects ADD unreferenced_at timestamptz;
CREATE INDEX objects_unreferenced ON objects (unreferenced_at) WHERE unreferenced_at IS NOT NULL;

-- Tells of changes of topics whoever makes them, so that one by hand is seen as soon as one by a program.
CREATE FUNCTION notify_topics() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('streamhouse', 'topics');
  RETURN NULL;
END $$;
CREATE TRIGGER topics_changed AFTER INSERT OR UPDATE OR DELETE ON topics
FOR EACH STATEMENT EXECUTE FUNCTION notify_topics();

CREATE FUNCTION refuse_managed(present topics) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF present.owner_kind = 'kubernetes' THEN
    RAISE 'topic "%" is managed by the Kubernetes resource %/%',
      present.name, present.owner_namespace, present.owner_name
    USING ERRCODE = 'SH006', DETAIL = present.owner_namespace || '/' || present.owner_name;
  END IF;
END $$;

-- As before, for topics that no resource manages.
CREATE OR REPLACE FUNCTION alter_topic(id uuid, change jsonb, cluster_max bigint)
RETURNS SETOF topics LANGUAGE plpgsql AS $$
DECLARE
  present topics;
  altered topics;
BEGIN
  PERFORM FROM cluster FOR UPDATE;
  SELECT * INTO present FROM topics t WHERE t.topic_id = id AND t.deleted_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM refuse_managed(present);

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
  RETURN NEXT altered;
END $$;

-- Hides a topic and takes its partitions from their holders, so that no publish to it can be accepted any more.
CREATE FUNCTION hide_topic(id uuid, purge_at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE topics t SET deleted_at = coalesce(t.deleted_at, clock_timestamp()), purge_after = purge_at
  WHERE t.topic_id = id;
  PERFORM FROM partitions p WHERE p.topic_id = id ORDER BY p.part FOR NO KEY UPDATE;
  UPDATE partitions p SET holder_incarnation = NULL, epoch = p.epoch + 1, epoch_start_offset = p.next_offset
  WHERE p.topic_id = id;
  PERFORM pg_notify('streamhouse', 'leases');
END $$;

-- As before, for topics that no resource manages.
CREATE OR REPLACE FUNCTION delete_topic(id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  present topics;
BEGIN
  PERFORM FROM cluster FOR UPDATE;
  SELECT * INTO present FROM topics t WHERE t.topic_id = id AND t.deleted_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM refuse_managed(present);
  PERFORM hide_topic(id, NULL);
  RETURN true;
END $$;

-- Fails unless this is the term of the newest leader, and keeps the next one waiting until the transaction ends: a
-- write of an old term is done before the new one begins, or never.
CREATE FUNCTION check_operator(term bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM operator_leader l WHERE l.epoch = term FOR SHARE;
  IF NOT FOUND THEN RAISE 'the term % of this operator is over: another one leads', term USING ERRCODE = 'SH007'; END IF;
END $$;

-- The topic that decides what becomes of a wish: the resource's own, else the one that has the name or one that differs
-- only by . and _, else a deleted one of the resource that can be restored. No row when there is none.
CREATE FUNCTION topic_of_wish(wish jsonb) RETURNS topics LANGUAGE plpgsql STABLE AS $$
DECLARE
  present topics;
BEGIN
  WITH owned AS MATERIALIZED (SELECT * FROM topics t WHERE t.owner_uid = wish #>> '{owner,uid}')
  SELECT * INTO present FROM owned t WHERE t.deleted_at IS NULL;
  IF FOUND THEN RETURN present; END IF;

  WITH named AS MATERIALIZED (
    SELECT * FROM topics t WHERE t.canonical_name = translate(wish ->> 'topicName', '.', '_')
  )
  SELECT * INTO present FROM named t
  WHERE t.deleted_at IS NULL
     OR t.name = wish ->> 'topicName'
        AND (t.owner_uid = wish #>> '{owner,uid}'
             OR t.owner_namespace = wish #>> '{owner,namespace}' AND t.owner_name = wish #>> '{owner,name}')
        AND (t.purge_after IS NULL OR t.purge_after > clock_timestamp())
        AND (wish ->> 'topicId' IS NULL OR t.topic_id = (wish ->> 'topicId')::uuid)
  ORDER BY t.deleted_at DESC NULLS FIRST LIMIT 1;
  RETURN present;
END $$;

-- The values of a topic that a wish would change, named as in the port.
CREATE FUNCTION wish_differences(wish jsonb, present topics) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  settings jsonb := wish -> 'settings';
BEGIN
  RETURN array_remove(ARRAY[
    CASE WHEN present.partitions < (wish ->> 'partitions')::integer THEN 'partitions' END,
    CASE WHEN present.pool <> settings ->> 'pool' THEN 'pool' END,
    CASE WHEN present.durability <> settings ->> 'durability' THEN 'durability' END,
    CASE WHEN present.retention_ms IS DISTINCT FROM (settings ->> 'retentionMs')::bigint THEN 'retentionMs' END,
    CASE WHEN present.retention_bytes IS DISTINCT FROM (settings ->> 'retentionBytes')::bigint THEN 'retentionBytes' END,
    CASE WHEN present.config <> settings -> 'config' THEN 'config' END
  ], NULL);
END $$;

-- What becomes of a wish, as a kind of the port's ClaimOutcome. `spare` are the partitions that the cluster may still add.
CREATE FUNCTION judge_wish(wish jsonb, present topics, spare bigint) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  wanted integer := (wish ->> 'partitions')::integer;
  -- Partitions that the cluster has more afterwards.
  added integer := CASE WHEN present.deleted_at IS NOT NULL THEN greatest(wanted, present.partitions)
                        ELSE greatest(wanted - coalesce(present.partitions, 0), 0) END;
  has_room boolean := added = 0 OR added <= spare;
  is_former boolean := present.topic_id = (wish ->> 'topicId')::uuid;
  -- The resource had a topic, and takes no other one for it.
  is_bound boolean := wish ->> 'topicId' IS NOT NULL AND NOT (wish ->> 'recreate')::boolean;
BEGIN
  IF present.topic_id IS NULL THEN
    IF is_bound THEN RETURN 'dataLost'; END IF;
    RETURN CASE WHEN has_room THEN 'created' ELSE 'partitionsLimit' END;
  ELSIF present.deleted_at IS NOT NULL THEN
    RETURN CASE WHEN has_room THEN 'restored' ELSE 'partitionsLimit' END;
  ELSIF present.owner_uid = wish #>> '{owner,uid}' THEN
    IF present.name <> wish ->> 'topicName' THEN RETURN 'renameRefused'; END IF;
    IF wish_differences(wish, present) = '{}' THEN RETURN 'unchanged'; END IF;
    IF wish ->> 'drift' = 'report' AND present.spec_hash = wish ->> 'specHash' THEN RETURN 'drifted'; END IF;
    RETURN CASE WHEN has_room THEN 'updated' ELSE 'partitionsLimit' END;
  ELSIF present.owner_uid IS NOT NULL OR present.name <> wish ->> 'topicName' THEN
    RETURN 'nameConflict';
  ELSIF is_former IS NOT TRUE THEN
    IF is_bound OR wish ->> 'adoption' = 'fail' THEN RETURN 'nameConflict'; END IF;
    IF present.partitions > wanted THEN RETURN 'adoptionConflict'; END IF;
  END IF;
  RETURN CASE WHEN has_room THEN 'adopted' ELSE 'partitionsLimit' END;
END $$;

-- Makes the topic, or makes the present one, as the wish has it. Never takes a partition away.
CREATE FUNCTION apply_wish(wish jsonb, present topics) RETURNS topics LANGUAGE plpgsql AS $$
DECLARE
  settings jsonb := wish -> 'settings';
  applied topics;
BEGIN
  INSERT INTO topics AS t (
    topic_id, name, partitions, pool, durability, retention_ms, retention_bytes, config,
    owner_kind, owner_uid, owner_namespace, owner_name, spec_hash
  ) VALUES (
    coalesce(present.topic_id, gen_random_uuid()), wish ->> 'topicName', (wish ->> 'partitions')::integer,
    settings ->> 'pool', settings ->> 'durability',
    (settings ->> 'retentionMs')::bigint, (settings ->> 'retentionBytes')::bigint, settings -> 'config',
    'kubernetes', wish #>> '{owner,uid}', wish #>> '{owner,namespace}', wish #>> '{owner,name}', wish ->> 'specHash'
  )
  ON CONFLICT (topic_id) DO UPDATE SET
    partitions = greatest(t.partitions, excluded.partitions),
    pool = excluded.pool, durability = excluded.durability,
    retention_ms = excluded.retention_ms, retention_bytes = excluded.retention_bytes, config = excluded.config,
    owner_kind = excluded.owner_kind, owner_uid = excluded.owner_uid,
    owner_namespace = excluded.owner_namespace, owner_name = excluded.owner_name, spec_hash = excluded.spec_hash,
    deleted_at = NULL, purge_after = NULL
  RETURNING * INTO applied;
  -- Where a count was lowered by hand, the partitions are there still.
  INSERT INTO partitions (topic_id, part)
  SELECT applied.topic_id, part
  FROM generate_series(coalesce(present.partitions, 0), applied.partitions - 1) part
  ON CONFLICT DO NOTHING;
  RETURN applied;
END $$;

-- Gives each wish, an object with the fields of the port's TopicWish, its outcome: the topic is the resource's own, or the
-- one that is in its way.
CREATE FUNCTION claim_topics(term bigint, wishes jsonb, cluster_max bigint)
RETURNS TABLE (place bigint, kind text, topic topics, changed text[], is_drift boolean)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  spare bigint;
  wish jsonb;
  present topics;
BEGIN
  PERFORM check_operator(term);
  PERFORM FROM cluster FOR UPDATE;
  SELECT cluster_max - coalesce(sum(t.partitions), 0) INTO spare FROM topics t WHERE t.deleted_at IS NULL;

  -- Topics that are there in the order of their ids, as takeovers lock them; new ones are nobody else's to lock.
  FOR wish, place IN
    SELECT w.wish, w.place FROM jsonb_array_elements(wishes) WITH ORDINALITY w (wish, place)
    ORDER BY (topic_of_wish(w.wish)).topic_id NULLS LAST, w.place
  LOOP
    -- Looked up again: a wish before this one may have taken the name.
    present := topic_of_wish(wish);
    topic := present;
    kind := judge_wish(wish, present, spare);
    changed := wish_differences(wish, present);
    is_drift := present.spec_hash = wish ->> 'specHash';
    IF kind IN ('created', 'adopted', 'restored', 'updated')
       OR kind = 'unchanged' AND (present.spec_hash, present.owner_namespace, present.owner_name) <>
                                 (wish ->> 'specHash', wish #>> '{owner,namespace}', wish #>> '{owner,name}') THEN
      topic := apply_wish(wish, present);
      spare := spare - topic.partitions
               + CASE WHEN present.deleted_at IS NULL THEN coalesce(present.partitions, 0) ELSE 0 END;
    END IF;
    IF kind = 'restored' THEN PERFORM pg_notify('streamhouse', 'leases'); END IF;
    RETURN NEXT;
  END LOOP;
END $$;

-- Gives a topic of this owner back to the API. One that is kept for its owner until its grace is over stays.
CREATE FUNCTION release_topic(term bigint, id uuid, uid text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM check_operator(term);
  PERFORM FROM cluster FOR UPDATE;
  UPDATE topics t
  SET owner_kind = 'api', owner_uid = NULL, owner_namespace = NULL, owner_name = NULL, spec_hash = NULL
  WHERE t.topic_id = id AND t.owner_uid = uid AND t.purge_after IS NULL;
  RETURN FOUND;
END $$;

-- Hides a topic of this owner and keeps it for the grace. Returns a value of the port's SoftDeleteOutcome.
CREATE FUNCTION soft_delete_topic(term bigint, id uuid, uid text, grace_ms bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  present topics;
BEGIN
  PERFORM check_operator(term);
  PERFORM FROM cluster FOR UPDATE;
  SELECT * INTO present FROM topics t WHERE t.topic_id = id FOR NO KEY UPDATE;
  -- One that is deleted and has no owner was begun to be purged.
  IF present.topic_id IS NULL OR present.deleted_at IS NOT NULL AND present.owner_uid IS NULL THEN RETURN 'absent'; END IF;
  IF present.owner_uid IS DISTINCT FROM uid THEN RETURN 'notOwned'; END IF;
  IF present.purge_after IS NULL THEN
    PERFORM hide_topic(id, clock_timestamp() + grace_ms * interval '1 millisecond');
  END IF;
  RETURN 'deleted';
END $$;

-- Removes at most `row_max` runs of a topic and gives up their share of the objects. Returns how many.
CREATE FUNCTION purge_runs(id uuid, row_max integer) RETURNS integer LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  removed integer;
BEGIN
  WITH doomed AS (
    SELECT b.part, b.base_offset FROM batches b WHERE b.topic_id = id ORDER BY b.part, b.base_offset LIMIT row_max
  ), gone AS (
    DELETE FROM batches b USING doomed d
    WHERE b.topic_id = id AND b.part = d.part AND b.base_offset = d.base_offset
    RETURNING b.object_key
  ), lost AS (
    SELECT gone.object_key, count(*)::integer AS refs FROM gone GROUP BY gone.object_key
  ), locked AS (
    SELECT o.object_key, lost.refs FROM lost JOIN objects o ON o.object_key = lost.object_key
    ORDER BY o.object_key FOR NO KEY UPDATE OF o
  ), updated AS (
    UPDATE objects o
    SET refs = o.refs - locked.refs, unreferenced_at = CASE WHEN o.refs = locked.refs THEN clock_timestamp() END
    FROM locked WHERE o.object_key = locked.object_key
  )
  SELECT count(*) INTO removed FROM gone;
  RETURN removed;
END $$;

-- Removes at most `row_max` rows of one topic past its grace, what refers to others first. Returns the topic when the
-- last of its rows went.
CREATE FUNCTION purge_topic(term bigint, row_max integer)
RETURNS TABLE (removed integer, purged uuid, has_more boolean) LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  id uuid;
  removed_now integer;
BEGIN
  PERFORM check_operator(term);
  PERFORM FROM cluster FOR UPDATE;
  removed := 0;
  SELECT t.topic_id INTO id FROM topics t WHERE t.purge_after <= clock_timestamp()
  ORDER BY t.purge_after LIMIT 1 FOR UPDATE;
  IF FOUND THEN
    -- Without an owner nobody can restore what is half gone, not even when the clock is set back.
    UPDATE topics t
    SET owner_kind = 'api', owner_uid = NULL, owner_namespace = NULL, owner_name = NULL, spec_hash = NULL
    WHERE t.topic_id = id AND t.owner_uid IS NOT NULL;

    removed := purge_runs(id, row_max);
    DELETE FROM producer_state s WHERE s.ctid = ANY (ARRAY(
      SELECT s.ctid FROM producer_state s WHERE s.topic_id = id ORDER BY s.part, s.producer_id LIMIT row_max - removed));
    GET DIAGNOSTICS removed_now = ROW_COUNT;
    removed := removed + removed_now;
    DELETE FROM partitions p WHERE p.ctid = ANY (ARRAY(
      SELECT p.ctid FROM partitions p WHERE p.topic_id = id ORDER BY p.part LIMIT row_max - removed FOR UPDATE));
    GET DIAGNOSTICS removed_now = ROW_COUNT;
    removed := removed + removed_now;
    -- Room that was left says that nothing else was.
    IF removed < row_max THEN
      DELETE FROM topics t WHERE t.topic_id = id;
      removed := removed + 1;
      purged := id;
    END IF;
  END IF;
  has_more := EXISTS (SELECT FROM topics t WHERE t.purge_after <= clock_timestamp());
  RETURN NEXT;
END $$;

CREATE FUNCTION forget_objects(term bigint, keys text[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  forgotten integer;
BEGIN
  PERFORM check_operator(term);
  DELETE FROM objects o WHERE o.object_key = ANY (keys) AND o.refs = 0 AND o.unreferenced_at IS NOT NULL;
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  RETURN forgotten;
END $$;
