package envelope

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/crypto/jose"
)

// Options says how Seal seals. The combinations that exist are listed in the package
// documentation; all others are refused.
type Options struct {
	// To are the keys to encrypt to: at most MaxRecipients, of one DID and on one curve.
	To []Recipient
	// From is the kid of our key to authenticate with, on the curve of To. Empty: anoncrypt.
	From string
	// Signer is the kid of our key to sign with. Together with From it must be of one DID.
	Signer string
	// ProtectSender hides From from the network in an outer anoncrypt.
	ProtectSender bool
	// Enc encrypts the content of anoncrypt, the outer one with ProtectSender. Authcrypt has only
	// A256CBCHS512, the zero value.
	Enc ContentEncryption
	// ForAries makes anoncrypt for several recipients open in aries-framework-go, which looks for parameters in
	// unprotected headers. Nobody who is strict opens it, Open included: use it for an aries agent alone.
	ForAries bool
}

// Seal protects payload, a JSON object of a DIDComm plaintext, as o says; k holds our own keys.
// Each layer adds a third and some, so a payload that is near MaxSize does not fit: ErrTooLarge.
// Other errors are mistakes in o, ErrMalformed for the payload, or come from k and are wrapped. It
// may be called concurrently.
func Seal(ctx context.Context, k crypto.KeyStore, payload []byte, o Options) ([]byte, error) {
	sealed, err := seal(ctx, k, payload, o)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return sealed, nil
}

func seal(ctx context.Context, k crypto.KeyStore, payload []byte, o Options) ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	doc, err := jose.Parse(payload)
	if err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	if doc.JWE != nil || doc.JWS != nil {
		return nil, fmt.Errorf("payload: %w: already sealed", ErrMalformed)
	}
	out := payload
	if o.Signer != "" {
		if out, err = sign(ctx, k, out, o.Signer); err != nil {
			return nil, err
		}
	}
	if o.From != "" {
		if out, err = authcrypt(ctx, k, out, o); err != nil {
			return nil, err
		}
	}
	if len(o.To) > 0 && (o.From == "" || o.ProtectSender) {
		return anoncrypt(out, o)
	}
	return out, nil
}

// check refuses every combination that is not in the table of the package documentation.
func (o *Options) check() error {
	switch {
	case len(o.To) == 0 && o.Signer == "":
		return errors.New("nothing to do: set To, Signer or both")
	case len(o.To) == 0 && (o.From != "" || o.ProtectSender || o.Enc != ""):
		return errors.New("without To there is no From, ProtectSender or Enc")
	case o.ProtectSender && o.From == "":
		return errors.New("without From there is no ProtectSender")
	case o.ProtectSender && o.Signer != "":
		return errors.New("not both ProtectSender and Signer: DIDComm has no anoncrypt(authcrypt(sign))")
	case o.From != "" && !o.ProtectSender && o.Enc != "" && o.Enc != A256CBCHS512:
		return fmt.Errorf("authcrypt with %s: leave Enc empty", o.Enc)
	case o.From != "" && o.Signer != "" && owner(o.From) != owner(o.Signer):
		return errors.New("the keys of From and Signer must be of one DID")
	}
	return o.checkRecipients()
}

func (o *Options) checkRecipients() error {
	if len(o.To) > MaxRecipients {
		return fmt.Errorf("%d recipient keys, at most %d", len(o.To), MaxRecipients)
	}
	seen := make(map[string]bool, len(o.To))
	for _, to := range o.To {
		switch first := o.To[0]; {
		case to.KID == "" || !utf8.ValidString(to.KID):
			return errors.New("a recipient without a valid kid")
		case seen[to.KID]:
			return fmt.Errorf("two recipients with the kid %q", to.KID)
		case !to.Key.Curve().CanAgree():
			return fmt.Errorf("recipient %q: %v keys are not for encryption", to.KID, to.Key.Curve())
		case to.Key.Curve() != first.Key.Curve():
			return errors.New("recipient keys on different curves: seal once per curve")
		case owner(to.KID) != owner(first.KID):
			return errors.New("recipient keys of different DIDs: seal once per DID")
		}
		seen[to.KID] = true
	}
	return nil
}

func sign(ctx context.Context, k crypto.KeyStore, payload []byte, kid string) ([]byte, error) {
	pub, err := k.Public(ctx, kid)
	if err != nil {
		return nil, fmt.Errorf("signer key: %w", err)
	}
	return jose.Sign(payload, jose.SignOptions{
		KID:   kid,
		Curve: pub.Curve(),
		Typ:   typePrefix + typeSigned,
		Sign:  func(message []byte) ([]byte, error) { return k.Sign(ctx, kid, message) },
	})
}

func authcrypt(ctx context.Context, k crypto.KeyStore, payload []byte, o Options) ([]byte, error) {
	pub, err := k.Public(ctx, o.From)
	if err != nil {
		return nil, fmt.Errorf("sender key: %w", err)
	}
	if to := o.To[0].Key.Curve(); pub.Curve() != to {
		return nil, fmt.Errorf("our sender key is on %v, the recipient's on %v", pub.Curve(), to)
	}
	return jose.Encrypt(payload, jose.EncryptOptions{
		To:  recipients(o.To),
		Typ: typePrefix + typeEncrypted,
		// DIDComm v2.1, "ECDH-1PU key wrapping and common protected headers".
		SKID: o.From,
		APU:  []byte(o.From),
		APV:  apv(o.To, func(r Recipient) string { return r.KID }),
		Sender: func(peer crypto.PublicKey) ([]byte, error) {
			return crypto.AgreeStatic(ctx, k, o.From, peer)
		},
	})
}

func anoncrypt(payload []byte, o Options) ([]byte, error) {
	return jose.Encrypt(payload, jose.EncryptOptions{
		To:  recipients(o.To),
		Enc: o.Enc,
		Typ: typePrefix + typeEncrypted,
		APV: apv(o.To, func(r Recipient) string { return r.KID }),

		ForAries: o.ForAries,
	})
}

func recipients(to []Recipient) []jose.RecipientKey {
	keys := make([]jose.RecipientKey, len(to))
	for i, r := range to {
		keys[i] = jose.RecipientKey(r)
	}
	return keys
}

// apv is the SHA-256 of the sorted kids, joined with dots (DIDComm v2.1, "ECDH-ES key wrapping
// and common protected headers").
func apv[R any](rs []R, kid func(R) string) []byte {
	kids := make([]string, len(rs))
	for i, r := range rs {
		kids[i] = kid(r)
	}
	slices.Sort(kids)
	sum := sha256.Sum256([]byte(strings.Join(kids, ".")))
	return sum[:]
}
