package outofband

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// MaxLink is the longest link in bytes that ParseLink takes and Link makes.
const MaxLink = 16 << 10

// linkStart is of a scheme that no web server answers.
const linkStart = "didcomm://invite?"

// parameter holds the invitation in a link (out-of-band 2.0, Standard Message Encoding).
const parameter = "_oob"

// Link returns the invitation as a link. Errors wrap ErrInvalid.
func (v *Invitation) Link() (string, error) {
	b, err := v.Plaintext()
	if err != nil {
		return "", err
	}
	link := linkStart + parameter + "=" + base64.RawURLEncoding.EncodeToString(b)
	if len(link) > MaxLink {
		return "", fmt.Errorf("%w: its link would be longer than %d KiB", ErrInvalid, MaxLink>>10)
	}
	return link, nil
}

// ParseLink reads the invitation in a link of any scheme, with _oob= in its query or fragment. It
// tolerates white space, which mail programs and terminals put in, and base64 with padding or of the
// other alphabet. Errors wrap ErrInvalid and say what to do.
func ParseLink(s string) (*Invitation, error) {
	if len(s) > MaxLink {
		return nil, fmt.Errorf("%w: the link is longer than %d KiB", ErrInvalid, MaxLink>>10)
	}
	encoded, err := oob(strings.Join(strings.Fields(s), ""))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	encoded = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(encoded, "="))
	plaintext, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("%w: the link is cut off or damaged, copy all of it: %w", ErrInvalid, err)
	}
	v, err := Parse(plaintext)
	if err != nil {
		return nil, fmt.Errorf("the link may be cut off or damaged: %w", err)
	}
	return v, nil
}

// oob returns the value of the one _oob parameter. Query values are not taken by url.ParseQuery, which
// makes a space of the plus that base64 may have.
func oob(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", errors.New("this is no link")
	}
	fragment := u.EscapedFragment()
	if _, query, ok := strings.Cut(fragment, "?"); ok {
		fragment = query
	}
	var found []string
	for _, part := range strings.Split(u.RawQuery+"&"+fragment, "&") {
		if name, value, ok := strings.Cut(part, "="); ok && name == parameter && value != "" {
			found = append(found, value)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("the link has no %s= in it, copy all of it", parameter)
	case 1:
		value, err := url.PathUnescape(found[0])
		if err != nil {
			return "", fmt.Errorf("the link is damaged: %w", err)
		}
		return value, nil
	}
	return "", fmt.Errorf("the link has several %s= in it", parameter)
}
