// Package peers runs other DIDComm v2 libraries beside Parley: internal/interop exchanges envelopes with them,
// and "parley-bench envelope --peers" measures them on the messages that it measures Parley on.
//
// Each library is a peer: a small program in a folder here, in the library's own language, that is given keys and
// documents (a World) and packs and unpacks what it is asked to (a Form): a JSON object per line on its stdin and
// one back per line on its stdout. Install fetches the libraries from their registries, in the versions of All,
// into a folder of the user's cache; nothing of them is in this tree. Whoever changes a program here changes what
// is installed the next time.
//
// The package is for development and must never be imported by what users run, and no test of it needs the network.
package peers
