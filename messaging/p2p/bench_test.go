package p2p

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/parley-im/parley/messaging"
)

const benchSize = 1 << 10

// over keeps the addresses of one libp2p transport.
func over(kind string, d messaging.Delivery) messaging.Delivery {
	var out []string
	for _, a := range d.Addresses {
		if strings.Contains(a, "/"+kind) {
			out = append(out, a)
		}
	}
	d.Addresses = out
	return d
}

// BenchmarkDelivery is an envelope of 1 KiB, pipelined and answered one by one, beside the same bytes
// on a bare libp2p stream whose peer answers each with one byte.
func BenchmarkDelivery(b *testing.B) {
	for _, kind := range []string{"quic-v1", "tcp"} {
		b.Run(kind, func(b *testing.B) {
			p := newPair(b)
			p.at.Log, p.bt.Log = nil, nil
			d := over(kind, p.delivery())
			if _, err := p.at.Send(context.Background(), d); err != nil {
				b.Fatal(err)
			}
			envelope := bytes.Repeat([]byte("x"), benchSize)
			for range b.N {
				d.Envelopes = append(d.Envelopes, envelope)
			}
			b.SetBytes(benchSize)
			b.ReportAllocs()
			b.ResetTimer()
			results, err := p.at.Send(context.Background(), d)
			b.StopTimer()
			if err != nil || len(results) != b.N {
				b.Fatal(len(results), err)
			}
			ours := b.Elapsed()
			bare := bareDelivery(b, p, envelope, b.N)
			b.ReportMetric(float64(bare.Nanoseconds())/float64(b.N), "bare-ns/op")
			b.ReportMetric(ours.Seconds()/bare.Seconds(), "×bare")
		})
	}
}

func bareDelivery(b *testing.B, p *pair, envelope []byte, n int) time.Duration {
	p.bt.opened().SetStreamHandler("/bare", func(s network.Stream) {
		defer s.Close()
		r, w := bufio.NewReaderSize(s, dataBuffer), bufio.NewWriter(s)
		for buf := make([]byte, benchSize); ; {
			if _, err := io.ReadFull(r, buf); err != nil {
				return
			}
			_ = w.WriteByte(1)
			if r.Buffered() < benchSize {
				_ = w.Flush()
			}
		}
	})
	s, err := p.at.opened().NewStream(context.Background(), p.bob.peerID, "/bare")
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	start := time.Now()
	go func() {
		w := bufio.NewWriterSize(s, dataBuffer)
		for range n {
			_, _ = w.Write(envelope)
		}
		_ = w.Flush()
	}()
	if _, err := io.CopyN(io.Discard, s, int64(n)); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// BenchmarkHello is both sides of a hello in memory, beside the two signatures and two verifications
// that it cannot do without.
func BenchmarkHello(b *testing.B) {
	m := newMeeting(alice(b), bob(b))
	b.ReportAllocs()
	for b.Loop() {
		m.said = dialogue{}
		m.run()
		if m.iErr != nil || m.rErr != nil {
			b.Fatal(m.iErr, m.rErr)
		}
	}
	n := b.N
	key := alice(b).host
	message := make([]byte, 150)
	start := time.Now()
	for range 2 * n {
		if !ed25519.Verify(key.Public().(ed25519.PublicKey), message, ed25519.Sign(key, message)) {
			b.Fatal("not verified")
		}
	}
	primitives := time.Since(start)
	b.ReportMetric(float64(primitives.Nanoseconds())/float64(n), "primitives-ns/op")
	b.ReportMetric(b.Elapsed().Seconds()/primitives.Seconds(), "×primitives")
}

// BenchmarkGreeting is a hello on a new stream of a connection over loopback.
func BenchmarkGreeting(b *testing.B) {
	p := newPair(b)
	p.at.Log, p.bt.Log = nil, nil
	d := p.delivery()
	for b.Loop() {
		if _, err := p.at.Send(context.Background(), d); err != nil {
			b.Fatal(err)
		}
	}
}
