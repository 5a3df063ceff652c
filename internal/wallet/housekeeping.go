package wallet

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging"
	"github.com/parley-im/parley/messaging/basicmessage"
	"github.com/parley-im/parley/messaging/discoverfeatures"
	"github.com/parley-im/parley/messaging/empty"
	"github.com/parley-im/parley/messaging/receipts"
	"github.com/parley-im/parley/messaging/reportproblem"
	"github.com/parley-im/parley/messaging/trustping"
	"github.com/parley-im/parley/messaging/userprofile"
)

// housekeeping are the protocols that wallets speak among themselves. What is sent in them is no message of the
// user: no list shows it and no count counts it, and what is received in them is never receipted. A message that
// the user writes in one of them is sent like any other, but found again by its id alone.
var housekeeping = []string{
	receipts.Protocol, empty.Protocol, trustping.Protocol, userprofile.Protocol, discoverfeatures.Protocol,
	reportproblem.Protocol,
}

// isHousekeeping reports whether a message of this type is the wallet's own business.
func isHousekeeping(typ string) bool {
	if strings.HasPrefix(typ, basicmessage.Protocol) {
		return false // nearly all are, and comparing takes time
	}
	i := strings.LastIndexByte(typ, '/')
	return i >= 0 && slices.ContainsFunc(housekeeping, func(protocol string) bool {
		return messaging.SameType(typ[:i]+"/x", protocol+"x")
	})
}

// housekeepingPayload and usersPayload tell plaintexts of ours apart; they fit inbox.SentQuery.Match.
func housekeepingPayload(payload []byte) bool { return isHousekeeping(payloadType(payload)) }
func usersPayload(payload []byte) bool        { return !housekeepingPayload(payload) }

// payloadType returns the type of a plaintext and reads no further; empty if there is none.
func payloadType(payload []byte) string {
	d := jsontext.NewDecoder(bytes.NewBuffer(payload))
	if tok, err := d.ReadToken(); err != nil || tok.Kind() != '{' {
		return ""
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return ""
		}
		if name.String() == "type" {
			if value, err := d.ReadToken(); err == nil && value.Kind() == '"' {
				return value.String()
			}
			return ""
		}
		if d.SkipValue() != nil {
			return ""
		}
	}
	return ""
}

// Where messages still may go, and where those ended that did not arrive.
var (
	waitingStates = []inbox.State{inbox.Queued, inbox.Sent, inbox.Relayed}
	failedStates  = []inbox.State{inbox.Failed, inbox.Expired}
)

// stats counts what the store holds for the user: of what is sent, housekeeping does not count.
func (w *Wallet) stats(ctx context.Context) (inbox.Stats, error) {
	s, err := w.store.Stats(ctx)
	if err == nil && s.Waiting > 0 {
		var n int
		n, err = w.countHousekeeping(ctx, waitingStates)
		s.Waiting = max(0, s.Waiting-n)
	}
	if err == nil && s.Failed > 0 {
		var n int
		n, err = w.countHousekeeping(ctx, failedStates)
		s.Failed = max(0, s.Failed-n)
	}
	return s, err
}

func (w *Wallet) countHousekeeping(ctx context.Context, states []inbox.State) (n int, err error) {
	q := inbox.SentQuery{States: states, Match: housekeepingPayload, BySeq: true, Limit: 1000}
	for {
		page, err := w.store.Sent(ctx, q)
		if err != nil || len(page) == 0 {
			return n, err
		}
		n += len(page)
		q.AfterSeq = page[len(page)-1].Seq
	}
}
