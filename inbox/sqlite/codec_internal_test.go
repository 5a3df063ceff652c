package sqlite

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/inbox"
)

func TestCodecRoundTrip(t *testing.T) {
	t.Parallel()
	times := []time.Time{
		{}, time.Unix(0, 0), time.Unix(math.MaxInt32, 999_999_999), time.Unix(-5, 1), time.Unix(1<<60, 7), time.Unix(-1<<50, 7),
	}
	ints := []int64{0, 1, -1, math.MaxInt64, math.MinInt64}
	id := did.MustParse("did:example:a")
	var e encoder
	for i := range times {
		e.time(times[i])
	}
	for _, n := range ints {
		e.int(n)
	}
	e.did(id)
	e.did(did.DID{})
	e.bool(true)
	e.bool(false)
	e.text("text\x00")
	e.bytes(nil)
	d := decoder{rest: e}
	for _, want := range times {
		if got := d.time(); !got.Equal(want) || got.IsZero() != want.IsZero() {
			t.Errorf("time %v, want %v", got, want)
		}
	}
	for _, want := range ints {
		if got := d.int(); got != want {
			t.Errorf("int %d, want %d", got, want)
		}
	}
	if d.did() != id || !d.did().IsZero() || !d.bool() || d.bool() || d.text() != "text\x00" || len(d.bytes()) != 0 {
		t.Error("a field changed")
	}
	if err := d.end(); err != nil {
		t.Error(err)
	}
}

func TestCodecRefuses(t *testing.T) {
	t.Parallel()
	full := encodeBody(&inbox.Entry{Owner: did.MustParse("did:example:a"), Payload: []byte("payload")})
	for n := range full {
		if _, err := decodeBody(decoder{rest: full[:n]}); !errors.Is(err, errCodec) {
			t.Errorf("%d of %d bytes: err = %v, want errCodec", n, len(full), err)
		}
	}
	if _, err := decodeBody(decoder{rest: append(bytes.Clone(full), 0)}); !errors.Is(err, errCodec) {
		t.Errorf("a byte too many: err = %v, want errCodec", err)
	}
	for name, text := range map[string][]byte{
		"no DID": {2, 'x', 'y'}, "length beyond the end": {200, 1, 'x'}, "length that overflows": bytes.Repeat([]byte{0xff}, 11),
	} {
		d := decoder{rest: text}
		if d.did(); d.end() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzDecode decodes any text as every kind of row: an error, or a row that encodes to itself.
func FuzzDecode(f *testing.F) {
	f.Add(encodeBody(&inbox.Entry{Owner: did.MustParse("did:example:a"), Payload: []byte("payload"), Created: time.Unix(5, 6)}))
	f.Add(encodeContact(inbox.Contact{Name: "bob", Pins: [][32]byte{{1}}, Addresses: []string{"a"}}))
	f.Add(encodeContact(inbox.Contact{Name: "bob", DisplayName: "Bob", Receipts: inbox.ReceiptsAll, Life: inbox.Life{Count: 1}}))
	f.Add(encodeContact(trustedContact()))
	f.Add(encodeRequest(&inbox.Request{Entry: inbox.Entry{MessageID: "m", Payload: []byte("p")}, Pins: [][32]byte{{1}}}))
	f.Add(encodeMessage(&inbox.Parcel{Owner: did.MustParse("did:example:a"), MessageID: "m", Payload: []byte("p")}))
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	v := testVault(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		if e, err := decodeBody(decoder{rest: text}); err == nil {
			again, err := decodeBody(decoder{rest: encodeBody(&e)})
			if err != nil || again.MessageID != e.MessageID || !bytes.Equal(again.Payload, e.Payload) || !again.Created.Equal(e.Created) {
				t.Errorf("entry changed: %v", err)
			}
		}
		contact := contactRow{id: 1}
		contact.sealed = v.seal(text, contact.binding())
		if c, err := contact.open(v); err == nil && len(c.Pins)+len(c.Addresses)+len(c.Keys)+len(c.History) > len(text) {
			t.Errorf("%d pins, %d addresses, %d keys and %d events of %d bytes", len(c.Pins), len(c.Addresses), len(c.Keys), len(c.History), len(text))
		} else if err != nil && !errors.Is(err, inbox.ErrDamaged) {
			t.Errorf("err = %v, want ErrDamaged", err)
		}
		request := requestRow{id: 1}
		request.sealed = v.seal(text, request.binding())
		if r, err := request.open(v); err == nil && len(r.Pins)+len(r.Addresses)+len(r.Payload) > len(text) {
			t.Errorf("%d pins, %d addresses and %d bytes of %d bytes", len(r.Pins), len(r.Addresses), len(r.Payload), len(text))
		}
		if e, err := decodeBody(decoder{rest: text}); err == nil && !bytes.Equal(bodyPayload(decoder{rest: text}), e.Payload) {
			t.Error("the payload alone is another than that of the entry")
		}
		parcel := parcelRow{seq: 1}
		parcel.sealed = v.seal(text, parcel.binding())
		if err := parcel.open(v); err != nil && !errors.Is(err, inbox.ErrDamaged) {
			t.Errorf("err = %v, want ErrDamaged", err)
		}
	})
}

func TestMicros(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.UTC)
	if got := fromMicros(micros(now)); !got.Equal(now.Truncate(time.Microsecond)) {
		t.Errorf("%v became %v", now, got)
	}
	if micros(time.Time{}) != atOnce || !fromMicros(atOnce).IsZero() {
		t.Error("the zero time is not at once")
	}
	last := int64(math.MinInt64)
	for _, at := range []time.Time{
		time.Unix(math.MinInt64/4, 0), time.Unix(-1<<40, 0), now, time.Unix(1<<40, 0), time.Unix(math.MaxInt64/4, 0),
	} {
		n := micros(at)
		if n < last || n == never {
			t.Errorf("%v is %d, after %d", at, n, last)
		}
		last = n
	}
}

func TestSealing(t *testing.T) {
	t.Parallel()
	v := testVault(t)
	b := bind("table", 7).ints(1).hashes([]byte("hash"))
	one, two := v.seal([]byte("text"), b), v.seal([]byte("text"), b)
	if bytes.Equal(one, two) {
		t.Error("two blobs of one text are equal")
	}
	d, err := v.open(one, b, "table", 7)
	if err != nil || string(d.rest) != "text" {
		t.Errorf("opened %q, err %v", d.rest, err)
	}
	for name, other := range map[string]binding{
		"table": bind("tables", 7).ints(1).hashes([]byte("hash")), "seq": bind("table", 8).ints(1).hashes([]byte("hash")),
		"int": bind("table", 7).ints(2).hashes([]byte("hash")), "hash": bind("table", 7).ints(1).hashes([]byte("hasH")),
		"split": bind("table", 7).ints(1).hashes([]byte("has"), []byte("h")), "less": bind("table", 7).ints(1),
	} {
		if _, err := v.open(one, other, "table", 7); !errors.Is(err, inbox.ErrDamaged) {
			t.Errorf("another %s: err = %v, want ErrDamaged", name, err)
		}
	}
	for n := range headSize + 17 {
		if _, err := v.open(one[:n], b, "table", 7); !errors.Is(err, inbox.ErrDamaged) {
			t.Errorf("%d bytes: err = %v, want ErrDamaged", n, err)
		}
	}
	if bytes.Equal(v.hash(entryOwner, "a"), v.hash(entrySender, "a")) || bytes.Equal(v.hash(entryOwner, "a", "b"), v.hash(entryOwner, "ab")) {
		t.Error("hashes of different things are equal")
	}
}
