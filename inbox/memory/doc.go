// Package memory is a store that lives in memory: the model that the conformance suite compares
// other drivers with, and the store of simulations and examples.
//
// It is written to be obviously right, not to be fast: records in slices, one mutex, and a plain
// search for each question. It starts no goroutine and holds its mutex only while it computes, so
// it works within a bubble of testing/synctest. Nothing that goes in or comes out is shared with
// the caller.
//
// It must never be given to somebody who wants to keep something: what it holds ends with the process.
package memory
