// Package basicmessage is the basicmessage 2.0 protocol (https://didcomm.org/basicmessage/2.0): lines of
// text between people.
//
// The text is somebody else's: what shows it on a terminal has to escape control characters. The package
// must never change or judge it.
package basicmessage
