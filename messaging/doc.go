// Package messaging acts: it queues, seals and delivers messages, takes in what arrives, and hands it
// to protocol handlers.
//
// A [Node] owns every goroutine of a wallet. Its rules:
//
//   - Nothing is acknowledged before it has been committed durably, and nothing is forgotten before its
//     delivery is settled. Delivery is at least once; the inbox's unique key makes it exactly once.
//   - What is queued is the plaintext. Each attempt resolves the recipient anew, checks its pinned keys
//     and seals to the keys it has now, so a rotation of keys strands nothing, and one can write to
//     somebody who cannot be resolved at the moment.
//   - A path may prove a DID (the greeting of package p2p does), but every message is judged by its own
//     envelope: who sealed and signed it, whom it names, and whether the two agree.
//   - States tell the truth. Delivered is said only upon an answer of the recipient itself; a path that
//     cannot answer gets as far as Sent, and so does a message that waits for a decision.
//   - A stranger may leave one message, if [Node.HoldRequests] says so. Everything about strangers is
//     bounded, and what they are told does not depend on what the user decides, until that is to let
//     them in.
//   - A node speaks unasked of a message only to contacts, and never of what speaks of a message in turn:
//     receipts, acknowledgements and reports of problems are not answered, so they cannot go back and forth.
//   - Nothing is sealed to keys that are not trusted, nothing that others prove is shown or acknowledged, and a greeting
//     by them tells and changes nothing. [Node] judges in one place, by the very document that opened a message: where
//     it has other keys than the contact's pinned ones, that has to follow from the log of its method or from the word
//     of a pinned key, in a from_prior of the message; else what is to be sent waits and what comes is withheld, until
//     the user has decided. No network's answer, however late, old or broken, makes it refuse what a contact sends.
//   - What one greeting tells of lives is a hint from one contact; the wallet judges it.
//
// Transports are in packages of their own, and so is each protocol: its type constants, a handler, and
// functions that make its messages. The package must never import a driver, libp2p or SQL, and must
// never log bodies, keys or whole DIDs.
package messaging
