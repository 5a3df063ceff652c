package fetch

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/parley-im/parley/did"
)

// maxURL is the longest URL that is asked, in bytes. It holds that of the longest DID.
const maxURL = 2 * did.MaxLength

// marks are the characters of a URL beside letters and digits (RFC 3986 section 2).
const marks = "-._~:/?#[]@!$&'()*+,;=%"

// parseTarget reads a URL that may be asked and returns it with a host in lower case.
func parseTarget(raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, fmt.Errorf("longer than %d bytes", maxURL)
	}
	// net/url takes more, and net/http would write a space in a query into the line of the request.
	for i := range len(raw) {
		if c := raw[i]; !isDigit(c) && !isLetter(c) && strings.IndexByte(marks, c) < 0 {
			return nil, errors.New("has characters that a URL has to escape; write international names as punycode")
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("not a URL") // the error of net/url repeats it whole
	}
	switch {
	case u.Scheme != "https":
		return nil, errors.New("must start with https://")
	case u.User != nil:
		return nil, errors.New("has a user name")
	case strings.Contains(raw, "#"):
		return nil, errors.New("has a fragment")
	}
	if err := checkHost(u.Hostname()); err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	if err := checkPort(u); err != nil {
		return nil, err
	}
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

// checkPort accepts no port, and 1 to 65535 in their shortest form.
func checkPort(u *url.URL) error {
	port := u.Port()
	if port == "" && !strings.HasSuffix(u.Host, ":") {
		return nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
		return errors.New("the port is not one of 1 to 65535")
	}
	return nil
}

// checkHost accepts an IP address without a zone, and a name that no resolver can take for an address.
func checkHost(host string) error {
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return errors.New("an address with a zone is never public")
		}
		return nil
	}
	if len(host) > 253 {
		return errors.New("longer than 253 bytes")
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	if isNumber(labels[len(labels)-1]) {
		return errors.New("ends in a number and is not an IP address in its usual form")
	}
	return nil
}

// checkLabel accepts a label of a host name (RFC 1123 section 2.1).
func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("empty, or has an empty label: no dot may stand at the end or beside another")
	case len(label) > 63:
		return errors.New("has a label longer than 63 bytes")
	case label[0] == '-' || label[len(label)-1] == '-':
		return errors.New("has a label with a hyphen at its end")
	}
	for i := range len(label) {
		if c := label[i]; c != '-' && !isDigit(c) && !isLetter(c) {
			return errors.New("has other characters than letters, digits, hyphens and dots")
		}
	}
	return nil
}

// isNumber reports whether the classic inet_aton reads label as a part of an address: in decimal, octal or with 0x.
func isNumber(label string) bool {
	digits, isHex := strings.CutPrefix(strings.ToLower(label), "0x")
	for i := range len(digits) {
		if c := digits[i]; !isDigit(c) && !(isHex && c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
