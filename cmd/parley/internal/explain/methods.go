package explain

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didweb"
	"github.com/parley-im/parley/did/didwebvh"
)

// method knows the text of one method's DIDs. parts splits what follows "did:NAME:".
type method struct {
	trust    string
	parts    func(body string) []Part
	location func(id did.DID) (string, error)
}

var methods = map[string]method{
	"key":  {trust: "the DID is the key itself: nothing can change, and nobody has to be asked", parts: keyParts},
	"jwk":  {trust: "the DID is the key itself: nothing can change, and nobody has to be asked", parts: jwkParts},
	"peer": {trust: "the DID carries its document or the hash of it: nothing can change, and nobody has to be asked", parts: peerParts},
	"web": {
		trust: "whoever controls the host says what the keys are, and can change them: a contact's keys are pinned when " +
			"they are first seen, and a change has to be accepted",
		parts: webParts, location: didweb.URL,
	},
	"webvh": {
		trust: "the DID names the first entry of a log in which every change is signed with keys of the entry before: a " +
			"host can withhold news, but not change keys",
		parts: webvhParts, location: didwebvh.URL,
	},
	"plc": {
		trust: "the DID is the hash of the first operation of a log in which every change is signed with a rotation key: " +
			"the directory can withhold news, but not change keys",
		parts: plcParts,
	},
}

// other is every method that is not built in.
var other = method{
	trust: "a Universal Resolver says what the document is, and is believed",
	parts: func(body string) []Part { return []Part{{body, "the identifier, whose form the method defines"}} },
}

func keyParts(body string) []Part { return []Part{{body, describeMultikey(body)}} }

// describeMultikey says what a multibase public key is.
func describeMultikey(text string) string {
	key, err := crypto.ParseMultikey(text)
	if err != nil {
		return "should be a public key as multikey, and is none: " + err.Error()
	}
	return fmt.Sprintf("an %s public key, as multikey (base58btc)", key.Curve())
}

func jwkParts(body string) []Part {
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return []Part{{body, "should be a JSON Web Key in base64url, and is not base64url"}}
	}
	key, err := crypto.ParseJWK(text)
	if err != nil {
		return []Part{{body, "should be a JSON Web Key in base64url: " + err.Error()}}
	}
	return []Part{{body, fmt.Sprintf("an %s public key, as JSON Web Key in base64url", key.Curve())}}
}

// numalgos says what the first character of a did:peer means.
var numalgos = map[string]string{
	"0": "numalgo 0: one key, no services",
	"1": "numalgo 1: the hash of a first document",
	"2": "numalgo 2: keys and services, listed",
	"3": "numalgo 3: the short form of a numalgo 2, resolved by whoever has met that",
	"4": "numalgo 4: a document, and its hash",
}

func peerParts(body string) []Part {
	numalgo, rest := body[:1], body[1:]
	means, known := numalgos[numalgo]
	if !known {
		return []Part{{numalgo, "a numalgo that does not exist"}, {rest, "cannot be read"}}
	}
	parts := []Part{{numalgo, means}}
	switch numalgo {
	case "0":
		return append(parts, Part{rest, describeMultikey(rest)})
	case "2":
		return append(parts, elements(rest)...)
	case "4":
		hash, document, long := strings.Cut(rest, ":")
		parts = append(parts, Part{hash, "the hash of the document (SHA-256 as multihash): with it the short form ends"})
		if long {
			parts = append(parts, Part{":" + document, fmt.Sprintf("the document in base58btc, %d characters: the long form has it", len(document))})
		}
		return parts
	}
	return append(parts, Part{rest, "the hash (SHA-256 as multihash)"})
}

// purposes says what the elements of a numalgo 2 are for.
var purposes = map[byte]string{
	'V': "authentication", 'E': "key agreement", 'A': "assertion", 'I': "invoking capabilities", 'D': "delegating capabilities",
}

// maxParts is how many elements are told apart.
const maxParts = 64

func elements(rest string) []Part {
	var parts []Part
	for element := range strings.SplitSeq(strings.TrimPrefix(rest, "."), ".") {
		if len(parts) == maxParts {
			return append(parts, Part{"…", "more elements"})
		}
		parts = append(parts, Part{"." + element, describeElement(element)})
	}
	return parts
}

func describeElement(element string) string {
	if element == "" {
		return "an empty element, which is not allowed"
	}
	if element[0] != 'S' {
		purpose, ok := purposes[element[0]]
		if !ok {
			return fmt.Sprintf("an element of the unknown purpose %q", element[0])
		}
		return "for " + purpose + ": " + describeMultikey(element[1:])
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(element[1:], "="))
	if err != nil {
		return "should be a service in base64url, and is not base64url"
	}
	return "a service: " + clip(string(text))
}

func webParts(body string) []Part {
	host, path, deeper := strings.Cut(body, ":")
	parts := []Part{{host, "the host that has the document, fetched by https" + port(host)}}
	if deeper {
		parts = append(parts, Part{":" + path, "the folder of the document on the host"})
	}
	return parts
}

func webvhParts(body string) []Part {
	scid, rest, placed := strings.Cut(body, ":")
	parts := []Part{{scid, "the SCID: the hash of the log's first entry, which nobody can exchange"}}
	if !placed {
		return parts
	}
	host, path, deeper := strings.Cut(rest, ":")
	parts = append(parts, Part{":" + host, "the host that has the log, fetched by https" + port(host)})
	if deeper {
		parts = append(parts, Part{":" + path, "the folder of the log on the host"})
	}
	return parts
}

// port explains the encoded colon that stands before a port.
func port(host string) string {
	if _, number, ok := strings.Cut(strings.ToUpper(host), "%3A"); ok {
		return " at port " + number
	}
	return ""
}

func plcParts(body string) []Part {
	return []Part{{body, "the first 24 characters of the hash of the first operation (SHA-256, base32)"}}
}
