package didwebvh

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/internal/foreign"
)

const (
	method = "did:webvh:"
	// maxHost is the longest DNS name, in bytes (RFC 1035 section 2.3.4).
	maxHost = 253
	// maxLabel is the longest part of a DNS name between two dots, in bytes.
	maxLabel = 63
)

// place is where the files of a DID lie.
type place struct {
	scid   string
	folder string // an https URL that ends in a slash
}

func (p place) log() string     { return p.folder + "did.jsonl" }
func (p place) witness() string { return p.folder + "did-witness.json" }

// URL returns the https URL of the log of id (did:webvh 1.0, The DID to HTTPS Transformation). The error wraps
// did.ErrMethod for a DID of another method, and did.ErrInvalid for one without an SCID or a DNS name, or whose path
// would lead elsewhere once it is decoded.
func URL(id did.DID) (string, error) {
	at, err := locate(id)
	if err != nil {
		return "", fmt.Errorf("%s: %w", id.Short(), err)
	}
	return at.log(), nil
}

func locate(id did.DID) (place, error) {
	rest, ok := strings.CutPrefix(id.String(), method)
	if !ok {
		return place{}, fmt.Errorf("%w: not a did:webvh", did.ErrMethod)
	}
	at, err := parsePlace(rest)
	if err != nil {
		return place{}, fmt.Errorf("%w: %w", did.ErrInvalid, err)
	}
	return at, nil
}

func parsePlace(s string) (place, error) {
	parts := strings.Split(s, ":")
	if !isHash(parts[0]) {
		return place{}, fmt.Errorf("SCID %q is not the base58btc of a SHA-256 multihash", clip(parts[0]))
	}
	if len(parts) == 1 {
		return place{}, errors.New("names no host after the SCID")
	}
	host, err := parseHost(parts[1])
	if err != nil {
		return place{}, fmt.Errorf("host %q: %w", clip(parts[1]), err)
	}
	folder := "https://" + host + "/"
	if len(parts) == 2 {
		return place{parts[0], folder + ".well-known/"}, nil
	}
	for _, raw := range parts[2:] {
		segment, err := parseSegment(raw)
		if err != nil {
			return place{}, fmt.Errorf("path segment %q: %w", clip(raw), err)
		}
		folder += segment + "/"
	}
	return place{parts[0], folder}, nil
}

// parseHost reads a DNS name with an optional port, whose colon is percent-encoded. Nothing else of it is decoded:
// encoded letters, dots and at signs only serve to hide what is asked.
func parseHost(raw string) (string, error) {
	name, port, found := cutPort(raw)
	if found {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || port[0] == '0' {
			return "", errors.New("the port is not a number from 1 to 65535")
		}
		port = ":" + port
	}
	if len(name) > maxHost {
		return "", fmt.Errorf("longer than %d bytes", maxHost)
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return "", err
		}
	}
	// The last label of a DNS name is never a number, and that of an IPv4 address always is, in all its notations
	// (WHATWG URL, ends in a number).
	last := strings.ToLower(labels[len(labels)-1])
	if isDigits(last) || strings.HasPrefix(last, "0x") {
		return "", errors.New("an IP address, where the method wants a DNS name")
	}
	return name + port, nil
}

func cutPort(raw string) (name, port string, found bool) {
	if name, port, found = strings.Cut(raw, "%3A"); found {
		return name, port, found
	}
	return strings.Cut(raw, "%3a")
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("a part of the name is empty")
	case len(label) > maxLabel:
		return fmt.Errorf("a part of the name is longer than %d bytes", maxLabel)
	case label[0] == '-' || label[len(label)-1] == '-':
		return errors.New("a part of the name starts or ends with a hyphen")
	}
	for i := range len(label) {
		if c := label[i]; c != '-' && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') {
			return fmt.Errorf("character %q: write a name beyond ASCII in its xn-- form", c)
		}
	}
	return nil
}

// parseSegment decodes a path segment and encodes it in the one way of RFC 3986, refusing what a host could take
// for another path.
func parseSegment(raw string) (string, error) {
	s, err := url.PathUnescape(raw)
	switch {
	case err != nil:
		return "", errors.New("malformed percent-encoding")
	case s == "" || s == "." || s == "..":
		return "", errors.New("empty or a step to another folder")
	case !utf8.ValidString(s):
		return "", errors.New("not UTF-8")
	case strings.ContainsAny(s, `/\%`) || strings.ContainsFunc(s, unicode.IsControl):
		return "", errors.New("contains a slash, a percent sign or a control character")
	}
	return url.PathEscape(s), nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// clip makes text of others fit for an error message.
func clip(s string) string { return foreign.Text(s, 128) }
