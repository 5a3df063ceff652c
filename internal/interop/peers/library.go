package peers

import "strings"

// Library is another implementation: where its program is, what installs it, and what it cannot do.
type Library struct {
	Name, Version, Registry string
	// Folder is the name of its program's folder here.
	Folder string
	// Title says what it is, in a few words.
	Title string

	tools   []string // programs without which it is not there
	install [][]string
	command []string
	lacks   func(f Form) string
	known   []Known
}

// Label is the library as tables call it: name, version and registry.
func (l Library) Label() string { return l.Name + " " + l.Version + " (" + l.Registry + ")" }

// Lacks returns why the library has no such form, and an empty string if it should have it.
func (l Library) Lacks(f Form) string {
	if l.lacks == nil {
		return ""
	}
	return l.lacks(f)
}

// Direction says who packs.
type Direction int

// The two directions of an exchange.
const (
	Theirs Direction = iota // they pack, we open
	Ours                    // we pack, they open
)

// Known is a failure that has been looked into. What fails in any other way, or elsewhere, is a new one.
type Known struct {
	// Why says what is wrong, and so with whom.
	Why string
	// Seldom says that most envelopes of the form work all the same.
	Seldom bool

	direction Direction
	forms     func(f Form) bool
	says      string // stands in the error
}

// Explains reports whether this is the failure that was seen.
func (k Known) Explains(failure error) bool { return strings.Contains(failure.Error(), k.says) }

// Known returns what is known to fail in a form and a direction, and nil if nothing is.
func (l Library) Known(f Form, d Direction) *Known {
	for _, k := range l.known {
		if k.direction == d && k.forms(f) {
			return &k
		}
	}
	return nil
}

// All returns every library, in the order of the tables.
func All() []Library {
	npm := [][]string{{"npm", "install", "--no-audit", "--no-fund", "--silent"}}
	cargo := [][]string{{"cargo", "build", "--release", "--quiet"}}
	return []Library{
		{
			Name: "didcomm-node", Version: "0.4.1", Registry: "npm", Folder: "didcomm-node", Title: "SICPA's Rust library in WebAssembly",
			tools: []string{"npm", "node"}, install: npm, command: []string{"node", "peer.js"},
			lacks: sicpaRust,
		},
		{
			Name: "didcomm", Version: "0.4.1", Registry: "crates.io", Folder: "didcomm-rust", Title: "SICPA's Rust library",
			tools: []string{"cargo"}, install: cargo, command: []string{"target/release/peer"},
			lacks: sicpaRust,
		},
		{
			Name: "didcomm", Version: "0.3.2", Registry: "PyPI", Folder: "didcomm-python", Title: "SICPA's Python library",
			tools:   []string{"python3"},
			install: [][]string{{"python3", "-m", "venv", "venv"}, {"venv/bin/pip", "install", "--quiet", "-r", "requirements.txt"}},
			command: []string{"venv/bin/python", "peer.py"},
			known:   sicpaPython,
		},
		{
			Name: "affinidi-messaging-didcomm", Version: "0.15.11", Registry: "crates.io", Folder: "affinidi", Title: "Affinidi's Rust library",
			tools: []string{"cargo"}, install: cargo, command: []string{"target/release/peer"},
			lacks: affinidi,
		},
		{
			Name: "@veramo/did-comm", Version: "7.0.1", Registry: "npm", Folder: "veramo", Title: "Veramo's TypeScript library",
			tools: []string{"npm", "node"}, install: npm, command: []string{"node", "peer.mjs"},
			lacks: veramo, known: veramoKnown,
		},
	}
}

func sicpaRust(f Form) string {
	if f.Curve == "P-384" || f.Curve == "P-521" {
		return "it has no " + f.Curve
	}
	return ""
}

var sicpaPython = []Known{
	{
		Why:       "it drops leading zero bytes of an ephemeral key's coordinates (RFC 7518, section 6.2.1.2); over P-521 three envelopes in four have some",
		direction: Theirs, says: "epk: jwk: member ", forms: func(f Form) bool { return f.Curve == "P-521" },
	},
	{
		Why: "it drops leading zero bytes of an ephemeral key's coordinates (RFC 7518, section 6.2.1.2); over P-256 and P-384 one envelope in 128 has some", Seldom: true,
		direction: Theirs, says: "epk: jwk: member ", forms: func(f Form) bool {
			return f.To != "" && (f.Curve == "P-256" || f.Curve == "P-384")
		},
	},
}

func affinidi(f Form) string {
	switch {
	case f.Enc != "" && f.Enc != "A256CBC-HS512":
		return "it has no " + f.Enc
	case f.Protect:
		return "it has no encryption within encryption"
	}
	return ""
}

func veramo(f Form) string {
	switch {
	case f.To != "" && f.Curve != "X25519":
		return "it agrees on keys over X25519 alone"
	case f.To == "" && f.Curve == "P-256":
		return "it signs with Ed25519 and secp256k1 alone"
	case f.Protect || f.SignBy != "" && f.To != "":
		return "it has one layer only"
	}
	return ""
}

var veramoKnown = []Known{
	{
		Why:       "it looks for the signer's kid in the protected header alone; it is in the unprotected one in DIDComm v2.1, Appendix C.2",
		direction: Ours, says: "sender is not a DID or does not match", forms: func(f Form) bool { return f.To == "" },
	},
	{
		Why:       "it writes no apv, which DIDComm v2.1 demands (ECDH-ES key wrapping)",
		direction: Theirs, says: "apv is not the hash", forms: func(f Form) bool { return f.To != "" && f.From == "" },
	},
	{
		Why:       "it writes no apv, and derives keys by draft 3 of ECDH-1PU, where DIDComm v2.1 demands draft 4",
		direction: Theirs, says: "apv is not the hash", forms: func(f Form) bool { return f.From != "" },
	},
	{
		Why:       "it derives keys by draft 3 of ECDH-1PU, without the tag, where DIDComm v2.1 demands draft 4",
		direction: Ours, says: "unable to decrypt", forms: func(f Form) bool { return f.From != "" },
	},
}
