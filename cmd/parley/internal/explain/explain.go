package explain

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
	"github.com/parley-im/parley/messaging/p2p"
)

// maxText is how much of a text of others stands in a report.
const maxText = 160

// DID explains the DID in text, and what r resolves it to.
func DID(ctx context.Context, r did.Resolver, text string) Report {
	rep := Report{V: Version, DID: text}
	id, err := did.Parse(text)
	if err != nil {
		rep.DID = clip(text)
		rep.wrong(err.Error())
		if end := strings.IndexAny(text, "/?#"); end > 0 {
			if id, err := did.Parse(text[:end]); err == nil {
				rep.remark("this is a DID URL, which leads into the document of a DID: " + clip(id.String()))
			}
		}
		return rep
	}
	rep.identify(id)
	doc, err := r.Resolve(ctx, id)
	if err != nil {
		rep.unresolved(id, err)
		return rep
	}
	rep.document(doc)
	slices.SortStableFunc(rep.Problems, func(a, b Problem) int {
		switch {
		case a.Grave == b.Grave:
			return 0
		case a.Grave:
			return -1
		}
		return 1
	})
	return rep
}

// identify explains the text.
func (r *Report) identify(id did.DID) {
	r.Method = id.Method()
	m, known := methods[r.Method]
	if !known {
		m = other
	}
	r.Trust = m.trust
	prefix := "did:" + r.Method + ":"
	r.Parts = []Part{{"did:", "a decentralized identifier"}, {r.Method + ":", "of the method " + r.Method}}
	for _, p := range m.parts(strings.TrimPrefix(id.String(), prefix)) {
		p.Text = clip(p.Text)
		r.Parts = append(r.Parts, p)
	}
	if m.location == nil {
		return
	}
	if url, err := m.location(id); err == nil {
		r.Location = url
	}
}

// unresolved says why there is no document.
func (r *Report) unresolved(id did.DID, err error) {
	r.wrong(err.Error())
	switch {
	case errors.Is(err, did.ErrMethod) && r.Method == "plc":
		r.remark("a did:plc needs the URL of a directory: PARLEY_PLC_DIRECTORY=https://plc.directory")
	case errors.Is(err, did.ErrMethod) && methods[r.Method].parts == nil:
		r.remark("methods that are not built in need a Universal Resolver: PARLEY_RESOLVER=https://HOST/1.0/identifiers")
	case errors.Is(err, did.ErrUnsafe):
		r.remark("hosts of private networks are asked with --allow-private-networks only")
	case errors.Is(err, did.ErrNotFound) && r.Method == "peer" && !id.IsLong():
		r.remark("this is a short form: it says who somebody is, and not their keys; ask them for the long form")
	}
}

// document explains what the DID resolves to.
func (r *Report) document(doc *did.Document) {
	r.LogVersion, r.KeySet = doc.Version(), KeySet(doc)
	for _, other := range doc.AlsoKnownAs() {
		if other.Same(doc.ID()) {
			r.OtherForm = clip(other.String())
			continue
		}
		r.AlsoKnownAs = append(r.AlsoKnownAs, clip(other.String()))
	}
	r.keys(doc)
	r.services(doc)
}

// KeySet is the fingerprint of the keys of a document that a contact is pinned to, in hex; empty if it has none.
func KeySet(doc *did.Document) string {
	pins := doc.Pins()
	if len(pins) == 0 {
		return ""
	}
	set := inbox.KeySet(pins)
	return hex.EncodeToString(set[:])
}

// ourCurve is that of the agreement keys of our wallets: what they encrypt with.
const ourCurve = crypto.X25519

