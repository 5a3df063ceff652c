// Package questionanswer is the questionanswer 1.0 protocol (https://didcomm.org/questionanswer/1.0): somebody
// asks a question with the answers to choose from, and the other side chooses one.
//
// Questions and answers are for people and programs, not for the wallet: the handler keeps both, and Check says
// whether an answer counts. An answer that does not is still something that somebody said.
//
// A question may demand a signed answer. That has to come in a signed envelope (messaging.Received.Signed): the
// Aries decorators for signatures and timing of the protocol's first text have their place in the envelope and in
// expires_time in DIDComm v2.
package questionanswer
