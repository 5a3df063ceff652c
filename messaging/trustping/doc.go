// Package trustping is the trust-ping 2.0 protocol (https://didcomm.org/trust-ping/2.0): it finds out
// whether the other side is there, can read us and answers.
//
// The handler answers by itself. It must never tell anything but that: no address, no time, no version.
package trustping
