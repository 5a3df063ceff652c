package wallet

import (
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/empty"
	"github.com/parley-im/parley/messaging/trustping"
	"github.com/parley-im/parley/messaging/userprofile"
)

// mux is what the wallet understands by itself; every other message is kept for the user.
func (w *Wallet) mux() *messaging.Mux {
	var mux messaging.Mux
	mux.Handle(trustping.Protocol, trustping.Handler{OnResponse: w.pongs.came})
	mux.Handle(basicmessage.Protocol, basicmessage.Handler)
	mux.Handle(empty.Protocol, empty.Handler)
	mux.Handle(userprofile.Protocol, userprofile.Handler)
	return &mux
}
