// Package inbox says what a wallet remembers: what has arrived, what is still to be delivered,
// who is known, which strangers ask to be, and a few facts about the wallet itself. It holds record
// types and interfaces and no SQL; the drivers are below it, and package inboxtest is the conformance
// suite for all of them.
// What every driver has to do alike stands here as well: the Clean methods, FreeName, Watchers.
//
// Rules that every driver obeys:
//
//   - Every method is one atomic, durable step: when it returns nil, the change has been committed
//     and has reached the disk. No transaction type crosses the interface.
//   - Time is an argument. A driver never reads the clock, so simulated time works and a wrong clock
//     can be corrected by the caller.
//   - Every change of an entry or a parcel gets the next revision ([Entry].Rev, [Parcel].Rev), one
//     sequence for both, so that whoever follows them resumes without a gap.
//   - DIDs that identify (owner, sender, recipient) are stored in canonical form; drivers
//     canonicalise what they are given. The long form of a did:peer:4 is kept apart, see
//     [Contacts].
//   - What the changed keys of a contact prove is withheld: no query shows it unless it is asked for by
//     its disposition, nothing settles or marks it, and nothing that it says is done. It leaves that
//     state by [Contacts].ReleaseContact, by coming again with trusted keys, or with its contact. How
//     much there may be of it is bounded for each sender.
//   - States only advance; a late or doubled step changes nothing.
//   - All methods may be called by many goroutines at once. A call whose context ends may still
//     commit.
//
// The package must never open an envelope, resolve a DID or decide whether somebody is trusted:
// that is package messaging's work.
package inbox
