package memory_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/inbox/memory"
)

func ExampleOpen() {
	ctx := context.Background()
	store := memory.Open()
	message := inbox.Arrival{Entry: inbox.Entry{
		Owner: did.MustParse("did:example:alice"), From: did.MustParse("did:example:bob"),
		MessageID: "1", Payload: []byte(`{"body":{"content":"hello"}}`), Received: time.Now(),
	}}
	results, err := store.Put(ctx, message, message)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		fmt.Println(r.Seq, r.Status)
	}
	// Output:
	// 1 added
	// 1 duplicate
}

// TestBubble has a follower wait for hints within a bubble, where simulated time passes while all wait.
func TestBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memory.Open()
		seen := make(chan time.Duration, 1)
		begin := time.Now()
		hints := s.Watch(t.Context())
		go func() {
			<-hints
			seen <- time.Since(begin)
		}()
		time.Sleep(10 * time.Minute)
		p := inbox.Parcel{Owner: did.MustParse("did:example:a"), To: did.MustParse("did:example:b"), MessageID: "1"}
		if _, err := s.Enqueue(t.Context(), p); err != nil {
			t.Error(err)
		}
		if got := <-seen; got != 10*time.Minute {
			t.Errorf("the hint came after %v", got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}
