package wallet

import (
	"context"
	"errors"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/discoverfeatures"
	"github.com/parley-im/parley/messaging/empty"
	"github.com/parley-im/parley/messaging/questionanswer"
	"github.com/parley-im/parley/messaging/receipts"
	"github.com/parley-im/parley/messaging/reportproblem"
	"github.com/parley-im/parley/messaging/trustping"
	"github.com/parley-im/parley/messaging/userprofile"
)

// mux is what the wallet understands by itself; every other message is kept for the user.
func (w *Wallet) mux() *messaging.Mux {
	var mux messaging.Mux
	mux.Handle(trustping.Protocol, trustping.Handler{OnResponse: w.ponged})
	mux.Handle(basicmessage.Protocol, basicmessage.Handler)
	mux.Handle(empty.Protocol, empty.Handler)
	mux.Handle(receipts.Protocol, receipts.Handler{Advance: w.advance})
	mux.Handle(reportproblem.Protocol, reportproblem.Handler)
	mux.Handle(userprofile.Protocol, userprofile.Handler{Mine: w.ownProfile, Theirs: w.learnProfile})
	mux.Handle(questionanswer.Protocol, questionanswer.Handler)
	mux.Handle(discoverfeatures.Protocol, discoverfeatures.Handler{Features: w.features, OnDisclose: w.disclosures.came})
	return &mux
}

// advance has receipts count for what was sent to the one who sends them, and for nothing else.
func (w *Wallet) advance(ctx context.Context, m *messaging.Received, ids []string, s inbox.State) error {
	_, err := w.store.Advance(ctx, m.Owner, m.Sender, ids, s, now())
	if errors.Is(err, inbox.ErrDamaged) {
		w.log.Error("a receipt does not count: what it is for is damaged", "seq", m.Seq, "err", err)
		return nil
	}
	if err == nil && s == inbox.Delivered {
		return w.wake(ctx, m.Sender) // somebody who has just let us in takes more
	}
	return err
}
