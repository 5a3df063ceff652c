package messaging

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"

	"github.com/parley-im/parley/inbox"
)

const (
	leftSetting = "strangers' messages"
	leftSize    = 16 // bytes of the hash of a sender, and of that of a message
	maxLeft     = 512
)

// left remembers by hashes which message each of the last strangers has left. The request itself is gone when
// its sender was blocked, but the sender may still repeat it, and must not learn of the block from the answer.
// The store keeps the list, so that a restart tells nothing either. The zero value is ready.
type left struct {
	mu   sync.Mutex // held while the list is read or written
	list []byte     // hashes of senders and messages in turn, the newest last; nil before it was read
}

// note remembers the message as the one that its sender has left.
func (f *left) note(ctx context.Context, s Store, l *letter) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, same, err := f.find(ctx, s, l)
	if err != nil || same {
		return err
	}
	const row = 2 * leftSize
	list := make([]byte, 0, len(f.list)+row)
	list = append(list, f.list...)
	if at >= 0 {
		list = append(list[:at], list[at+row:]...)
	}
	from, message := leftHashes(l)
	list = append(append(list, from...), message...)
	list = list[max(0, len(list)-maxLeft*row):]
	if err := s.SetSetting(ctx, leftSetting, list); err != nil {
		return err
	}
	f.list = list
	return nil
}

// has reports whether the message is the one that its sender has left.
func (f *left) has(ctx context.Context, s Store, l *letter) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, same, err := f.find(ctx, s, l)
	return same, err
}

// find returns where the list has the sender, -1 if it has not, and whether it has the message. f.mu is held.
func (f *left) find(ctx context.Context, s Store, l *letter) (at int, same bool, err error) {
	if f.list == nil {
		list, err := s.Setting(ctx, leftSetting)
		if err != nil && !errors.Is(err, inbox.ErrNotFound) {
			return -1, false, err
		}
		f.list = append([]byte{}, list[:len(list)-len(list)%(2*leftSize)]...)
	}
	from, message := leftHashes(l)
	for at = len(f.list) - 2*leftSize; at >= 0; at -= 2 * leftSize {
		if string(f.list[at:at+leftSize]) == string(from) {
			return at, string(f.list[at+leftSize:at+2*leftSize]) == string(message), nil
		}
	}
	return -1, false, nil
}

func leftHashes(l *letter) (from, message []byte) {
	f, m := sha256.Sum256([]byte(l.arrival.From.String())), sha256.Sum256(l.arrival.Payload)
	return f[:leftSize], m[:leftSize]
}
