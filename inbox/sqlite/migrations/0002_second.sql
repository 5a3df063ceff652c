-- The first messages of strangers, one of each sender, who is the name.
CREATE TABLE requests (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	name     BLOB NOT NULL UNIQUE,
	received INTEGER NOT NULL,
	sealed   BLOB NOT NULL
) STRICT;

-- What is asked for in the order of seq should not be sorted, nor searched for among what is long done.
DROP INDEX entries_pending;
DROP INDEX entries_unread;
DROP INDEX entries_sender;
CREATE INDEX entries_pending ON entries (seq) WHERE disposition = 1;
CREATE INDEX entries_pending_sender ON entries (sender, disposition, seq) WHERE disposition = 1;
CREATE INDEX entries_unread ON entries (seq) WHERE disposition = 2 AND acked = 0;
CREATE INDEX entries_sender ON entries (sender, seq);
CREATE INDEX parcels_destination ON parcels (destination, seq);
CREATE INDEX parcels_waiting ON parcels (seq) WHERE state < 4;

-- Each index of hashes costs a page of its own for each row that is added, once there are many rows. So
-- there is one such index for what arrives (arrivals.name begins with the hash of the message id) and one
-- for what is sent (messages.name); and a message that begins its thread has no hash of that.
DROP INDEX entries_message;
DROP INDEX entries_thread;
DROP INDEX messages_message;
DROP INDEX messages_thread;
CREATE INDEX entries_thread ON entries (thread) WHERE thread <> x'';
CREATE INDEX messages_thread ON messages (thread) WHERE thread <> x'';
