package didwebvh

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-im/parley/did"
)

// version10 is the only version of the method that is read here.
const version10 = "did:webvh:1.0"

// parameters are what one entry sets (did:webvh 1.0, DID Method Parameters). Others than these are refused.
type parameters struct {
	Method        optional[string]       `json:"method"`
	SCID          optional[string]       `json:"scid"`
	UpdateKeys    optional[list[string]] `json:"updateKeys"`
	NextKeyHashes optional[list[string]] `json:"nextKeyHashes"`
	Witness       optional[witness]      `json:"witness"`
	Watchers      optional[list[string]] `json:"watchers"`
	Portable      optional[bool]         `json:"portable"`
	Deactivated   optional[bool]         `json:"deactivated"`
	TTL           optional[int64]        `json:"ttl"`
}

// witness says who must approve of entries and how many of them. The zero value asks for nobody.
type witness struct {
	Threshold optional[int]   `json:"threshold"`
	Witnesses list[witnessID] `json:"witnesses"`
}

type witnessID struct {
	ID string `json:"id"`
}

func (w witness) active() bool { return w.Threshold.value > 0 }

// check refuses parameters that are wrong by themselves.
func (p *parameters) check() error {
	if p.Method.set && p.Method.value != version10 {
		return fmt.Errorf("%w: the log is of method %q, only %s is read", did.ErrMethod, clip(p.Method.value), version10)
	}
	for _, key := range p.UpdateKeys.value {
		if !isMultikey(key) {
			return fmt.Errorf("updateKeys: %q is not an Ed25519 multikey", clip(key))
		}
	}
	if p.TTL.value < 0 || p.TTL.value > 1<<31 {
		return fmt.Errorf("ttl: %d is not between 0 and 2^31", p.TTL.value)
	}
	if err := p.Witness.value.check(); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	return nil
}

// check verifies The witness Parameter of did:webvh 1.0: every witness counts once, and nobody is none.
func (w witness) check() error {
	if !w.Threshold.set && w.Witnesses == nil {
		return nil
	}
	if n := w.Threshold.value; n < 1 || n > len(w.Witnesses) {
		return fmt.Errorf("threshold %d with %d witnesses", n, len(w.Witnesses))
	}
	seen := make(map[string]bool)
	for _, one := range w.Witnesses {
		key, ok := strings.CutPrefix(one.ID, "did:key:")
		if !ok || !isMultikey(key) {
			return fmt.Errorf("%q is not the did:key of an Ed25519 key", clip(one.ID))
		}
		if seen[key] {
			return fmt.Errorf("%s is listed twice", one.ID)
		}
		seen[key] = true
	}
	return nil
}

// keys returns the multikeys of the witnesses.
func (w witness) keys() []string {
	var keys []string
	for _, one := range w.Witnesses {
		keys = append(keys, strings.TrimPrefix(one.ID, "did:key:"))
	}
	return keys
}

// active are the parameters in force after an entry.
type active struct {
	updateKeys    []string
	nextKeyHashes []string // not empty: keys are rotated by pre-rotation
	witness       witness
	portable      bool
	deactivated   bool
}

// checkFirst verifies what only the first entry must have.
func (p *parameters) checkFirst(scid string) error {
	switch {
	case !p.Method.set:
		return fmt.Errorf("method: missing, the first entry must have %s", version10)
	case p.SCID.value != scid:
		return fmt.Errorf("scid: %q is not that of the DID", clip(p.SCID.value))
	case len(p.UpdateKeys.value) == 0:
		return errors.New("updateKeys: missing or empty, the first entry must have them")
	}
	return nil
}

// checkLater verifies what an entry after the first may not do, given what was in force before it.
func (p *parameters) checkLater(before active) error {
	switch {
	case p.SCID.set:
		return errors.New("scid: only the first entry has it")
	case p.Portable.value && !before.portable:
		return errors.New("portable: a log that is not portable cannot become so")
	}
	return p.checkRotation(before.nextKeyHashes)
}

// checkRotation verifies that new keys are those that were promised (did:webvh 1.0, Pre-Rotation Key Hash Generation
// and Verification).
func (p *parameters) checkRotation(promised []string) error {
	if len(promised) == 0 {
		return nil
	}
	if len(p.UpdateKeys.value) == 0 || !p.NextKeyHashes.set {
		return errors.New("updateKeys and nextKeyHashes: after nextKeyHashes an entry must have both")
	}
	for _, key := range p.UpdateKeys.value {
		if !slices.Contains(promised, multihash([]byte(key))) {
			return fmt.Errorf("updateKeys: %s is not among the nextKeyHashes of the entry before", key)
		}
	}
	return nil
}

// signers returns the keys that may sign an entry with parameters p after before (did:webvh 1.0, Authorized Keys).
func (p *parameters) signers(before active, first bool) []string {
	if first || len(before.nextKeyHashes) > 0 {
		return p.UpdateKeys.value
	}
	return before.updateKeys
}

// approvers returns who must approve of an entry with parameters p after before. Witnesses that replace others have
// a say from the next entry on; where there were none, they have it at once (did:webvh 1.0, Witness Lists).
func (p *parameters) approvers(before active) witness {
	if before.witness.active() {
		return before.witness
	}
	return p.Witness.value
}

// apply puts p in force.
func (p *parameters) apply(before active) active {
	after := before
	if p.UpdateKeys.set {
		after.updateKeys = p.UpdateKeys.value
	}
	if p.NextKeyHashes.set {
		after.nextKeyHashes = p.NextKeyHashes.value
	}
	if p.Witness.set {
		after.witness = p.Witness.value
	}
	if p.Portable.set {
		after.portable = p.Portable.value
	}
	after.deactivated = p.Deactivated.value
	return after
}
