-- Requests of the REST API that their clients have named, so that one that comes again is not done again, whichever
-- operator it comes to. `answer` is null while it runs, and for ever when it is not known whether it was done.
CREATE TABLE api_requests (
  name text COLLATE "C" PRIMARY KEY,
  fingerprint text NOT NULL,
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  answer text
);
CREATE INDEX api_requests_begun_at ON api_requests (begun_at);

-- Says what became of a request, and makes it the caller's when it is new. Each call forgets a few that are older than a day.
CREATE FUNCTION begin_request(request_name text, request_fingerprint text)
RETURNS TABLE (kind text, answer text) LANGUAGE plpgsql AS $$
DECLARE
  present api_requests;
BEGIN
  DELETE FROM api_requests r WHERE r.name IN (
    SELECT old.name FROM api_requests old WHERE old.begun_at < clock_timestamp() - interval '1 day'
    ORDER BY old.begun_at LIMIT 100 FOR UPDATE SKIP LOCKED);
  INSERT INTO api_requests (name, fingerprint) VALUES (request_name, request_fingerprint) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN QUERY SELECT 'begun', NULL::text;
    RETURN;
  END IF;
  SELECT * INTO present FROM api_requests r WHERE r.name = request_name;
  RETURN QUERY SELECT
    CASE
      WHEN present.fingerprint <> request_fingerprint THEN 'other'
      WHEN present.answer IS NOT NULL THEN 'done'
      -- Longer than any request may take. One that was forgotten just now counts as running: the caller asks again.
      WHEN present.begun_at < clock_timestamp() - interval '1 minute' THEN 'unknown'
      ELSE 'running'
    END,
    present.answer;
END $$;
