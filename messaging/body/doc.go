// Package body reads the bodies of messages that others wrote, for the protocols: lists with a bound, and one
// problem for whatever does not have the form that a protocol demands.
//
// It must never know a protocol.
package body
