package wallet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/parley-im/parley/inbox"
)

// A wallet that was restored from a backup does not know what it said and heard since the backup was made. Its
// contacts know better: each greeting carries how far the wallet has lived, and the answer how far the contact had
// seen it live. So a wallet has a life, a random branch and a count of the backups taken on it:
//
//   - Create begins a branch with count 1.
//   - Backup first moves the living wallet from (B,n) to (B,n+1), durably, and only then makes the copy, which holds
//     (B,n). A kill in between wastes a number. The other order would leave a copy and a wallet of the same life,
//     which nobody could tell apart.
//   - Restore begins a branch of its own and remembers where it comes from: (B,n), and where that came from.
//
// Whoever has seen (B,n+1) has seen the wallet after the backup. A copy of the folder that was made by hand is not
// noticed until one of the two takes a backup.

const (
	lifeSetting      = "life"
	sightingsSetting = "elsewhere"

	maxOrigins   = 256 // restores on restores; the oldest is forgotten first
	maxSightings = 128 // contacts who have seen the wallet elsewhere; more say nothing new
	lifeTimeout  = 10 * time.Second
)

// life is inbox.Life as the settings have it.
type life struct {
	Branch branch `json:"branch"`
	Count  uint32 `json:"count"`
}

func lifeOf(l inbox.Life) life { return life{Branch: l.Branch, Count: l.Count} }

// inbox returns the life as contacts are told it.
func (l life) inbox() inbox.Life { return inbox.Life{Branch: l.Branch, Count: l.Count} }

// branch is written as 16 hexadecimal digits.
type branch [8]byte

// MarshalText implements encoding.TextMarshaler.
func (b branch) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *branch) UnmarshalText(text []byte) error {
	raw, err := hex.AppendDecode(nil, text)
	if err == nil && len(raw) != len(b) {
		err = fmt.Errorf("a branch of %d bytes", len(raw))
	}
	if err == nil {
		copy(b[:], raw)
	}
	return err
}

// newLife begins a branch.
func newLife() (l life) {
	rand.Read(l.Branch[:]) // never fails: it ends the program instead
	l.Count = 1
	return l
}

// biography is what a wallet knows of its own life.
type biography struct {
	life
	// Origins are the lives that it was restored from, newest first; Restored is when it was last.
	Origins  []life    `json:"origins,omitempty"`
	Restored time.Time `json:"restored,omitzero"`
}

// restored is the biography of a wallet that is restored from a copy with the biography b.
func (b biography) restored(at time.Time) biography {
	origins := append([]life{b.life}, b.Origins...)
	return biography{life: newLife(), Origins: origins[:min(len(origins), maxOrigins)], Restored: at}
}

// verdict is what is to be made of the life that a contact has seen.
type verdict int

const (
	// lived is a life of ours: nothing is known to have happened elsewhere.
	lived verdict = iota
	// wentOn is the life that we were restored from, later than our copy of it.
	wentOn
	// copied is a life that began from a copy of ours.
	copied
)

// judge says what it means that a contact has seen the life saw. Nobody has to have seen us: the zero Life.
func (b biography) judge(saw inbox.Life) verdict {
	if saw == (inbox.Life{}) {
		return lived
	}
	if saw.Branch == b.Branch {
		if saw.Count <= b.Count {
			return lived
		}
		return wentOn // an older copy of our own folder is in our place
	}
	i := slices.IndexFunc(b.Origins, func(o life) bool { return o.Branch == saw.Branch })
	switch {
	case i < 0:
		return copied
	case saw.Count <= b.Origins[i].Count:
		return lived
	}
	return wentOn
}

// lives is a wallet's life at work. All methods may be called by many goroutines.
type lives struct {
	mu        sync.Mutex // guards the rest; held while the settings are written, so that they follow in order
	biography biography
	sightings []sighting
}

// current is how far the wallet has lived, for its contacts.
func (l *lives) current() inbox.Life {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.biography.inbox()
}

// load reads both settings; a wallet from before there were lives begins one.
func (l *lives) load(ctx context.Context, s inbox.Settings) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := loadSetting(ctx, s, sightingsSetting, &l.sightings); err != nil && !errors.Is(err, inbox.ErrNotFound) {
		return err
	}
	err := loadSetting(ctx, s, lifeSetting, &l.biography)
	if errors.Is(err, inbox.ErrNotFound) {
		return l.become(ctx, s, biography{life: newLife()})
	}
	return err
}

// become changes the life, durably first. The lock is held.
func (l *lives) become(ctx context.Context, s inbox.Settings, b biography) error {
	if err := saveSetting(ctx, s, lifeSetting, b); err != nil {
		return fmt.Errorf("keep how far the wallet has lived: %w", err)
	}
	l.biography = b
	return nil
}

// depart moves the wallet on and returns the biography of the copy that is about to be made.
func (l *lives) depart(ctx context.Context, s inbox.Settings) (biography, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left, next := l.biography, l.biography
	next.Count++
	if next.Count == 0 {
		return left, errors.New("there were 4,294,967,295 backups of this wallet, and no more can be told apart")
	}
	return left, l.become(ctx, s, next)
}

// revive begins the life of a wallet that was just restored. What others had seen of the one before is forgotten.
func (l *lives) revive(ctx context.Context, s inbox.Settings, at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := loadSetting(ctx, s, lifeSetting, &l.biography); err != nil {
		return err
	}
	l.sightings = nil
	if err := saveSetting(ctx, s, sightingsSetting, []sighting{}); err != nil {
		return err
	}
	return l.become(ctx, s, l.biography.restored(at))
}

// loadSetting reads a setting that is JSON.
func loadSetting(ctx context.Context, s inbox.Settings, name string, v any) error {
	data, err := s.Setting(ctx, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: the setting %s: %w", inbox.ErrDamaged, name, err)
	}
	return nil
}

// saveSetting keeps a setting as JSON.
func saveSetting(ctx context.Context, s inbox.Settings, name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.SetSetting(ctx, name, data)
}
