package didplc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// window is how long after an operation a recovery may undo it, the end included (did:plc, "Key Rotation & Account
// Recovery").
const window = 72 * time.Hour

// maxChecks bounds the signature checks of a log, which are nearly all that it costs. The key that signed last is tried
// first, so that a log needs hardly more of them than it has operations.
const maxChecks = 2 * maxOperations

// history is a log as far as it has been verified.
type history struct {
	id      did.DID
	entries []entry
	// chain are the places of the operations in force, each continuing the one before. Its last is always the last entry.
	chain  []int
	last   crypto.PublicKey // the key that signed the last entry
	checks int              // of signatures so far
}

// readLog parses and verifies an audit log. Errors wrap did.ErrInvalid, except that of a context.
func readLog(ctx context.Context, id did.DID, text []byte) (*history, error) {
	entries, err := parseLog(text)
	if err != nil {
		return nil, fmt.Errorf("%w log: %w", did.ErrInvalid, err)
	}
	h := &history{id: id}
	for i, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := h.add(e); err != nil {
			return nil, fmt.Errorf("%w log: operation %d: %w", did.ErrInvalid, i+1, err)
		}
	}
	if err := h.checkNullified(); err != nil {
		return nil, fmt.Errorf("%w log: %w", did.ErrInvalid, err)
	}
	return h, nil
}

// add verifies that an entry may follow those before it.
func (h *history) add(e entry) error {
	if e.did != h.id.String() {
		return fmt.Errorf("it is of another DID, %q", clip(e.did))
	}
	if e.cid != e.op.cid {
		return fmt.Errorf("its cid is %s, the log claims %q", e.op.cid, clip(e.cid))
	}
	if n := len(h.entries); n > 0 && !e.created.After(h.entries[n-1].created) {
		return errors.New("its createdAt is not after that of the one before")
	}
	at, err := h.place(&e)
	if err != nil {
		return err
	}
	h.chain = append(h.chain[:at], len(h.entries))
	h.entries = append(h.entries, e)
	return nil
}

// place returns the place in the chain that the entry takes, by its prev and its signature, and notes the signer.
func (h *history) place(e *entry) (int, error) {
	if len(h.entries) == 0 {
		return 0, h.checkGenesis(e)
	}
	if e.op.prev == nil {
		return 0, errors.New("it is a second beginning: prev is null")
	}
	at := slices.IndexFunc(h.chain, func(i int) bool { return h.entries[i].op.cid == *e.op.prev })
	if at < 0 {
		return 0, h.strayed(*e.op.prev)
	}
	before := h.entries[h.chain[at]].op.state
	if before == nil {
		return 0, errors.New("it continues a tombstone")
	}
	if at == len(h.chain)-1 {
		return at + 1, h.sign(e, before.rotation, "no rotation key of the operation before has signed it")
	}
	undone := h.entries[h.chain[at+1]]
	if err := h.sign(e, before.rotation[:undone.signer], "it undoes others, and no rotation key above theirs has signed it"); err != nil {
		return 0, err
	}
	if late := e.created.Sub(undone.created); late > window {
		return 0, fmt.Errorf("it undoes others %s after they were made, more than %s", late, window)
	}
	return at + 1, nil
}

// sign notes the place of the first of the keys that signed the entry; if none has, that is the error.
func (h *history) sign(e *entry, keys []crypto.PublicKey, none string) error {
	likely := max(0, slices.IndexFunc(keys, h.last.Equal))
	for _, key := range slices.Concat(keys[likely:], keys[:likely]) {
		if h.checks == maxChecks {
			return fmt.Errorf("it takes more than %d signature checks to find out who signed the log", maxChecks)
		}
		h.checks++
		if e.op.signedBy(key) {
			e.signer, h.last = slices.IndexFunc(keys, key.Equal), key
			return nil
		}
	}
	return errors.New(none)
}

func (h *history) checkGenesis(e *entry) error {
	switch {
	case e.op.prev != nil || e.op.state == nil:
		return errors.New("it is no beginning: prev is not null")
	case e.op.id() != h.id.String():
		return fmt.Errorf("it is the beginning of %s", e.op.id())
	}
	return h.sign(e, e.op.state.rotation, "none of its own rotation keys has signed it")
}

// strayed says why an operation whose prev is not in force is refused.
func (h *history) strayed(prev string) error {
	if slices.ContainsFunc(h.entries, func(e entry) bool { return e.op.cid == prev }) {
		return errors.New("it continues a nullified operation")
	}
	return fmt.Errorf("it continues %q, which is not in the log before it", clip(prev))
}

// checkNullified compares what the log claims to be nullified with what the rules nullify.
func (h *history) checkNullified() error {
	for i, e := range h.entries {
		if _, inForce := slices.BinarySearch(h.chain, i); inForce == e.nullified {
			return fmt.Errorf("operation %d: the log claims nullified to be %t, and it is %t", i+1, e.nullified, !inForce)
		}
	}
	return nil
}
