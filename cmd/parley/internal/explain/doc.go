// Package explain says in words what a DID is: what each part of its text means, how its document is found and how
// far that can be trusted, which of its keys DIDComm uses for what, and what is wrong with it.
//
// It must never resolve anything by itself: the resolver that it is given decides what is asked, and whom. It never
// fails: what cannot be read is a [Problem] of the [Report].
package explain
