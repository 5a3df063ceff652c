package fetch_test

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/parley-im/parley/did/fetch"
)

// certificate returns one that signs itself.
func certificate(t testing.TB, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// TestCertificates asks servers whose certificate must not do. Their handlers must never run.
func TestCertificates(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change    func(*x509.Certificate)
		config    *tls.Config
		untrusted bool
		host      string // the address when empty
		says      string
	}{
		"unknown authority": {change: func(*x509.Certificate) {}, untrusted: true, says: "unknown authority"},
		"expired":           {change: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, says: "expired"},
		"not yet valid":     {change: func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }, says: "not yet valid"},
		"other address":     {change: func(c *x509.Certificate) { c.IPAddresses[0] = net.IPv4(127, 0, 0, 2) }, says: "127.0.0.2"},
		"no address":        {change: func(c *x509.Certificate) { c.IPAddresses = nil }, says: "127.0.0.1"},
		"other name":        {change: func(c *x509.Certificate) { c.DNSNames = []string{"example.com"} }, host: "example.org", says: "example.org"},
		"names that steer a terminal": {change: func(c *x509.Certificate) {
			c.DNSNames = []string{"\x1b]0;owned\a.example\r\n"}
		}, host: "example.com", says: "owned"},
		"for clients": {change: func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}, says: "key usage"},
		"TLS 1.1": {change: func(*x509.Certificate) {}, config: &tls.Config{
			MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
		}, says: "version"},
		"wants ours": {change: func(*x509.Certificate) {}, config: &tls.Config{ClientAuth: tls.RequireAnyClientCert}, says: "certificate required"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := certificate(t, test.change)
			s := &server{Server: httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				t.Error("the request was sent")
			}))}
			s.TLS = cmp.Or(test.config, new(tls.Config)).Clone()
			s.TLS.Certificates = []tls.Certificate{own}
			s.Config.ErrorLog = discard
			s.StartTLS()
			t.Cleanup(s.Close)
			roots := x509.NewCertPool()
			if !test.untrusted {
				roots.AddCert(own.Leaf)
			}
			c := client(t, fetch.Options{Roots: roots, AllowPrivate: true, Resolver: names(t, loopback)})
			_, err := c.Fetch(t.Context(), s.at(cmp.Or(test.host, "127.0.0.1")), 10)
			wantError(t, err, nil, test.says)
		})
	}
}

// TestSystemRoots makes sure that no pool means the system's, which does not have the test server.
func TestSystemRoots(t *testing.T) {
	t.Parallel()
	s := serve(t, false, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") })
	_, err := client(t, fetch.Options{AllowPrivate: true}).Fetch(t.Context(), s.URL, 10)
	wantError(t, err, nil, "unknown authority")
}
