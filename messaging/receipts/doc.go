// Package receipts is the receipts 1.0 protocol (https://didcomm.org/receipts/1.0): the recipient of messages
// tells their sender what became of them.
//
// A receipt says something about the messages that we sent to the very one who sent it, so what takes it must
// look for them among those alone: one of anybody else, or about anything else, changes nothing. Receipts are
// never answered, acknowledged or receipted themselves, so they cannot go round in circles.
//
// request-receipts is taken and has no effect: which receipts a wallet sends is for its user to say, not for
// those who would like to have them, and asking is not needed to get them.
package receipts
