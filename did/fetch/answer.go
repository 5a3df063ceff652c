package fetch

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/parley-im/parley/did"
)

// read checks an answer and returns its body. It reads at most limit + 1 bytes of it.
func read(resp *http.Response, limit int, types []string) ([]byte, error) {
	if err := checkStatus(resp); err != nil {
		return nil, err
	}
	if err := checkCoding(resp.Header); err != nil {
		return nil, err
	}
	if err := checkType(resp.Header, types); err != nil {
		return nil, err
	}
	if resp.ContentLength > int64(limit) {
		return nil, tooLong(limit)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(body) > limit {
		return nil, tooLong(limit)
	}
	return body, nil
}

func tooLong(limit int) error {
	return fmt.Errorf("%w: the answer is longer than %d bytes", did.ErrInvalid, limit)
}

func checkStatus(resp *http.Response) error {
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusNotFound, code == http.StatusGone:
		return fmt.Errorf("%w: HTTP status %d", did.ErrNotFound, code)
	case code >= 300 && code <= 399:
		return fmt.Errorf("HTTP status %d, a redirect to %q: redirects are not followed", code, redirectHost(resp))
	default:
		return fmt.Errorf("HTTP status %d", code)
	}
}

// redirectHost returns the host that a redirect names, for people, or what stands in its place.
func redirectHost(resp *http.Response) string {
	location := resp.Header.Get("Location")
	u, err := url.Parse(location)
	switch {
	case err != nil:
		return clip(location)
	case u.Host == "":
		return clip(resp.Request.URL.Host)
	default:
		return clip(u.Host)
	}
}

// checkCoding refuses what would have to be inflated. None was asked for.
func checkCoding(h http.Header) error {
	for _, coding := range h.Values("Content-Encoding") {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return fmt.Errorf("%w: the answer has the content coding %q, which was not asked for", did.ErrInvalid, clip(coding))
		}
	}
	return nil
}

func checkType(h http.Header, types []string) error {
	if len(types) == 0 {
		return nil
	}
	given := h.Values("Content-Type")
	if len(given) != 1 {
		return fmt.Errorf("%w: the answer has %d media types, want one of %s",
			did.ErrInvalid, len(given), strings.Join(types, ", "))
	}
	kind, _, err := mime.ParseMediaType(given[0])
	if err != nil || !slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, kind) }) {
		return fmt.Errorf("%w: the answer has the media type %q, want one of %s",
			did.ErrInvalid, clip(given[0]), strings.Join(types, ", "))
	}
	return nil
}
