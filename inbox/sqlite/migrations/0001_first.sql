-- BLOB columns other than sealed are keyed hashes; times are microseconds since 1970, 0 for "at
-- once", 9223372036854775807 for "never". What is sealed, and bound to what, stands in seal.go.

CREATE TABLE checks (
	id     INTEGER PRIMARY KEY,
	sealed BLOB NOT NULL
) STRICT;

CREATE TABLE counters (
	id     INTEGER PRIMARY KEY,
	rev    INTEGER NOT NULL,
	lease  INTEGER NOT NULL,
	sealed BLOB NOT NULL
) STRICT;

-- What has arrived, for ever.
CREATE TABLE arrivals (
	seq    INTEGER PRIMARY KEY AUTOINCREMENT,
	name   BLOB NOT NULL UNIQUE,
	sealed BLOB NOT NULL
) STRICT;

CREATE TABLE entries (
	seq         INTEGER PRIMARY KEY REFERENCES arrivals,
	rev         INTEGER NOT NULL,
	owner       BLOB NOT NULL,
	sender      BLOB NOT NULL,
	message     BLOB NOT NULL,
	thread      BLOB NOT NULL,
	disposition INTEGER NOT NULL,
	acked       INTEGER NOT NULL,
	sealed      BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entries_rev ON entries (rev);
CREATE INDEX entries_pending ON entries (rev) WHERE disposition = 1;
CREATE INDEX entries_unread ON entries (rev) WHERE disposition = 2 AND acked = 0;
CREATE INDEX entries_sender ON entries (sender, rev);
CREATE INDEX entries_message ON entries (message);
CREATE INDEX entries_thread ON entries (thread);

-- Apart from entries, so that marking an entry does not rewrite its payload.
CREATE TABLE bodies (
	seq    INTEGER PRIMARY KEY REFERENCES entries ON DELETE CASCADE,
	sealed BLOB NOT NULL
) STRICT;

CREATE TABLE messages (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	name    BLOB NOT NULL UNIQUE,
	owner   BLOB NOT NULL,
	message BLOB NOT NULL,
	thread  BLOB NOT NULL,
	sealed  BLOB NOT NULL
) STRICT;
CREATE INDEX messages_message ON messages (message);
CREATE INDEX messages_thread ON messages (thread);

CREATE TABLE destinations (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	name      BLOB NOT NULL UNIQUE,
	recipient BLOB NOT NULL,
	due       INTEGER NOT NULL,
	next      INTEGER NOT NULL,
	lease     INTEGER NOT NULL,
	until     INTEGER NOT NULL,
	handed    INTEGER NOT NULL,
	failures  INTEGER NOT NULL,
	unsettled INTEGER NOT NULL,
	sealed    BLOB NOT NULL
) STRICT;
CREATE INDEX destinations_due ON destinations (due);
CREATE INDEX destinations_recipient ON destinations (recipient);

CREATE TABLE parcels (
	seq         INTEGER PRIMARY KEY AUTOINCREMENT,
	message     INTEGER NOT NULL REFERENCES messages,
	destination INTEGER NOT NULL REFERENCES destinations,
	rev         INTEGER NOT NULL,
	state       INTEGER NOT NULL,
	retry       INTEGER NOT NULL,
	sealed      BLOB NOT NULL,
	UNIQUE (message, destination)
) STRICT;
CREATE UNIQUE INDEX parcels_rev ON parcels (rev);
CREATE INDEX parcels_queue ON parcels (destination, seq) WHERE retry < 9223372036854775807;
CREATE INDEX parcels_retry ON parcels (destination, retry) WHERE retry < 9223372036854775807;
CREATE INDEX parcels_failed ON parcels (state) WHERE state IN (4, 5);

CREATE TABLE contacts (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	did    BLOB NOT NULL UNIQUE,
	name   BLOB NOT NULL UNIQUE,
	sealed BLOB NOT NULL
) STRICT;

CREATE TABLE claims (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	name   BLOB NOT NULL UNIQUE,
	sealed BLOB NOT NULL
) STRICT;

CREATE TABLE longs (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	name   BLOB NOT NULL UNIQUE,
	sealed BLOB NOT NULL
) STRICT;

CREATE TABLE settings (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	name   BLOB NOT NULL UNIQUE,
	sealed BLOB NOT NULL
) STRICT;
