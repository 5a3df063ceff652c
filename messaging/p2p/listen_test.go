package p2p_test

import (
	"testing"

	"github.com/parley-im/parley/messaging/p2p"
)

func TestCheckListen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"/ip4/0.0.0.0/udp/1/quic-v1": true, "/ip6/::/tcp/0": true, "/ip4/127.0.0.1/tcp/65535": true,
		"": false, "foo": false, "127.0.0.1:1": false, "/ip4/127.0.0.1": false, "/ip4/127.0.0.1/udp/1": false,
		"/ip4/127.0.0.1/tcp/65536": false, "/ip4/127.0.0.1/udp/1/quic-v1/webtransport": false,
	} {
		if err := p2p.CheckListen([]string{"/ip4/127.0.0.1/tcp/0", text}); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := p2p.CheckListen(nil); err != nil {
		t.Error(err)
	}
}
