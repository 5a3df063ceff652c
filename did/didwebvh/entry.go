package didwebvh

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// entry is one line of a log, read but not yet verified.
type entry struct {
	versionID  string // number, hyphen, hash
	number     int
	hash       string
	time       time.Time
	timeText   string
	parameters []byte // canonical
	state      []byte // canonical
	set        parameters
	id         string // the document's
	aliases    list[string]
	proofs     []proof
}

// rawEntry has the members that an entry may have (did:webvh 1.0, The DID Log File).
type rawEntry struct {
	VersionID   string         `json:"versionId"`
	VersionTime string         `json:"versionTime"`
	Parameters  jsontext.Value `json:"parameters"`
	State       jsontext.Value `json:"state"`
	Proof       jsontext.Value `json:"proof"`
}

func parseEntry(line []byte) (*entry, error) {
	if len(line) > MaxEntry {
		return nil, fmt.Errorf("longer than %d bytes", MaxEntry)
	}
	if err := checkShape(line, maxEntryTokens); err != nil {
		return nil, err
	}
	var raw rawEntry
	if err := decode(line, &raw); err != nil {
		return nil, err
	}
	e := &entry{versionID: raw.VersionID, timeText: raw.VersionTime}
	var err error
	if e.number, e.hash, err = parseVersionID(raw.VersionID); err != nil {
		return nil, fmt.Errorf("versionId: %w", err)
	}
	if e.time, err = parseTime(raw.VersionTime); err != nil {
		return nil, fmt.Errorf("versionTime: %w", err)
	}
	if err := e.readParameters(raw.Parameters); err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	if err := e.readState(raw.State); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if e.proofs, err = parseProofs(raw.Proof, MaxProofs); err != nil {
		return nil, err
	}
	return e, nil
}

// parseVersionID reads a number without leading zeros, a hyphen and a hash.
func parseVersionID(s string) (number int, hash string, err error) {
	digits, hash, _ := strings.Cut(s, "-")
	if number, err = strconv.Atoi(digits); err != nil || number < 1 || strconv.Itoa(number) != digits {
		return 0, "", fmt.Errorf("%q does not start with a number from 1", clip(s))
	}
	if !isHash(hash) {
		return 0, "", fmt.Errorf("%q does not end in the base58btc of a SHA-256 multihash", clip(s))
	}
	return number, hash, nil
}

// parseTime reads a time in UTC as RFC 3339 writes it. UnmarshalText keeps to that, but for a comma.
func parseTime(s string) (time.Time, error) {
	var t time.Time
	utc := strings.HasSuffix(s, "Z") || strings.HasSuffix(s, "+00:00")
	if len(s) > 40 || !utc || strings.Contains(s, ",") || t.UnmarshalText([]byte(s)) != nil {
		return time.Time{}, fmt.Errorf("%q is not an ISO 8601 time in UTC", clip(s))
	}
	return t, nil
}

func (e *entry) readParameters(raw []byte) error {
	var err error
	if e.parameters, err = canonical(raw); err != nil {
		return err
	}
	if err := decode(e.parameters, &e.set); err != nil {
		return err
	}
	return e.set.check()
}

// readState takes from the document what the log's rules need. All else is read from the last document alone.
func (e *entry) readState(raw []byte) error {
	var err error
	if e.state, err = canonical(raw); err != nil {
		return err
	}
	var doc struct {
		ID          string                 `json:"id"`
		AlsoKnownAs optional[list[string]] `json:"alsoKnownAs"`
	}
	if err := json.Unmarshal(e.state, &doc); err != nil {
		return malformed(err)
	}
	if doc.ID == "" {
		return errors.New("the document has no id")
	}
	e.id, e.aliases = doc.ID, doc.AlsoKnownAs.value
	return nil
}

// text returns the canonical form of the entry without its proofs and under the given versionId. Neither that nor
// the time has characters that JSON would escape.
func (e *entry) text(versionID string) []byte {
	var b bytes.Buffer
	b.Grow(len(e.parameters) + len(e.state) + len(versionID) + len(e.timeText) + 64)
	b.WriteString(`{"parameters":`)
	b.Write(e.parameters)
	b.WriteString(`,"state":`)
	b.Write(e.state)
	b.WriteString(`,"versionId":"` + versionID + `","versionTime":"` + e.timeText + `"}`)
	return b.Bytes()
}

// checkHash verifies the hash in the versionId, which chains the entry to the version before it; the first one's is
// the SCID (did:webvh 1.0, Verify The Entry Hash).
func (e *entry) checkHash(before string) error {
	if multihash(e.text(before)) != e.hash {
		return errors.New("the hash in its versionId is not that of the entry")
	}
	return nil
}

const placeholder = "{SCID}"

// checkSCID verifies that scid is the hash of the first entry with a placeholder in all its places (did:webvh 1.0,
// Verify SCID). The placeholder may change the order of names, so the text is made canonical again.
func (e *entry) checkSCID(scid string) error {
	text, err := canonical(bytes.ReplaceAll(e.text(placeholder), []byte(scid), []byte(placeholder)))
	if err != nil {
		return err
	}
	if multihash(text) != scid {
		return errors.New("the SCID is not the hash of this entry")
	}
	return nil
}
