package didwebvh

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/parley-im/parley/did"
)

// approval is an element of the witness file: proofs of witnesses over the versionId of one entry (did:webvh 1.0,
// The Witness Proofs File).
type approval struct {
	VersionID string               `json:"versionId"`
	Proofs    list[jsontext.Value] `json:"proof"`
}

// witnesses verifies that every version of h that needs it is approved by the threshold of its witnesses, given the
// text of the witness file (did:webvh 1.0, Verifying Witness Proofs During Resolution).
func (v *verifier) witnesses(ctx context.Context, h *history, text []byte) error {
	file, err := parseWitnessFile(text)
	if err != nil {
		return fmt.Errorf("witness file: %w: %w", did.ErrInvalid, err)
	}
	latest, ignored, err := v.approvals(ctx, h, file)
	if err != nil {
		return err
	}
	for i, one := range h.versions {
		n := 0
		for _, key := range one.approvers.keys() {
			if latest[key] > i {
				n++
			}
		}
		if n >= one.approvers.Threshold.value {
			continue
		}
		err := fmt.Errorf("entry %d: %w: %d of %d witnesses approve of it, want %d",
			i+1, did.ErrInvalid, n, len(one.approvers.Witnesses), one.approvers.Threshold.value)
		if ignored != nil {
			err = fmt.Errorf("%w; not counted: %w", err, ignored)
		}
		return err
	}
	return nil
}

func parseWitnessFile(text []byte) ([]approval, error) {
	if len(text) > MaxWitnessFile {
		return nil, fmt.Errorf("longer than %d bytes", MaxWitnessFile)
	}
	if err := checkShape(text, maxFileTokens); err != nil {
		return nil, err
	}
	var file versionList[approval]
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, malformed(err)
	}
	n := 0
	for _, a := range file {
		n += len(a.Proofs)
	}
	if n > MaxWitnessProofs {
		return nil, fmt.Errorf("more than %d proofs", MaxWitnessProofs)
	}
	return file, nil
}

// approvals returns for each witness the number of the last version that it approved of, which stands for all
// before it. Proofs over versions that are not in the log are passed over, as are those that do not verify: ignored
// is the first of these.
func (v *verifier) approvals(ctx context.Context, h *history, file []approval) (latest map[string]int, ignored, err error) {
	number := make(map[string]int)
	wanted := make(map[string]bool)
	for i, one := range h.versions {
		number[one.id] = i + 1
		for _, key := range one.approvers.keys() {
			wanted[key] = true
		}
	}
	// From the last version down, so that a file that was never pruned costs one check for each witness.
	slices.SortStableFunc(file, func(a, b approval) int { return number[b.VersionID] - number[a.VersionID] })
	latest = make(map[string]int)
	for _, a := range file {
		if number[a.VersionID] == 0 {
			break
		}
		signed := sha256.Sum256([]byte(`{"versionId":"` + a.VersionID + `"}`))
		for _, raw := range a.Proofs {
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			key, err := v.approves(raw, signed, wanted, latest)
			if err != nil {
				if ignored == nil {
					ignored = fmt.Errorf("a proof over %s: %w", a.VersionID, err)
				}
			} else if key != "" {
				latest[key] = number[a.VersionID]
			}
		}
	}
	return latest, ignored, nil
}

// approves returns the key of a valid proof by a wanted witness that has not approved of a later version, or "".
func (v *verifier) approves(
	raw []byte, signed [sha256.Size]byte, wanted map[string]bool, latest map[string]int,
) (string, error) {
	p, err := parseProof(raw)
	if err != nil {
		return "", err
	}
	if !wanted[p.key] || latest[p.key] != 0 {
		return "", nil
	}
	if err := v.proof(p, signed); err != nil {
		return "", err
	}
	return p.key, nil
}
