-- Tickets that let one socket of the API in, once, whichever operator it comes to. `name` is a hash of the ticket and `sealed` is
-- encrypted with a key that follows from it: whoever can read this table can use none. Not logged: none lives for long, and a
-- client whose ticket is gone asks for another.
CREATE UNLOGGED TABLE live_tickets (
  name text COLLATE "C" PRIMARY KEY,
  sealed text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX live_tickets_expires_at ON live_tickets (expires_at);

-- Keeps a ticket and says until when. Each call forgets those that have expired, and the oldest ones beyond the bound.
CREATE FUNCTION give_ticket(ticket_name text, ticket_sealed text, live_ms bigint, tickets_max bigint)
RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
  until_at timestamptz := clock_timestamp() + live_ms * interval '1 millisecond';
BEGIN
  DELETE FROM live_tickets t WHERE t.name IN (
    SELECT old.name FROM live_tickets old WHERE old.expires_at <= clock_timestamp() FOR UPDATE SKIP LOCKED);
  DELETE FROM live_tickets t WHERE t.name IN (
    SELECT old.name FROM live_tickets old ORDER BY old.expires_at DESC OFFSET tickets_max - 1 FOR UPDATE SKIP LOCKED);
  INSERT INTO live_tickets (name, sealed, expires_at) VALUES (ticket_name, ticket_sealed, until_at);
  RETURN until_at;
END $$;
