// Package inboxtest is the conformance suite for drivers of package inbox: one scenario for each promise
// that the interfaces make, and property tests that compare a driver with the model in
// inbox/memory. A driver's tests call [Run], and [RunDurable] if it keeps what it holds.
//
// It must never test what only one driver promises; that belongs beside the driver.
package inboxtest
