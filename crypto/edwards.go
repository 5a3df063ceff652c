package crypto

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// The field and the curve constant of edwards25519, RFC 8032 section 5.1.
var (
	one    = big.NewInt(1)
	fieldP = new(big.Int).Sub(new(big.Int).Lsh(one, 255), big.NewInt(19))
	edD    = edwardsD()
)

// edwardsD returns -121665/121666.
func edwardsD() *big.Int {
	d := new(big.Int).ModInverse(big.NewInt(121666), fieldP)
	return d.Mod(d.Mul(d, big.NewInt(-121665)), fieldP)
}

// edwardsY returns the y coordinate of an encoded point, which must be below p.
func edwardsY(raw []byte) (*big.Int, error) {
	if len(raw) != 32 {
		return nil, fmt.Errorf("%d bytes, want 32", len(raw))
	}
	be := slices.Clone(raw)
	slices.Reverse(be)
	be[0] &= 0x7f
	y := new(big.Int).SetBytes(be)
	if y.Cmp(fieldP) >= 0 {
		return nil, errors.New("not the canonical encoding of a point")
	}
	return y, nil
}

// checkEd25519 refuses encodings that are not canonical, not on the curve or of small order. It
// takes variable time: public values only.
func checkEd25519(raw []byte) error {
	y, err := edwardsY(raw)
	if err != nil {
		return err
	}
	yy := new(big.Int).Mul(y, y)
	yy.Mod(yy, fieldP)
	dyy := new(big.Int).Mul(edD, yy)

	// x² = (y²-1)/(dy²+1) must be a square, and so must the product. It is zero for y = ±1,
	// the points of order 1 and 2.
	product := new(big.Int).Add(dyy, one)
	product.Mul(product, new(big.Int).Sub(yy, one))
	switch big.Jacobi(product.Mod(product, fieldP), fieldP) {
	case 0:
		return errSmallOrder
	case -1:
		return errors.New("not a point on the curve")
	}

	// Order 4 is y = 0. Order 8 doubles to order 4, so x² = -y², and with the curve equation
	// dy⁴ + 2y² - 1 = 0.
	quartic := dyy.Mul(dyy, yy)
	quartic.Add(quartic, yy).Add(quartic, yy).Sub(quartic, one)
	if y.Sign() == 0 || quartic.Mod(quartic, fieldP).Sign() == 0 {
		return errSmallOrder
	}
	return nil
}

var errSmallOrder = errors.New("point of small order")

// X25519 returns the key-agreement key that belongs to an Ed25519 key by the birational map
// u = (1+y)/(1-y) of RFC 7748 section 4.1, as did:key derives it. It is an error for other
// curves.
func (k PublicKey) X25519() (PublicKey, error) {
	if k.curve != Ed25519 {
		return PublicKey{}, fmt.Errorf("no X25519 key derives from a key on %v, want Ed25519", k.curve)
	}
	y, err := edwardsY([]byte(k.raw))
	if err != nil {
		return PublicKey{}, fmt.Errorf("derive X25519: %w", err)
	}
	den := new(big.Int).Sub(one, y)
	u := new(big.Int).ModInverse(den.Mod(den, fieldP), fieldP) // y ≠ 1: checked when the key was made
	u.Mul(u, y.Add(y, one)).Mod(u, fieldP)
	raw := u.FillBytes(make([]byte, 32))
	slices.Reverse(raw)
	return NewPublicKey(X25519, raw)
}
