// Package strictjson reads JSON that strangers have made, in one pass and without a copy. Keys and envelopes are
// read with it alone, so that two readers never understand the same bytes differently.
//
// It refuses what RFC 8259 leaves open or allows and what has been used to deceive: a member twice in one object, at
// any level, also where one of them is escaped; bytes that are not UTF-8 and surrogates that stand alone; more than
// MaxDepth levels; anything behind the value. Names are compared as they are, upper and lower case being different.
//
// It must never grow into a decoder of Go types, and never repair: whoever calls it names each member that it wants,
// and gets the bytes that were sent. Memory is 8 bytes for each name of the objects that are open, and what an
// escaped string needs to be written without escapes. That the same is accepted as by
// github.com/go-json-experiment/json is tested by fuzzing; this one takes a fifth of the time for a small envelope.
package strictjson
