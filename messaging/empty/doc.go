// Package empty is the empty 1.0 protocol (https://didcomm.org/empty/1.0): a message that carries headers
// only, such as acknowledgements.
//
// What the headers please_ack and ack do is the Node's work, whatever message they come with. The package
// must never answer: an acknowledgement of acknowledgements would never end.
package empty
