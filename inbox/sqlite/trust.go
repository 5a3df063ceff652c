package sqlite

import (
	"sync"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/inbox"
)

// trust encodes what schema version 3 knows of a contact's keys.
func (e *encoder) trust(c *inbox.Contact) {
	e.keys(c.Keys)
	e.text(c.Version)
	e.time(c.Verified)
	e.bool(c.Offer != nil)
	if c.Offer != nil {
		e.keys(c.Offer.Keys)
		e.text(c.Offer.Version)
		e.time(c.Offer.At)
		e.bool(c.Offer.WasVerified)
	}
	e.int(int64(len(c.History)))
	for _, event := range c.History {
		e.time(event.At)
		e.int(int64(event.How))
		e.bytes(event.Keys[:])
	}
	e.did(c.Ours)
}

func (d *decoder) trust(c *inbox.Contact, p *parsedKeys) {
	c.Keys, c.Version, c.Verified = d.keys(p), d.text(), d.time()
	if d.bool() {
		c.Offer = &inbox.Offer{Keys: d.keys(p), Version: d.text(), At: d.time(), WasVerified: d.bool()}
	}
	for n := d.int(); n > 0 && d.err == nil; n-- {
		event := inbox.KeyEvent{At: d.time(), How: inbox.KeyCause(d.int())}
		copy(event.Keys[:], d.bytes())
		c.History = append(c.History, event)
	}
	c.Ours = d.did()
}

// keys are kept as multikeys, which are the same in every version.
func (e *encoder) keys(keys []crypto.PublicKey) {
	e.int(int64(len(keys)))
	for _, k := range keys {
		e.text(k.Multikey())
	}
}

func (d *decoder) keys(p *parsedKeys) (keys []crypto.PublicKey) {
	for n := d.int(); n > 0 && d.err == nil; n-- {
		k, err := p.parse(d.bytes())
		if err != nil {
			d.err = errCodec
			return nil
		}
		keys = append(keys, k)
	}
	return keys
}

// maxParsed is how many keys are kept parsed, some 250 bytes each.
const maxParsed = 16_384

// parsedKeys are keys that were parsed before: the arithmetic of checking one costs more than all else of reading a
// contact. It is safe for concurrent use.
type parsedKeys struct {
	mu   sync.Mutex
	keys map[string]crypto.PublicKey // guarded by mu; by their multikeys
}

func (p *parsedKeys) parse(multikey []byte) (crypto.PublicKey, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k, known := p.keys[string(multikey)]; known {
		return k, nil
	}
	k, err := crypto.ParseMultikey(string(multikey))
	if err != nil {
		return k, err
	}
	if p.keys == nil || len(p.keys) >= maxParsed {
		p.keys = make(map[string]crypto.PublicKey)
	}
	p.keys[string(multikey)] = k
	return k, nil
}
