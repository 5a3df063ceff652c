// Package beside is for benchmarks of resolving: it measures what something costs beside an X25519 agreement in the
// same run, so that figures of different machines, and of busy ones, can be compared.
//
// It must never be imported by code that is no test.
package beside
