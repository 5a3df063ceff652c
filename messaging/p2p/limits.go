package p2p

import (
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"

	"github.com/parley-im/parley/crypto/envelope"
	"github.com/parley-im/parley/did"
)

// Limits of the fields of frames, in bytes. PROTOCOL.md lists them.
const (
	nonceSize   = 32
	maxDID      = did.MaxLength
	maxKID      = did.MaxLength + 1024
	maxProof    = 256
	maxRecord   = 4 << 10
	maxClaim    = 8 << 10
	maxCode     = 64
	maxEnvelope = envelope.MaxSize
)

// Limits of delivery.
const (
	maxBatch     = 64       // envelopes handed on at once, and waiting behind them
	streamMemory = 4 << 20  // bytes of envelopes of one stream that wait to be committed
	peerMemory   = 16 << 20 // the same of one peer
	chunk        = 64 << 10 // within the idle deadline so much must move
	slowest      = 8 << 10  // bytes per second that an initiator reckons with
	maxWait      = 24 * time.Hour
)

// Limits of hosts.
const (
	peerConnections = 8
	peerStreams     = 16
	simplexStreams  = 64 // of didcomm/v2 in all; who sends there is not known
	simplexOfPeer   = 4
	strangerStreams = 32 // of those who may only leave a request, in all
	strangerOfPeer  = 2
	strangerLetters = 2           // envelopes of one stream of a stranger that are opened
	strangerMemory  = maxEnvelope // of one stream of a stranger
	strangerWait    = time.Minute // that is asked of those who are too many
	maxAddresses    = 16          // of one peer record
	maxDialled      = 32          // of one delivery
	maxReused       = 64          // outbound streams kept for reuse
	welcomeWeight   = 100
)

// Limits bound what peers can make a Transport hold, and for how long. Zero fields mean the
// defaults.
type Limits struct {
	// Hello is the time for a connection's handshake, and again for a hello. Default 10 s.
	Hello time.Duration
	// Idle is how long a stream may stand still. Default 30 s.
	Idle time.Duration
	// Reuse is how long an outbound stream is kept for the next Send. It must be clearly shorter
	// than the Idle of others. Default 15 s.
	Reuse time.Duration
	// Connections bounds the connections in all; streams are bounded by eight times as many.
	// Default 256.
	Connections int
	// Memory bounds the bytes of envelopes that have arrived, or are arriving, and are not yet
	// committed. At least 1 MiB; default 128 MiB.
	Memory int64
}

func (l Limits) withDefaults() Limits {
	l.Hello = orElse(l.Hello, 10*time.Second)
	l.Idle = orElse(l.Idle, 30*time.Second)
	l.Reuse = orElse(l.Reuse, 15*time.Second)
	l.Connections = orElse(l.Connections, 256)
	l.Memory = max(orElse(l.Memory, 128<<20), maxEnvelope)
	return l
}

func orElse[T int | int64 | time.Duration](v, fallback T) T {
	if v <= 0 {
		return fallback
	}
	return v
}

// resources returns a resource manager that knows no "unlimited" and does not depend on the size
// of the machine.
func (l Limits) resources() (network.ResourceManager, error) {
	base := rcmgr.DefaultLimits
	libp2p.SetDefaultServiceLimits(&base)
	n := rcmgr.LimitVal(l.Connections)
	limits := rcmgr.PartialLimitConfig{
		System: rcmgr.ResourceLimits{
			Conns: n, ConnsInbound: n - n/4, ConnsOutbound: n - n/4, FD: n,
			Streams: 8 * n, StreamsInbound: 7 * n, StreamsOutbound: 7 * n,
			Memory: 256 << 20,
		},
		Transient: rcmgr.ResourceLimits{
			Conns: n / 2, ConnsInbound: n / 4, ConnsOutbound: n / 4, FD: n / 2,
			Streams: 2 * n, StreamsInbound: n, StreamsOutbound: n,
			Memory: 32 << 20,
		},
		PeerDefault: rcmgr.ResourceLimits{
			Conns: peerConnections, ConnsInbound: peerConnections, ConnsOutbound: peerConnections,
			Streams: peerStreams, StreamsInbound: peerStreams, StreamsOutbound: peerStreams,
			FD: peerConnections, Memory: 64 << 20,
		},
		Protocol: map[protocol.ID]rcmgr.ResourceLimits{
			ProtocolID: {Streams: 8 * n, StreamsInbound: 7 * n, StreamsOutbound: 7 * n},
			DIDCommID: {
				Streams: 2 * simplexStreams, StreamsInbound: simplexStreams, StreamsOutbound: simplexStreams,
			},
		},
		ProtocolPeer: map[protocol.ID]rcmgr.ResourceLimits{
			ProtocolID: {Streams: peerStreams, StreamsInbound: peerStreams, StreamsOutbound: peerStreams},
			DIDCommID: {
				Streams: 2 * simplexOfPeer, StreamsInbound: simplexOfPeer, StreamsOutbound: simplexOfPeer,
			},
		},
	}
	fixed := rcmgr.NewFixedLimiter(limits.Build(base.Scale(256<<20, 1024)))
	return rcmgr.NewResourceManager(fixed, rcmgr.WithMetricsDisabled())
}

// connections returns a connection manager that, when there are many, ends those first whose peer
// was not welcomed.
func (l Limits) connections() (*connmgr.BasicConnMgr, error) {
	return connmgr.NewConnManager(l.Connections/2, l.Connections*5/8, connmgr.WithGracePeriod(l.Hello))
}
