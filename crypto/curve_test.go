package crypto_test

import (
	"testing"

	"github.com/parley-im/parley/crypto"
)

// allCurves is every supported curve, in the order of their constants.
var allCurves = []crypto.Curve{
	crypto.X25519, crypto.Ed25519, crypto.P256, crypto.P384, crypto.P521, crypto.Secp256k1,
}

func TestCurve(t *testing.T) {
	t.Parallel()
	tests := []struct {
		curve       crypto.Curve
		name        string
		sign, agree bool
	}{
		{crypto.X25519, "X25519", false, true},
		{crypto.Ed25519, "Ed25519", true, false},
		{crypto.P256, "P-256", true, true},
		{crypto.P384, "P-384", true, true},
		{crypto.P521, "P-521", true, true},
		{crypto.Secp256k1, "secp256k1", true, false},
		{0, "Curve(0)", false, false},
		{-1, "Curve(-1)", false, false},
		{7, "Curve(7)", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.curve.String(); got != tt.name {
				t.Errorf("String() = %q, want %q", got, tt.name)
			}
			if got := tt.curve.CanSign(); got != tt.sign {
				t.Errorf("CanSign() = %v, want %v", got, tt.sign)
			}
			if got := tt.curve.CanAgree(); got != tt.agree {
				t.Errorf("CanAgree() = %v, want %v", got, tt.agree)
			}
		})
	}
}

func TestInvalidCurveIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []crypto.Curve{0, -1, 7, 1 << 30} {
		if _, err := crypto.NewPublicKey(c, make([]byte, 32)); err == nil {
			t.Errorf("NewPublicKey(%v) succeeded", c)
		}
		if _, err := crypto.NewPrivateKey(c, make([]byte, 32)); err == nil {
			t.Errorf("NewPrivateKey(%v) succeeded", c)
		}
		if _, err := crypto.GenerateKey(c); err == nil {
			t.Errorf("GenerateKey(%v) succeeded", c)
		}
	}
}

// forEachCurve runs f as a parallel subtest for every curve with a fresh key on it.
func forEachCurve(t *testing.T, f func(t *testing.T, k crypto.PrivateKey)) {
	t.Helper()
	for _, c := range allCurves {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			f(t, mustGenerate(t, c))
		})
	}
}

func mustGenerate(t testing.TB, c crypto.Curve) crypto.PrivateKey {
	t.Helper()
	k, err := crypto.GenerateKey(c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
