package didwebvh

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-im/parley/did"
)

// history is a log whose entries were verified; the witnesses' approval may still be missing.
type history struct {
	scid     string
	versions []version
	id       string // the DID of the last document
	state    []byte // the last document
	time     time.Time
	active   active
}

// version is what is kept of an entry.
type version struct {
	id        string
	approvers witness // who must approve of it; inactive: nobody
}

func (h *history) last() string { return h.versions[len(h.versions)-1].id }

// witnessed reports whether any entry needs the approval of witnesses.
func (h *history) witnessed() bool {
	return slices.ContainsFunc(h.versions, func(v version) bool { return v.approvers.active() })
}

// log verifies the text of a log that must begin with scid (did:webvh 1.0, Read), witnesses apart.
func (v *verifier) log(ctx context.Context, scid string, text []byte) (*history, error) {
	if len(text) > MaxLog {
		return nil, fmt.Errorf("%w: the log is longer than %d bytes", did.ErrInvalid, MaxLog)
	}
	h := &history{scid: scid}
	for line := range bytes.SplitSeq(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(h.versions) == MaxEntries {
			return nil, fmt.Errorf("%w: the log has more than %d entries", did.ErrInvalid, MaxEntries)
		}
		if err := v.entry(h, line); err != nil {
			return nil, fmt.Errorf("entry %d: %w", len(h.versions)+1, err)
		}
	}
	if ahead := h.time.Sub(v.now); ahead > maxSkew {
		return nil, fmt.Errorf("the log's last entry is dated %s ahead of us: check this machine's clock",
			ahead.Round(time.Second))
	}
	return h, nil
}

func (v *verifier) entry(h *history, line []byte) error {
	e, err := parseEntry(line)
	if err == nil {
		err = v.follow(h, e)
	}
	if errors.Is(err, did.ErrMethod) {
		return err
	} else if err != nil {
		return fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	return nil
}

// follow verifies that e may come next and takes it in. The hash is checked before anything that the entry says.
func (v *verifier) follow(h *history, e *entry) error {
	first := len(h.versions) == 0
	if h.active.deactivated {
		return errors.New("nothing may follow the deactivation")
	}
	if e.number != len(h.versions)+1 {
		return fmt.Errorf("versionId: number %d is out of order", e.number)
	}
	check := h.checkNext
	if first {
		check = h.checkFirst
	}
	if err := check(e); err != nil {
		return err
	}
	if err := v.signed(e, e.set.signers(h.active, first)); err != nil {
		return err
	}
	h.versions = append(h.versions, version{e.versionID, e.set.approvers(h.active)})
	h.id, h.state, h.time = e.id, e.state, e.time
	h.active = e.set.apply(h.active)
	return nil
}

func (h *history) checkFirst(e *entry) error {
	if err := e.set.checkFirst(h.scid); err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	if err := e.checkSCID(h.scid); err != nil {
		return err
	}
	if err := e.checkHash(h.scid); err != nil {
		return err
	}
	return h.checkName(e)
}

func (h *history) checkNext(e *entry) error {
	if err := e.checkHash(h.last()); err != nil {
		return err
	}
	if !e.time.After(h.time) {
		return errors.New("versionTime: not after that of the entry before")
	}
	if err := e.set.checkLater(h.active); err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	if err := h.checkName(e); err != nil || e.id == h.id {
		return err
	}
	return h.checkMove(e)
}

// checkName verifies that the SCID in the document's id is the log's.
func (h *history) checkName(e *entry) error {
	if !strings.HasPrefix(e.id, method+h.scid+":") {
		return fmt.Errorf("state: the document's id %q does not have the SCID of the log", clip(e.id))
	}
	return nil
}

// checkMove verifies that the DID may change to that of e (did:webvh 1.0, DID Portability). An entry that ends
// portability cannot move any more.
func (h *history) checkMove(e *entry) error {
	if !h.active.portable || e.set.Portable.set && !e.set.Portable.value {
		return fmt.Errorf("state: the DID moves to %s, but the log is not portable", clip(e.id))
	}
	if !slices.Contains(e.aliases, h.id) {
		return fmt.Errorf("state: the DID moves to %s without %s in alsoKnownAs", clip(e.id), clip(h.id))
	}
	return nil
}

// signed verifies that every proof of e is by one of the keys.
func (v *verifier) signed(e *entry, keys []string) error {
	text := sha256.Sum256(e.text(e.versionID))
	for i, p := range e.proofs {
		if !slices.Contains(keys, p.key) {
			return fmt.Errorf("proof %d: key %s is not among the active updateKeys", i+1, p.key)
		}
		if err := v.proof(p, text); err != nil {
			return fmt.Errorf("proof %d: %w", i+1, err)
		}
	}
	return nil
}
