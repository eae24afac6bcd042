-- Consumer groups: who is in them, and how far they have read.
--
-- A group is in one slot, and who holds the slot coordinates the group: only the holder writes, under its incarnation
-- and the slot's epoch. What a group keeps of a topic is written under a share of the topic's row, so that a purge
-- leaves nothing behind.
--
-- Lock order of every transaction from here on: operator, cluster, heartbeat, session, slot, group, topic, object,
-- partition; then rows of the locked group or topic.

-- Rows stay, so an epoch never comes back (I-05). As many as LIMITS.groupSlots.
CREATE TABLE group_slots (
  slot integer PRIMARY KEY,
  holder_incarnation bigint,
  epoch bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO group_slots (slot) SELECT generate_series(0, 63);

-- Generation 0: no member has ever joined.
CREATE TABLE groups (
  group_id text COLLATE "C" PRIMARY KEY,
  slot integer NOT NULL,
  generation bigint NOT NULL DEFAULT 0,
  assignor text,
  leader_id text COLLATE "C",
  is_assigned boolean NOT NULL DEFAULT false
) WITH (fillfactor = 70);

-- The members of the group's generation. `partitions` is what each owns in it: {"topic id": [partition, ...], ...}.
CREATE TABLE group_members (
  group_id text COLLATE "C" NOT NULL REFERENCES groups,
  member_id text COLLATE "C" NOT NULL,
  instance_id text,
  client_id text NOT NULL,
  client_host text NOT NULL,
  session_timeout_ms bigint NOT NULL,
  rebalance_timeout_ms bigint NOT NULL,
  topics text[] NOT NULL,
  assignors text[] NOT NULL,
  partitions jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (group_id, member_id)
);

-- How many partitions a topic had when the group first owned some of them (I-29).
CREATE TABLE group_topics (
  group_id text COLLATE "C" NOT NULL REFERENCES groups,
  topic_id uuid NOT NULL,
  partitions integer NOT NULL,
  PRIMARY KEY (group_id, topic_id)
);
CREATE INDEX group_topics_of_topic ON group_topics (topic_id);

CREATE TABLE group_offsets (
  group_id text COLLATE "C" NOT NULL REFERENCES groups,
  topic_id uuid NOT NULL,
  part integer NOT NULL,
  next_offset bigint NOT NULL CHECK (next_offset >= 0),
  metadata text NOT NULL DEFAULT '',
  generation bigint NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (group_id, topic_id, part)
) WITH (
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX group_offsets_of_topic ON group_offsets (topic_id);

-- Takes those of the wanted slots that nobody live holds.
CREATE FUNCTION take_slots(me bigint, wanted integer[]) RETURNS TABLE (slot integer, epoch bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM agent_sessions a WHERE a.incarnation = me AND NOT a.fenced FOR SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  RETURN QUERY
  WITH free AS (
    SELECT s.slot FROM group_slots s
    -- Looked at again once the row is locked. A fence is final, so an old snapshot cannot mistake the living for dead.
    WHERE s.slot = ANY (wanted)
      AND (s.holder_incarnation IS NULL
           OR EXISTS (SELECT FROM agent_sessions a WHERE a.incarnation = s.holder_incarnation AND a.fenced))
    ORDER BY s.slot FOR NO KEY UPDATE OF s SKIP LOCKED
  )
  UPDATE group_slots s SET holder_incarnation = me, epoch = s.epoch + 1
  FROM free WHERE s.slot = free.slot
  RETURNING s.slot, s.epoch;
  IF FOUND THEN PERFORM pg_notify('streamhouse', 'groups'); END IF;
END $$;

-- Gives slots up, each to its heir or, when that is null or not live, to nobody. Returns how many rows changed.
CREATE FUNCTION release_slots(me bigint, released integer[], epochs bigint[], heirs bigint[]) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  live bigint[];
  released_count integer;
BEGIN
  live := ARRAY(
    SELECT a.incarnation FROM agent_sessions a
    WHERE a.incarnation = ANY (ARRAY(SELECT DISTINCT unnest(heirs || me))) AND NOT a.fenced
    ORDER BY a.incarnation FOR SHARE);
  IF NOT me = ANY (live) THEN RETURN 0; END IF;

  PERFORM FROM group_slots s WHERE s.slot = ANY (released) ORDER BY s.slot FOR NO KEY UPDATE;
  UPDATE group_slots s
  SET holder_incarnation = CASE WHEN r.heir = ANY (live) THEN r.heir END, epoch = s.epoch + 1
  FROM unnest(released, epochs, heirs) r (slot, epoch, heir)
  WHERE s.slot = r.slot AND s.holder_incarnation = me AND s.epoch = r.epoch;
  GET DIAGNOSTICS released_count = ROW_COUNT;
  IF released_count > 0 THEN PERFORM pg_notify('streamhouse', 'groups'); END IF;
  RETURN released_count;
END $$;

-- Fails unless the session is live. Held until the end, so a fence comes before all of this or after it.
CREATE FUNCTION check_session(me bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- What a member was told has to outlive a crash of the server, also where commits need not by default.
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  PERFORM FROM agent_sessions a WHERE a.incarnation = me AND NOT a.fenced FOR SHARE;
  IF NOT FOUND THEN RAISE 'incarnation % is fenced', me USING ERRCODE = 'SH001'; END IF;
END $$;

-- Fails unless this coordinator holds the slot at this epoch. Held until the end, as the session is.
CREATE FUNCTION check_coordinator(me bigint, my_slot integer, my_epoch bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM check_session(me);
  PERFORM FROM group_slots s
  WHERE s.slot = my_slot AND s.holder_incarnation = me AND s.epoch = my_epoch FOR SHARE;
  IF NOT FOUND THEN
    RAISE 'incarnation % does not hold slot % at epoch %', me, my_slot, my_epoch USING ERRCODE = 'SH008';
  END IF;
END $$;

-- The group as its last write left it, locked; nulls when there is none.
CREATE FUNCTION lock_group(me bigint, my_slot integer, my_epoch bigint, id text) RETURNS groups
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  present groups;
BEGIN
  PERFORM check_coordinator(me, my_slot, my_epoch);
  SELECT * INTO present FROM groups g WHERE g.group_id = id FOR NO KEY UPDATE;
  IF present.slot <> my_slot THEN
    RAISE 'group "%" is in slot %, not in %', id, present.slot, my_slot USING ERRCODE = 'SH008';
  END IF;
  RETURN present;
END $$;

-- As lock_group, and makes the group when there is none.
CREATE FUNCTION make_group(me bigint, my_slot integer, my_epoch bigint, id text) RETURNS groups
LANGUAGE plpgsql AS $$
DECLARE
  present groups;
BEGIN
  PERFORM check_coordinator(me, my_slot, my_epoch);
  -- Once, but for a group that is deleted before it can be locked.
  WHILE present.group_id IS NULL LOOP
    -- Waits for a transaction that makes the same group.
    INSERT INTO groups (group_id, slot) VALUES (id, my_slot) ON CONFLICT DO NOTHING;
    present := lock_group(me, my_slot, my_epoch, id);
  END LOOP;
  RETURN present;
END $$;

CREATE FUNCTION refuse_generation(id text, present bigint, wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE 'group "%" is in generation %: refused in generation %', id, coalesce(present, 0), wanted
  USING ERRCODE = 'SH009';
END $$;

-- Keeps these topics from being purged until the end. They may be hidden meanwhile: then nobody sees what is written.
CREATE FUNCTION share_topics(ids uuid[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
  PERFORM FROM topics t WHERE t.topic_id = ANY (ARRAY(SELECT DISTINCT unnest(ids)))
  ORDER BY t.topic_id FOR KEY SHARE;
END $$;

-- `members` and `topics` are as in the port's StoredGroup, the partitions of a member as in its column.
CREATE FUNCTION stored_group(id text) RETURNS TABLE (
  generation bigint, assignor text, leader_id text, is_assigned boolean, members jsonb, topics jsonb
) LANGUAGE sql STABLE SET enable_seqscan = off AS $$
  SELECT g.generation, g.assignor, g.leader_id, g.is_assigned,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
       'memberId', m.member_id, 'instanceId', m.instance_id, 'clientId', m.client_id, 'clientHost', m.client_host,
       'sessionTimeoutMs', m.session_timeout_ms, 'rebalanceTimeoutMs', m.rebalance_timeout_ms,
       'topics', m.topics, 'assignors', m.assignors, 'partitions', m.partitions) ORDER BY m.member_id), '[]')
     FROM group_members m WHERE m.group_id = g.group_id),
    (SELECT coalesce(jsonb_object_agg(k.topic_id, k.partitions), '{}')
     FROM group_topics k JOIN topics t ON t.topic_id = k.topic_id AND t.deleted_at IS NULL
     WHERE k.group_id = g.group_id)
  FROM groups g WHERE g.group_id = id
$$;

CREATE FUNCTION load_group(me bigint, my_slot integer, my_epoch bigint, id text) RETURNS TABLE (
  generation bigint, assignor text, leader_id text, is_assigned boolean, members jsonb, topics jsonb
) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_group(me, my_slot, my_epoch, id);
  RETURN QUERY SELECT * FROM stored_group(id);
END $$;

-- The members are objects with the fields of the port's GroupMember.
CREATE FUNCTION insert_members(id text, joined jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO group_members (group_id, member_id, instance_id, client_id, client_host,
                             session_timeout_ms, rebalance_timeout_ms, topics, assignors)
  SELECT id, j."memberId", j."instanceId", j."clientId", j."clientHost",
         j."sessionTimeoutMs", j."rebalanceTimeoutMs", j.topics, j.assignors
  FROM jsonb_to_recordset(joined) j (
    "memberId" text, "instanceId" text, "clientId" text, "clientHost" text,
    "sessionTimeoutMs" bigint, "rebalanceTimeoutMs" bigint, topics text[], assignors text[])
$$;

CREATE FUNCTION save_generation(
  me bigint, my_slot integer, my_epoch bigint,
  id text, wanted bigint, new_assignor text, new_leader text, joined jsonb
) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  present groups := make_group(me, my_slot, my_epoch, id);
BEGIN
  IF present.generation = wanted
     AND (present.assignor, present.leader_id) IS NOT DISTINCT FROM (new_assignor, new_leader)
     AND ARRAY(SELECT m.member_id FROM group_members m WHERE m.group_id = id ORDER BY m.member_id)
         = ARRAY(SELECT (j.member ->> 'memberId') COLLATE "C" AS member_id
                 FROM jsonb_array_elements(joined) j (member) ORDER BY member_id) THEN
    -- An earlier call did it. Since then its assignment may have come.
    RETURN;
  END IF;
  IF present.generation NOT IN (0, wanted - 1) THEN
    PERFORM refuse_generation(id, present.generation, wanted);
  END IF;
  UPDATE groups g
  SET generation = wanted, assignor = new_assignor, leader_id = new_leader, is_assigned = false
  WHERE g.group_id = id;
  DELETE FROM group_members m WHERE m.group_id = id;
  PERFORM insert_members(id, joined);
END $$;

-- `assigned` is {"member id": {"topic id": [partition, ...], ...}, ...}, `counts` is {"topic id": partitions, ...}.
CREATE FUNCTION save_assignment(
  me bigint, my_slot integer, my_epoch bigint, id text, wanted bigint, assigned jsonb, counts jsonb
) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  present groups := lock_group(me, my_slot, my_epoch, id);
BEGIN
  IF present.generation IS DISTINCT FROM wanted THEN
    PERFORM refuse_generation(id, present.generation, wanted);
  END IF;
  IF present.is_assigned THEN
    -- I-25: members may own what the first assignment says.
    PERFORM FROM group_members m
    WHERE m.group_id = id AND m.partitions <> coalesce(assigned -> m.member_id, '{}');
    IF FOUND THEN
      RAISE 'generation % of group "%" is assigned already', wanted, id USING ERRCODE = 'SH009';
    END IF;
    RETURN;
  END IF;
  PERFORM share_topics(ARRAY(SELECT jsonb_object_keys(counts)::uuid));
  UPDATE groups g SET is_assigned = true WHERE g.group_id = id;
  UPDATE group_members m SET partitions = coalesce(assigned -> m.member_id, '{}') WHERE m.group_id = id;
  INSERT INTO group_topics (group_id, topic_id, partitions)
  SELECT id, t.topic_id, (counts ->> t.topic_id::text)::integer
  FROM topics t
  WHERE t.topic_id = ANY (ARRAY(SELECT jsonb_object_keys(counts)::uuid)) AND t.deleted_at IS NULL
  ON CONFLICT DO NOTHING;
END $$;

CREATE FUNCTION replace_member(
  me bigint, my_slot integer, my_epoch bigint, id text, wanted bigint, old_id text, joined jsonb
) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  present groups := lock_group(me, my_slot, my_epoch, id);
  new_id text := joined ->> 'memberId';
  owned jsonb;
BEGIN
  IF present.generation IS DISTINCT FROM wanted THEN
    PERFORM refuse_generation(id, present.generation, wanted);
  END IF;
  DELETE FROM group_members m WHERE m.group_id = id AND m.member_id = old_id RETURNING m.partitions INTO owned;
  IF NOT FOUND THEN
    PERFORM FROM group_members m WHERE m.group_id = id AND m.member_id = new_id;
    -- An earlier call did it.
    IF FOUND THEN RETURN; END IF;
    RAISE 'group "%" has no member "%"', id, old_id USING ERRCODE = 'SH010';
  END IF;
  PERFORM insert_members(id, jsonb_build_array(joined));
  UPDATE group_members m SET partitions = owned WHERE m.group_id = id AND m.member_id = new_id;
  UPDATE groups g SET leader_id = new_id WHERE g.group_id = id AND g.leader_id = old_id;
END $$;

-- What becomes of commits, as kinds of the port's CommitOutcome. Locks their groups, and makes those that a consumer
-- without membership names first. `held` tells of each commit whether its coordinator holds the slot so.
CREATE FUNCTION judge_commits(held boolean[], slots integer[], ids text[], members text[], generations bigint[])
RETURNS text[] LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  INSERT INTO groups (group_id, slot)
  SELECT DISTINCT w.id COLLATE "C" AS group_id, w.slot
  FROM unnest(held, ids, slots, members) w (held, id, slot, member)
  WHERE w.held AND w.member IS NULL
  ORDER BY group_id ON CONFLICT DO NOTHING;
  PERFORM FROM groups g WHERE g.group_id = ANY (ids) ORDER BY g.group_id FOR NO KEY UPDATE;
  RETURN ARRAY(
    SELECT CASE
      WHEN NOT w.held OR g.slot <> w.slot THEN 'notCoordinator'
      WHEN w.member IS NULL THEN
        CASE WHEN EXISTS (SELECT FROM group_members m WHERE m.group_id = w.id) THEN 'hasMembers' ELSE 'committed' END
      WHEN NOT EXISTS (SELECT FROM group_members m WHERE m.group_id = w.id AND m.member_id = w.member)
        THEN 'unknownMember'
      WHEN g.generation <> w.generation THEN 'staleGeneration'
      ELSE 'committed'
    END
    FROM unnest(held, slots, ids, members, generations) WITH ORDINALITY
      w (held, slot, id, member, generation, place)
    LEFT JOIN groups g ON g.group_id = w.id
    ORDER BY w.place);
END $$;

-- Arrays hold one element per commit, those of offsets one per commit and partition, with `offset_commits` the commit's
-- index from 1. `missing` are the offsets, by index from 0, whose partitions are not there.
--
-- The settings keep the cached plans on the primary keys, however small or stale the statistics are.
CREATE FUNCTION commit_offsets(
  me bigint, slots integer[], epochs bigint[], ids text[], members text[], generations bigint[],
  offset_commits integer[], offset_topics uuid[], offset_parts integer[], offsets bigint[], texts text[],
  OUT outcomes text[], OUT missing integer[]
) LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  held boolean[];
BEGIN
  PERFORM check_session(me);
  PERFORM FROM group_slots s WHERE s.slot = ANY (slots) ORDER BY s.slot FOR SHARE;
  held := ARRAY(
    SELECT s.slot IS NOT NULL FROM unnest(slots, epochs) WITH ORDINALITY w (slot, epoch, place)
    LEFT JOIN group_slots s ON s.slot = w.slot AND s.epoch = w.epoch AND s.holder_incarnation = me
    ORDER BY w.place);
  outcomes := judge_commits(held, slots, ids, members, generations);
  PERFORM share_topics(offset_topics);

  -- By index and not by a join, which the planner would make a nested loop over two functions.
  WITH sent AS MATERIALIZED (
    SELECT o.place, ids[o.commit] AS group_id, generations[o.commit] AS generation,
           o.topic_id, o.part, o.next_offset, o.metadata, t.topic_id IS NOT NULL AS is_there
    FROM unnest(offset_commits, offset_topics, offset_parts, offsets, texts) WITH ORDINALITY
      o (commit, topic_id, part, next_offset, metadata, place)
    LEFT JOIN topics t ON t.topic_id = o.topic_id AND t.deleted_at IS NULL AND o.part >= 0 AND o.part < t.partitions
    WHERE outcomes[o.commit] = 'committed'
  ), written AS (
    INSERT INTO group_offsets AS g (group_id, topic_id, part, next_offset, metadata, generation)
    SELECT DISTINCT ON (s.group_id, s.topic_id, s.part)
           s.group_id, s.topic_id, s.part, s.next_offset, s.metadata, coalesce(s.generation, 0)
    FROM sent s
    -- A group that was deleted before it could be locked: the deletion comes after what was committed to it.
    WHERE s.is_there AND EXISTS (SELECT FROM groups g WHERE g.group_id = s.group_id)
    ORDER BY s.group_id, s.topic_id, s.part, s.place DESC
    ON CONFLICT (group_id, topic_id, part) DO UPDATE
    SET next_offset = excluded.next_offset, metadata = excluded.metadata,
        generation = excluded.generation, committed_at = excluded.committed_at
  )
  SELECT coalesce(array_agg(s.place - 1), '{}') INTO missing FROM sent s WHERE NOT s.is_there;
END $$;

-- Arrays hold one element per partition, with a null offset where the committed one is forgotten; `before` has -1 where
-- there was none.
CREATE FUNCTION reset_group(
  me bigint, my_slot integer, my_epoch bigint, id text, known bigint,
  reset_topics uuid[], reset_parts integer[], offsets bigint[], is_dry_run boolean,
  OUT before bigint[], OUT expelled integer, OUT generation bigint
) LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  present groups;
  absent text;
BEGIN
  present := CASE WHEN is_dry_run THEN lock_group(me, my_slot, my_epoch, id)
                  ELSE make_group(me, my_slot, my_epoch, id) END;
  generation := coalesce(present.generation, 0);
  SELECT count(*) INTO expelled FROM group_members m WHERE m.group_id = id;
  -- One generation later and without members: an earlier call did it, or nobody is left to be expelled.
  IF generation <> known AND (generation, expelled) <> (known + 1, 0) THEN
    PERFORM refuse_generation(id, generation, known);
  END IF;
  PERFORM share_topics(reset_topics);
  SELECT w.topic_id || '/' || w.part INTO absent
  FROM unnest(reset_topics, reset_parts) w (topic_id, part)
  LEFT JOIN topics t ON t.topic_id = w.topic_id AND t.deleted_at IS NULL
  WHERE (w.part >= 0 AND w.part < t.partitions) IS NOT TRUE LIMIT 1;
  IF FOUND THEN RAISE 'there is no partition %', absent USING ERRCODE = 'SH011'; END IF;
  before := ARRAY(
    SELECT coalesce(o.next_offset, -1) FROM unnest(reset_topics, reset_parts) WITH ORDINALITY w (topic_id, part, place)
    LEFT JOIN group_offsets o ON o.group_id = id AND o.topic_id = w.topic_id AND o.part = w.part
    ORDER BY w.place);
  IF is_dry_run THEN RETURN; END IF;

  generation := known + 1;
  UPDATE groups g SET generation = known + 1, assignor = NULL, leader_id = NULL, is_assigned = false
  WHERE g.group_id = id;
  DELETE FROM group_members m WHERE m.group_id = id;
  DELETE FROM group_offsets o USING unnest(reset_topics, reset_parts, offsets) w (topic_id, part, next_offset)
  WHERE o.group_id = id AND o.topic_id = w.topic_id AND o.part = w.part AND w.next_offset IS NULL;
  INSERT INTO group_offsets (group_id, topic_id, part, next_offset, generation)
  SELECT DISTINCT ON (w.topic_id, w.part) id, w.topic_id, w.part, w.next_offset, known + 1
  FROM unnest(reset_topics, reset_parts, offsets) WITH ORDINALITY w (topic_id, part, next_offset, place)
  WHERE w.next_offset IS NOT NULL
  ORDER BY w.topic_id, w.part, w.place DESC
  ON CONFLICT (group_id, topic_id, part) DO UPDATE
  SET next_offset = excluded.next_offset, metadata = excluded.metadata,
      generation = excluded.generation, committed_at = excluded.committed_at;
END $$;

-- Returns a value of the port's `delete`.
CREATE FUNCTION delete_group(me bigint, my_slot integer, my_epoch bigint, id text) RETURNS text
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  present groups := lock_group(me, my_slot, my_epoch, id);
BEGIN
  IF present.group_id IS NULL THEN RETURN 'absent'; END IF;
  PERFORM FROM group_members m WHERE m.group_id = id;
  IF FOUND THEN RETURN 'hasMembers'; END IF;
  PERFORM share_topics(ARRAY(
    SELECT o.topic_id FROM group_offsets o WHERE o.group_id = id
    UNION SELECT k.topic_id FROM group_topics k WHERE k.group_id = id));
  DELETE FROM group_offsets o WHERE o.group_id = id;
  DELETE FROM group_topics k WHERE k.group_id = id;
  DELETE FROM groups g WHERE g.group_id = id;
  RETURN 'deleted';
END $$;

-- As before, with what groups keep of the topic.
CREATE OR REPLACE FUNCTION purge_topic(term bigint, row_max integer)
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
    DELETE FROM group_offsets o WHERE o.ctid = ANY (ARRAY(
      SELECT o.ctid FROM group_offsets o WHERE o.topic_id = id LIMIT row_max - removed));
    GET DIAGNOSTICS removed_now = ROW_COUNT;
    removed := removed + removed_now;
    DELETE FROM group_topics k WHERE k.ctid = ANY (ARRAY(
      SELECT k.ctid FROM group_topics k WHERE k.topic_id = id LIMIT row_max - removed));
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
