package didweb

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/parley-im/parley/did"
)

const prefix = "did:web:"

// URL returns the https URL at which id's document is found (did:web, Read): /.well-known/did.json of the host, or
// did.json in the folder that the DID names. The error wraps did.ErrMethod when id is of another method and
// did.ErrInvalid when it names no host or could be read in two ways.
func URL(id did.DID) (string, error) {
	if id.Method() != "web" {
		return "", fmt.Errorf("%s: %w: not a did:web", id.Short(), did.ErrMethod)
	}
	u, err := translate(strings.TrimPrefix(id.String(), prefix))
	if err != nil {
		return "", fmt.Errorf("%s: %w: %w", id.Short(), did.ErrInvalid, err)
	}
	return u, nil
}

func translate(name string) (string, error) {
	segments := strings.Split(name, ":")
	host, err := translateHost(segments[0])
	if err != nil {
		return "", fmt.Errorf("host: %w", err)
	}
	if len(segments) == 1 {
		return "https://" + host + "/.well-known/did.json", nil
	}
	for _, s := range segments[1:] {
		if err := checkSegment(s); err != nil {
			return "", fmt.Errorf("path: %w", err)
		}
	}
	return "https://" + host + "/" + strings.Join(segments[1:], "/") + "/did.json", nil
}

// translateHost turns "example.com%3A8443" into "example.com:8443".
func translateHost(s string) (string, error) {
	name, port, hasPort := cutPort(s)
	if err := checkName(name); err != nil {
		return "", err
	}
	name = strings.ToLower(name)
	if !hasPort {
		return name, nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
		return "", errors.New("the port is not one of 1 to 65535")
	}
	return name + ":" + port, nil
}

func cutPort(s string) (name, port string, ok bool) {
	if i := strings.IndexByte(s, '%'); i >= 0 && strings.EqualFold(s[i:min(i+3, len(s))], "%3a") {
		return s[:i], s[i+3:], true
	}
	return s, "", false
}

// checkName accepts host names of letters, digits, hyphens and dots (RFC 1123 section 2.1), and IPv4 addresses with
// them.
func checkName(name string) error {
	if len(name) > 253 {
		return errors.New("longer than 253 bytes")
	}
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return errors.New("empty, or a dot stands at its end or beside another")
		case len(label) > 63:
			return errors.New("a label is longer than 63 bytes")
		case label[0] == '-' || label[len(label)-1] == '-':
			return errors.New("a hyphen stands at the end of a label")
		}
	}
	for i := range len(name) {
		if c := name[i]; !isPlain(c) || c == '_' {
			return errors.New("only letters, digits, hyphens and dots, and %3A before a port, may stand in it")
		}
	}
	return nil
}

// checkSegment accepts one step of a path that every server understands as itself.
func checkSegment(s string) error {
	switch s {
	case "":
		return errors.New("a segment is empty")
	case ".", "..":
		return errors.New("a segment is a step to another folder")
	}
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '%' {
			decoded = append(decoded, c)
			continue
		}
		// did.Parse made sure that two hexadecimal digits follow.
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return errors.New("a percent sign without two hexadecimal digits")
		}
		if c = byte(n); isPlain(c) || c < ' ' || c == 0x7f || strings.IndexByte(`/\%`, c) >= 0 {
			return fmt.Errorf("%q must not be percent-encoded", s[i:i+3])
		}
		decoded, i = append(decoded, c), i+2
	}
	if !utf8.Valid(decoded) {
		return errors.New("a segment is not UTF-8")
	}
	return nil
}

// isPlain reports whether the DID syntax has c without an encoding (W3C DID Core 3.1, idchar).
func isPlain(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '.' || c == '-' || c == '_'
}
