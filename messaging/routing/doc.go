// Package routing is the forward message of routing 2.0 (https://didcomm.org/routing/2.0, DIDComm v2.1,
// "Routing"): how an envelope is wrapped for the mediators on its way, and how each of them takes its layer off.
//
// Wrap seals from the inside out: the layer for the last routing key says that the envelope goes to the
// recipient, the one around it that this goes to the last routing key, and so on. Each layer is anoncrypt: a
// mediator learns what comes next, not who sends. Next is passed on as it was given, whether a DID or a key,
// since a mediator looks it up as it was registered.
//
// The package must never open what is forwarded, never decide whether something may be forwarded, and never
// forward by itself.
package routing
