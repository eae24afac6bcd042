-- As before, and what a call has deleted is purged as well: after a day, the default of those that resources own.
CREATE OR REPLACE FUNCTION delete_topic(id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  present topics;
BEGIN
  PERFORM FROM cluster FOR UPDATE;
  SELECT * INTO present FROM topics t WHERE t.topic_id = id AND t.deleted_at IS NULL FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM refuse_managed(present);
  PERFORM hide_topic(id, clock_timestamp() + interval '24 hours');
  RETURN true;
END $$;

UPDATE topics SET purge_after = clock_timestamp() + interval '24 hours'
WHERE deleted_at IS NOT NULL AND purge_after IS NULL AND owner_uid IS NULL;
