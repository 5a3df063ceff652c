// Package sqlite keeps a wallet's memory in one SQLite database: the store that Parley uses unless it
// is told another. It holds SQL and sealing and nothing else; what the tables mean stands in package
// inbox.
//
// # Durability
//
// Every connection has journal_mode=WAL and synchronous=FULL (and fullfsync where that means
// something); they are read back, and the store does not open if one is wrong: the driver's own
// default loses acknowledged rows when the power fails. (Leases and wakes mean nothing to those who
// open the store anew. A transaction of nothing else is committed with synchronous=NORMAL; the next
// one that is not flushes its pages too.) SQLite before 3.51.3 is refused. One goroutine
// writes. Calls that wait at the same time share a transaction with one fsync, each within a
// savepoint, so that one that fails does so alone; no call waits for a timer. A call returns after the
// commit. When the disk is full the calls fail, and work again once there is room. When the disk fails
// otherwise the store accepts nothing more, since what the disk holds is no longer known. Readers have
// a pool of connections of their own that cannot write.
//
// # What is sealed, and to what it is bound
//
// Each row has one blob, XChaCha20-Poly1305 with a random nonce behind a format byte and a key-id
// byte. Everything that was said, by whom, when, and how people are called is in blobs alone; only when
// a stranger asked stands beside its blob. The associated data is the table, the row's number, and all
// other columns of the row, so that nothing can be swapped or edited without the row failing to open.
// Numbers are never used twice.
//
// Columns that change (revision, state, times of retrying) must be bound too, else a message could be
// made to look delivered or be sent again; but sealing a payload anew for each change would rewrite up
// to a megabyte. So what changes is apart from what does not:
//
//   - entries (seq, rev, hashes, disposition, acked, and a tiny blob: shown, and under which keys it is
//     withheld) changes often; bodies, one for each entry and bound by its seq, does only when a message
//     that was withheld comes again, proven by keys that are trusted.
//   - messages holds what was sent, once; it never changes. parcels, one for each recipient, is bound
//     to its message and destination and is sealed anew, some 100 bytes, at each change of state.
//   - destinations holds leases and failures, and is sealed anew when they change.
//   - arrivals holds the hash of every message that ever arrived. Only what is withheld of a contact that is
//     removed is deleted from it.
//   - requests holds what strangers asked, a row for each; when it came stands in a column, so that what
//     is old is forgotten without opening the others.
//   - counters holds the newest revision; checks proves the key at Open.
//
// A row is looked up by keyed hashes (HMAC-SHA256 cut to 16 bytes), with a key for each column, so
// hashes of different tables cannot be compared. No key of a hash is one of sealing. An arrival is known
// by two of them, one behind the other: that of the message id, and that of owner, sender and id.
//
// A damaged row fails alone: lists pass over it, log it once, and [Store.Check] names it. Claim puts
// damaged parcels aside; a damaged destination is made anew from its parcels.
//
// # What it costs when there is much
//
// A page of entries or parcels is read in the order of an index, and what is asked often has one that
// holds nothing else: pending and unread entries, waiting parcels. A query with Match reads all that it
// selects: one goroutine reads rows, others open them and look at the payload before anything else is
// decoded, and only a few hundred rows are held at a time. Sorting by revision what belongs to one
// contact or thread is the slowest order: ask by Seq for history.
//
// Each row that is added writes a page of its own to every index of hashes, once those have many pages.
// So there is one of them for what arrives and one for what is sent; what is bound to few values
// (contacts, destinations, threads with several messages) is close together and costs less.
//
// # What a thief of the disk still sees
//
// How many messages, contacts and destinations there are, how large they are to the byte, in which
// order they came and changed, which entries share an owner, sender or thread and which begin one, which
// are withheld, which parcels share a message or recipient, their states, when retries are due, how many strangers wait, how
// much each of them said, and when. A file that [Store.Backup] wrote shows the same. Who can write to
// the disk can delete rows, or put back an older copy of a row or of the whole file: sealing cannot tell
// old from new.
//
// The package must never give a key, a hash or a plaintext to the log, and must never say that
// something is kept before it is.
package sqlite
