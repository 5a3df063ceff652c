// Interop lets Parley's envelopes and those of other DIDComm v2 libraries meet, in both directions, and writes
// what came of it into crypto/envelope/INTEROP.md:
//
//	go run ./internal/interop
//
// Package peers, below, has the libraries, and installs and runs them. A library that is not there, or cannot be
// installed, is shown as such. The keys of both parties are made anew each time, and each form is exchanged several
// times. A form that a library does not have, and a failure that is known, stand in package peers with their
// reasons; everything else that fails is a failure, ours or theirs, and the command's exit code tells.
package main
