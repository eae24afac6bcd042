-- Fences those of `targets` that are live and, unless `observed_beat` is null, whose beat is still that one. The update
-- waits for the share lock of a publish that has seen the session as live (I-04). Returns how many were fenced.
CREATE FUNCTION fence_agents(targets bigint[], observed_beat bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  fenced_count integer;
BEGIN
  WITH gone AS (
    DELETE FROM agent_heartbeats h
    WHERE h.incarnation = ANY (targets) AND (observed_beat IS NULL OR h.beat = observed_beat)
    RETURNING h.incarnation
  )
  UPDATE agent_sessions s SET fenced_at = clock_timestamp()
  FROM gone WHERE s.incarnation = gone.incarnation;
  GET DIAGNOSTICS fenced_count = ROW_COUNT;
  IF fenced_count > 0 THEN
    PERFORM pg_notify('streamhouse', 'agents'), pg_notify('streamhouse', 'leases');
  END IF;
  RETURN fenced_count;
END $$;

-- Opens a session and fences the one that its agent had: an agent has one live session at most (I-06).
CREATE FUNCTION register_agent(agent text, agent_pool text, agent_zone text, agent_address text, managed text[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  opened bigint;
BEGIN
  -- Two that start at once with the same id take turns: the later one fences the earlier one.
  PERFORM pg_advisory_xact_lock(hashtextextended('streamhouse/agent/' || agent, 0));
  PERFORM fence_agents(
    ARRAY(SELECT s.incarnation FROM agent_sessions s WHERE s.agent_id = agent AND s.fenced_at IS NULL), NULL);
  INSERT INTO agent_sessions (agent_id, pool, zone, address, managed_topics)
  VALUES (agent, agent_pool, agent_zone, agent_address, managed)
  RETURNING incarnation INTO opened;
  INSERT INTO agent_heartbeats (incarnation) VALUES (opened);
  PERFORM pg_notify('streamhouse', 'agents');
  RETURN opened;
END $$;