func (r *Report) keys(doc *did.Document) {
	auth, agree := doc.Authentication(), doc.KeyAgreement()
	common := slices.ContainsFunc(agree, func(m did.VerificationMethod) bool { return m.Key.Curve() == ourCurve })
	for _, m := range doc.Methods() {
		same := func(other did.VerificationMethod) bool { return other.ID == m.ID }
		k := Key{ID: "#" + m.ID.Fragment, Curve: m.Key.Curve().String(), DIDComm: "not used: the document allows it for neither"}
		print := m.Key.Fingerprint()
		k.Fingerprint = hex.EncodeToString(print[:])
		var does []string
		if slices.ContainsFunc(auth, same) {
			k.Uses = append(k.Uses, "authentication")
			does = append(does, "proves who speaks: greetings and signed messages")
		}
		if slices.ContainsFunc(agree, same) {
			k.Uses = append(k.Uses, "keyAgreement")
			if m.Key.Curve() == ourCurve {
				does = append(does, "messages are encrypted to it")
			} else {
				does = append(does, "messages from wallets with "+m.Key.Curve().String()+" keys are encrypted to it; ours have X25519")
			}
		}
		if len(does) > 0 {
			k.DIDComm = strings.Join(does, "; ")
		}
		r.Keys = append(r.Keys, k)
	}
	r.leftOut(doc)
	switch {
	case len(agree) == 0:
		r.wrong("it has no keyAgreement key that can be used: nothing can be encrypted to it")
	case !common:
		r.wrong("it has no X25519 keyAgreement key: a wallet of Parley has no key of the same kind to encrypt with")
	}
	if len(auth) == 0 {
		r.wrong("it has no authentication key that can be used: it cannot prove who it is in a greeting")
	}
}

// leftOut finds the keys that stand in the document and are not used.
func (r *Report) leftOut(doc *did.Document) {
	type method struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	var raw struct {
		Methods []method `json:"verificationMethod"`
	}
	if json.Unmarshal(doc.JSON(), &raw) != nil {
		return
	}
	for _, m := range raw.Methods {
		_, fragment, _ := strings.Cut(m.ID, "#")
		known := func(k Key) bool { return k.ID == "#"+fragment }
		if slices.ContainsFunc(r.Keys, known) {
			continue
		}
		r.Keys = append(r.Keys, Key{ID: clip(m.ID), DIDComm: "left out: its type or text cannot be read, or it is of another DID"})
		r.remark(fmt.Sprintf("the key %s of type %s is left out", clip(m.ID), clip(m.Type)))
	}
}

func (r *Report) services(doc *did.Document) {
	reachable := false
	for _, s := range doc.Services() {
		if len(s.Endpoints) == 0 {
			r.Services = append(r.Services, Service{ID: r.relative(doc, s.ID), Type: clip(s.Type), Reach: "not for DIDComm v2"})
		}
		for _, e := range s.Endpoints {
			reach, ok := reachOf(e)
			reachable = reachable || ok
			r.Services = append(r.Services, Service{
				ID: r.relative(doc, s.ID), Type: clip(s.Type), URI: clip(e.URI), Accept: e.Accept,
				RoutingKeys: e.RoutingKeys, MultiAddrs: e.MultiAddrs, Reach: reach,
			})
		}
	}
	switch {
	case len(doc.DIDComm()) == 0:
		r.wrong("it has no DIDCommMessaging service: it says nowhere how to reach it")
	case !reachable:
		r.wrong("none of its endpoints is one that Parley delivers to")
	}
}

func (r *Report) relative(doc *did.Document, id string) string {
	return clip(strings.TrimPrefix(id, doc.ID().String()))
}

// reachOf says whether we deliver to an endpoint, as messaging.Node does.
func reachOf(e did.Endpoint) (string, bool) {
	scheme, _, _ := strings.Cut(e.URI, ":")
	switch {
	case len(e.Accept) > 0 && !slices.Contains(e.Accept, "didcomm/v2"):
		return "not used: it does not accept didcomm/v2", false
	case len(e.RoutingKeys) > 0:
		return "not used: it is behind a mediator, which is not supported yet", false
	case strings.HasPrefix(e.URI, p2p.ServiceURI("")):
		return "direct, over libp2p", true
	case scheme == "did":
		return "not used: it is behind a mediator, which is not supported yet", false
	}
	return "not used: Parley does not deliver by " + clip(scheme) + " yet", false
}

// clip cuts a text of others.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText-24], "") + "…" + strings.ToValidUTF8(s[len(s)-16:], "")
}
