// Package capped reads JSON arrays of others without keeping more of them than a limit.
//
// It must never read on behind the limit: an array of sixty thousand empty elements costs no more than its text.
package capped
