package p2p

import (
	"context"
	"errors"

	"github.com/libp2p/go-libp2p/core/network"
	multistream "github.com/multiformats/go-multistream"
)

// doubtOthers checks, without waiting, the connections with the peer that are older than the one on which
// it has just proved itself. A wallet that comes back from elsewhere, after a crash or with another
// network, does not end its old connections, and what is sent on them is lost until they time out; libp2p
// might even prefer them. One that does not answer is closed, which has its streams fail, so that what was
// sent on them is sent again. Those that answer stay.
func (t *Transport) doubtOthers(current network.Conn) {
	opened := current.Stat().Opened
	for _, c := range t.opened().Network().ConnsToPeer(current.RemotePeer()) {
		if c == current || c.Stat().Opened.After(opened) {
			continue
		}
		ctx, leave, err := t.serving().enter(context.Background())
		if err != nil {
			return
		}
		go func() {
			defer leave()
			if !t.answers(ctx, c) && ctx.Err() == nil {
				t.log().Debug("closing a connection that does not answer", "peer", c.RemotePeer())
				_ = c.Close()
			}
		}()
	}
}

// answers reports whether the other end of a connection says within a third of a hello's time whether it
// speaks our protocol. Nothing more is said on the stream.
func (t *Transport) answers(ctx context.Context, c network.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, t.opened().limits.Hello/3)
	defer cancel()
	s, err := c.NewStream(network.WithNoDial(ctx, "a check"))
	if err != nil {
		return errors.Is(err, network.ErrResourceLimitExceeded) // that says nothing about the other end
	}
	defer func() { _ = s.Reset() }()
	defer context.AfterFunc(ctx, func() { _ = s.Reset() })()
	err = multistream.SelectProtoOrFail(ProtocolID, s)
	return err == nil || unsupported(err)
}
