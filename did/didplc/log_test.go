package didplc_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
)

// cast are the keys of the logs below, by rank, and one that never has a say.
type cast struct{ top, mid, low, stranger crypto.PrivateKey }

func people(t testing.TB) cast {
	t.Helper()
	return cast{key(t, crypto.P256, 1), key(t, crypto.Secp256k1, 2), key(t, crypto.P256, 3), key(t, crypto.Secp256k1, 9)}
}

// named is an operation that the three control and that tells itself from others.
func (c cast) named(name string) object {
	return change(update(c.top, c.mid, c.low), object{"alsoKnownAs": []any{"at://" + name}})
}

// story is a log of four operations that holds.
func (c cast) story(t testing.TB) *audit {
	t.Helper()
	return (&audit{t: t}).add(0, sign(t, c.low, c.named("0"))).
		next(1, 0, c.named("1"), c.mid).next(2, 1, c.named("2"), c.low).next(3, 2, c.named("3"), c.top)
}

// TestForks plays every way in which a log may branch.
func TestForks(t *testing.T) {
	t.Parallel()
	c := people(t)
	grave := object{"type": "plc_tombstone"}
	begin := func() *audit { return (&audit{t: t}).add(0, sign(t, c.low, c.named("0"))) }
	for name, test := range map[string]struct {
		log  *audit
		last string // alias of the last operation, if the log holds
		want string // part of the error, if it does not
	}{
		"straight":                   {log: c.story(t), last: "3"},
		"recovery":                   {log: begin().next(1, 0, c.named("1"), c.low).next(2, 0, c.named("2"), c.mid).null(1), last: "2"},
		"of several":                 {log: begin().next(1, 0, c.named("1"), c.low).next(2, 1, c.named("2"), c.top).next(3, 0, c.named("3"), c.mid).null(1, 2), last: "3"},
		"of a recovery":              {log: begin().next(1, 0, c.named("1"), c.low).next(2, 0, c.named("2"), c.mid).next(3, 0, c.named("3"), c.top).null(1, 2), last: "3"},
		"in the middle":              {log: begin().next(1, 0, c.named("1"), c.low).next(2, 1, c.named("2"), c.low).next(3, 1, c.named("3"), c.mid).null(2), last: "3"},
		"within a nullified one":     {log: begin().next(1, 0, c.named("1"), c.low).next(2, 1, c.named("2"), c.low).next(3, 1, c.named("3"), c.mid).next(4, 0, c.named("4"), c.top).null(1, 2, 3), last: "4"},
		"goes on after it":           {log: begin().next(1, 0, c.named("1"), c.low).next(2, 0, c.named("2"), c.mid).next(900, 2, c.named("3"), c.low).null(1), last: "3"},
		"in 72 hours":                {log: begin().next(10, 0, c.named("1"), c.low).next(82, 0, c.named("2"), c.top).null(1), last: "2"},
		"after 72 hours":             {log: begin().next(10, 0, c.named("1"), c.low).next(82.001, 0, c.named("2"), c.top).null(1), want: "after they were made"},
		"72 hours of the first":      {log: begin().next(10, 0, c.named("1"), c.low).next(60, 1, c.named("2"), c.low).next(83, 0, c.named("3"), c.top).null(1, 2), want: "after they were made"},
		"long after what it goes on": {log: begin().next(500, 0, c.named("1"), c.low).next(501, 0, c.named("2"), c.top).null(1), last: "2"},
		"by the same key":            {log: begin().next(1, 0, c.named("1"), c.mid).next(2, 0, c.named("2"), c.mid).null(1), want: "no rotation key above"},
		"by a lower key":             {log: begin().next(1, 0, c.named("1"), c.mid).next(2, 0, c.named("2"), c.low).null(1), want: "no rotation key above"},
		"above the top":              {log: begin().next(1, 0, c.named("1"), c.top).next(2, 0, c.named("2"), c.top).null(1), want: "no rotation key above"},
		"by a stranger":              {log: begin().next(1, 0, c.named("1"), c.low).next(2, 0, c.named("2"), c.stranger).null(1), want: "no rotation key above"},
		"a recovery by its equal":    {log: begin().next(1, 0, c.named("1"), c.low).next(2, 0, c.named("2"), c.mid).next(3, 0, c.named("3"), c.mid).null(1, 2), want: "no rotation key above"},
		"continues a nullified one":  {log: begin().next(1, 0, c.named("1"), c.low).next(2, 0, c.named("2"), c.mid).next(3, 1, c.named("3"), c.top).null(1), want: "nullified operation"},
		"claimed and not":            {log: c.story(t).null(2), want: "claims nullified to be true"},
		"all claimed":                {log: begin().null(0), want: "claims nullified to be true"},
		"done and not claimed":       {log: begin().next(1, 0, c.named("1"), c.low).next(2, 0, c.named("2"), c.mid), want: "claims nullified to be false"},
		"keys taken away":            {log: begin().next(1, 0, update(c.top), c.low).next(2, 1, c.named("2"), c.low), want: "no rotation key of the operation before"},
		"no keys left":               {log: begin().next(1, 0, update(), c.top).next(2, 1, c.named("2"), c.top), want: "no rotation key of the operation before"},
		"frozen for good":            {log: begin().next(1, 0, change(update(), object{"alsoKnownAs": []any{"at://end"}}), c.top), last: "end"},
		"one key twice":              {log: (&audit{t: t}).add(0, sign(t, c.top, update(c.top, c.top))).next(1, 0, c.named("1"), c.top).next(2, 0, c.named("2"), c.top).null(1), want: "no rotation key above"},
		"grave undone":               {log: begin().next(1, 0, grave, c.low).next(2, 0, c.named("2"), c.mid).null(1), last: "2"},
		"grave undone too late":      {log: begin().next(1, 0, grave, c.low).next(74, 0, c.named("2"), c.mid).null(1), want: "after they were made"},
		"continues a grave":          {log: begin().next(1, 0, grave, c.low).next(2, 1, c.named("2"), c.top), want: "continues a tombstone"},
		"grave by a stranger":        {log: begin().next(1, 0, grave, c.stranger), want: "no rotation key of the operation before"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := resolve(t, test.log.id(), test.log.text())
			if test.want != "" {
				if !errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(doc.JSON()), `"alsoKnownAs":["at://`+test.last+`"]`) {
				t.Errorf("not the document of %s: %s", test.last, doc.JSON())
			}
			if want := test.log.version(len(test.log.lines) - 1); doc.Version() != want {
				t.Errorf("version %s, want %s", doc.Version(), want)
			}
		})
	}
}

// TestLegacy reads the older form of a first operation.
func TestLegacy(t *testing.T) {
	t.Parallel()
	c := people(t)
	op := object{
		"type": "create", "signingKey": didKey(c.low), "recoveryKey": didKey(c.top), "handle": "carol.example",
		"service": "pds.example", "prev": nil,
	}
	log := (&audit{t: t}).add(0, sign(t, c.low, op))
	doc, err := resolve(t, log.id(), log.text())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"at://carol.example"`, `"https://pds.example"`, log.id().String() + "#atproto_pds", didKey(c.low)[8:]} {
		if !strings.Contains(string(doc.JSON()), want) {
			t.Errorf("no %s in %s", want, doc.JSON())
		}
	}
	// The recovery key ranks above the signing key.
	log.next(1, 0, c.named("1"), c.low).next(2, 0, c.named("2"), c.top).null(1)
	if _, err := resolve(t, log.id(), log.text()); err != nil {
		t.Error(err)
	}
	bad := (&audit{t: t}).add(0, sign(t, c.low, op)).next(1, 0, c.named("1"), c.top).next(2, 0, c.named("2"), c.low).null(1)
	if _, err := resolve(t, bad.id(), bad.text()); !errors.Is(err, did.ErrInvalid) {
		t.Errorf("the signing key undid the recovery key: %v", err)
	}
	late := c.story(t)
	late.next(4, 3, op, c.top)
	if _, err := resolve(t, late.id(), late.text()); !errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), "create never") {
		t.Errorf("a create that continues: %v", err)
	}
}

// TestMutations changes one thing in a log that holds, with and without signing and hashing it anew.
func TestMutations(t *testing.T) {
	t.Parallel()
	c := people(t)
	sig := func(a *audit, i int) string { return a.lines[i]["operation"].(object)["sig"].(string) }
	// put replaces the operation of the last line, with the cid that belongs to it.
	put := func(a *audit, op object) {
		a.lines[3]["operation"], a.lines[3]["cid"] = op, cidOf(t, op)
	}
	over := func(o object) func(a *audit) {
		return func(a *audit) { put(a, sign(t, c.top, change(a.lines[3]["operation"].(object), o))) }
	}
	without := func(name string) func(a *audit) {
		return func(a *audit) {
			op := change(a.lines[3]["operation"].(object), nil)
			delete(op, name)
			put(a, sign(t, c.top, op))
		}
	}
	signature64 := func(encode func(sig []byte) string) func(a *audit) {
		return func(a *audit) {
			op := unsigned(a.lines[3]["operation"].(object))
			put(a, withSig(op, encode(signature(t, c.top, op, false))))
		}
	}
	strangers := update(c.stranger)
	for name, test := range map[string]struct {
		change func(a *audit)
		want   string
	}{
		"cid of another":     {func(a *audit) { a.lines[2]["cid"] = a.lines[1]["cid"] }, "operation 3: its cid is"},
		"cid left out":       {func(a *audit) { delete(a.lines[2], "cid") }, "operation 3: its cid is"},
		"cid in upper case":  {func(a *audit) { a.lines[3]["cid"] = strings.ToUpper(a.lines[3]["cid"].(string)) }, "operation 4: its cid is"},
		"did of another":     {func(a *audit) { a.lines[1]["did"] = idOf(strangers) }, "operation 2: it is of another DID"},
		"did left out":       {func(a *audit) { delete(a.lines[1], "did") }, "operation 2: it is of another DID"},
		"operation left out": {func(a *audit) { delete(a.lines[1], "operation") }, "operation 2: the operation is no JSON object"},
		"operation is null":  {func(a *audit) { a.lines[1]["operation"] = nil }, "operation 2: the operation is no JSON object"},
		"time of before":     {func(a *audit) { a.lines[3]["createdAt"] = "2026-03-01T12:30:00Z" }, "operation 4: its createdAt is not after"},
		"time of the one before": {
			func(a *audit) { a.lines[3]["createdAt"] = a.lines[2]["createdAt"] }, "operation 4: its createdAt is not after"},
		"no time":           {func(a *audit) { delete(a.lines[0], "createdAt") }, "operation 1: createdAt"},
		"a date":            {func(a *audit) { a.lines[0]["createdAt"] = "2026-03-01" }, "operation 1: createdAt"},
		"nullified is text": {func(a *audit) { a.lines[0]["nullified"] = "false" }, "operation 1"},
		"first one missing": {func(a *audit) { a.lines = a.lines[1:] }, "operation 1: it is no beginning"},
		"one missing":       {func(a *audit) { a.lines = append(a.lines[:1], a.lines[2:]...) }, "operation 2: it continues"},
		"one twice": {func(a *audit) {
			a.lines = append(a.lines, change(a.lines[3], object{"createdAt": "2026-04-01T00:00:00Z"}))
		}, "operation 5: it undoes others"},
		"order": {func(a *audit) { a.lines[2], a.lines[1] = a.lines[1], a.lines[2] }, "operation 2: it continues"},
		"another beginning": {func(a *audit) {
			a.next(9, 0, strangers, c.stranger)
			a.lines[4]["operation"] = sign(t, c.stranger, strangers)
		}, "operation 5: its cid is"},
		"two beginnings":       {func(a *audit) { a.add(9, sign(t, c.stranger, strangers)) }, "operation 5: it is a second beginning"},
		"signature of another": {func(a *audit) { put(a, withSig(a.lines[3]["operation"].(object), sig(a, 1))) }, "operation 4: no rotation key"},
		"signed by a stranger": {func(a *audit) { put(a, sign(t, c.stranger, a.lines[3]["operation"].(object))) }, "operation 4: no rotation key"},
		"alias changed": {func(a *audit) {
			put(a, change(a.lines[3]["operation"].(object), object{"alsoKnownAs": []any{"at://eve"}}))
		}, "operation 4: no rotation key"},
		"key added": {func(a *audit) {
			put(a, change(a.lines[3]["operation"].(object), object{"verificationMethods": object{"k": didKey(c.stranger)}}))
		}, "operation 4: no rotation key"},
		"changed, cid kept":     {func(a *audit) { a.lines[3]["operation"].(object)["alsoKnownAs"] = []any{"at://eve"} }, "operation 4: its cid is"},
		"prev unknown":          {over(object{"prev": cidOf(t, strangers)}), "operation 4: it continues"},
		"prev empty":            {over(object{"prev": ""}), `operation 4: it continues ""`},
		"prev in another base":  {over(object{"prev": "zdpuAs"}), "operation 4: it continues"},
		"unknown type":          {over(object{"type": "plc_future"}), `operation 4: operations of type "plc_future"`},
		"type is a list":        {over(object{"type": []any{"plc_operation"}}), "operation 4: operations of type"},
		"unknown member":        {over(object{"extra": "x"}), `operation 4: a plc_operation with an unknown member "extra"`},
		"member of another":     {over(object{"handle": "x"}), `operation 4: a plc_operation with an unknown member "handle"`},
		"no prev":               {without("prev"), `operation 4: a plc_operation without "prev"`},
		"no type":               {without("type"), "operation 4: operations of type"},
		"no rotation keys":      {without("rotationKeys"), `operation 4: a plc_operation without "rotationKeys"`},
		"no services":           {without("services"), `operation 4: a plc_operation without "services"`},
		"no signature":          {func(a *audit) { put(a, unsigned(a.lines[3]["operation"].(object))) }, `operation 4: a plc_operation without "sig"`},
		"keys are null":         {over(object{"rotationKeys": nil}), `operation 4: "rotationKeys" holds`},
		"a key is null":         {over(object{"rotationKeys": []any{nil}}), `operation 4: "rotationKeys" holds`},
		"an alias is a number":  {over(object{"alsoKnownAs": []any{1.0}}), `operation 4: "alsoKnownAs" holds`},
		"an alias is a list":    {over(object{"alsoKnownAs": []any{[]any{"x"}}}), "operation 4"},
		"methods are a list":    {over(object{"verificationMethods": []any{}}), "operation 4"},
		"a method is an object": {over(object{"verificationMethods": object{"a": object{}}}), "operation 4"},
		"service without type":  {over(object{"services": object{"a": object{"endpoint": "x"}}}), `operation 4: the service "a"`},
		"service with more":     {over(object{"services": object{"a": object{"endpoint": "x", "type": "x", "y": "z"}}}), `operation 4: the service "a"`},
		"service of others":     {over(object{"services": object{"a": object{"endpoint": "x", "kind": "x"}}}), "operation 4"},
		"service is text":       {over(object{"services": object{"a": "x"}}), `operation 4: the service "a"`},
		"endpoint is an object": {over(object{"services": object{"a": object{"type": "x", "endpoint": object{"uri": "x"}}}}), "operation 4"},
		"Ed25519 rotation key":  {over(object{"rotationKeys": []any{didKey(key(t, crypto.Ed25519, 4))}}), "operation 4: rotation key 1"},
		"broken rotation key":   {over(object{"rotationKeys": []any{didKey(c.top), "did:key:zDna"}}), "operation 4: rotation key 2"},
		"rotation key not did":  {over(object{"rotationKeys": []any{didKey(c.top)[8:]}}), "operation 4: rotation key 1"},
		"eleven rotation keys":  {over(update(c.top, c.top, c.top, c.top, c.top, c.top, c.top, c.top, c.top, c.top, c.top)), "more than 10 rotation keys"},
		"high s on P-256": {func(a *audit) {
			op := unsigned(a.lines[3]["operation"].(object))
			put(a, withSig(op, base64.RawURLEncoding.EncodeToString(signature(t, c.top, op, true))))
		}, "operation 4: no rotation key"},
		"high s on secp256k1": {func(a *audit) {
			op := unsigned(a.lines[3]["operation"].(object))
			put(a, withSig(op, base64.RawURLEncoding.EncodeToString(signature(t, c.mid, op, true))))
		}, "operation 4: no rotation key"},
		"padded":       {signature64(base64.URLEncoding.EncodeToString), "operation 4: sig is not base64url"},
		"base64":       {signature64(func(s []byte) string { return base64.StdEncoding.EncodeToString(s)[:85] + "+" }), "operation 4: sig is not base64url"},
		"line break":   {signature64(func(s []byte) string { return base64.RawURLEncoding.EncodeToString(s) + "\n" }), "operation 4: sig is not base64url"},
		"stray bits":   {signature64(func(s []byte) string { return stray(base64.RawURLEncoding.EncodeToString(s)) }), "operation 4: sig is not base64url"},
		"hex":          {signature64(func(s []byte) string { return fmt.Sprintf("%x", s) }), "operation 4: sig is not base64url"},
		"a byte short": {signature64(func(s []byte) string { return base64.RawURLEncoding.EncodeToString(s[1:]) }), "operation 4: sig is not base64url"},
		"DER": {signature64(func(s []byte) string {
			return base64.RawURLEncoding.EncodeToString(append([]byte{0x30, 0x44, 2, 0x20}, s...))
		}), "operation 4: sig is not base64url"},
		"all zero": {signature64(func(s []byte) string { return base64.RawURLEncoding.EncodeToString(make([]byte, 64)) }), "operation 4: no rotation key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := c.story(t)
			id := log.id()
			test.change(log)
			doc, err := resolve(t, id, log.text())
			if doc != nil || !errors.Is(err, did.ErrInvalid) {
				t.Fatalf("resolved, or error %v", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not say %q", err, test.want)
			}
		})
	}
}

// stray sets a bit of the last character that no byte uses: 64 bytes leave four of them.
func stray(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return s[:len(s)-1] + string(alphabet[strings.IndexByte(alphabet, s[len(s)-1])|1])
}

func TestBeginnings(t *testing.T) {
	t.Parallel()
	c := people(t)
	story := c.story(t)
	for name, test := range map[string]struct {
		log  *audit
		id   did.DID
		want string
	}{
		"of another DID":  {(&audit{t: t}).add(0, sign(t, c.top, update(c.top))), story.id(), "operation 1: it is"},
		"by a stranger":   {(&audit{t: t}).add(0, sign(t, c.stranger, update(c.top))), did.DID{}, "none of its own rotation keys"},
		"without keys":    {(&audit{t: t}).add(0, sign(t, c.top, update())), did.DID{}, "none of its own rotation keys"},
		"with a prev":     {(&audit{t: t}).add(0, sign(t, c.top, change(update(c.top), object{"prev": story.lines[0]["cid"]}))), did.DID{}, "no beginning"},
		"with a grave":    {(&audit{t: t}).add(0, sign(t, c.top, object{"type": "plc_tombstone", "prev": story.lines[0]["cid"]})), did.DID{}, "no beginning"},
		"with null grave": {(&audit{t: t}).add(0, sign(t, c.top, object{"type": "plc_tombstone", "prev": nil})), did.DID{}, "a tombstone always has one"},
	} {
		if test.id.IsZero() {
			test.id = test.log.id()
		}
		if name == "of another DID" {
			test.log.lines[0]["did"] = test.id.String()
		}
		if _, err := resolve(t, test.id, test.log.text()); !errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestMalformedLogs(t *testing.T) {
	t.Parallel()
	c := people(t)
	log := c.story(t)
	text := string(log.text())
	long := change(c.named("0"), object{"alsoKnownAs": []any{strings.Repeat("x", 64<<10)}})
	first := text[1:strings.Index(text, `,{"cid"`)]
	for name, test := range map[string]struct{ text, want string }{
		"nothing":          {"", "no JSON array"},
		"an object":        {`{}`, "no JSON array"},
		"empty":            {"[]", "the log is empty"},
		"not ended":        {text[:len(text)-1], ""},
		"cut":              {text[:len(text)/2], ""},
		"something after":  {text + "[]", "something follows"},
		"comma after":      {text + ",", "something follows"},
		"numbers":          {"[1]", "operation 1"},
		"duplicate member": {strings.Replace(text, `"prev":null`, `"prev":null,"prev":null`, 1), "operation 1"},
		"duplicate claim":  {strings.Replace(text, `"nullified":false`, `"nullified":false,"nullified":false`, 1), "operation 1"},
		"other case":       {strings.Replace(text, `"rotationKeys"`, `"RotationKeys"`, 1), "operation 1"},
		"lone surrogate":   {strings.Replace(text, "at://0", `at://\ud800`, 1), "operation 1"},
		"not UTF-8":        {strings.Replace(text, "at://0", "at://\xff", 1), "operation 1"},
		"too long a line":  {string((&audit{t: t}).add(0, sign(t, c.top, long)).text()), "longer than 65536 bytes"},
		"too many":         {"[" + strings.Repeat(first+",", 1000) + first + "]", "more than 1000 operations"},
		"deep":             {"[" + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "]", "operation 1"},
		"deeper":           {strings.Repeat("[", 20000), ""},
	} {
		_, err := resolve(t, log.id(), []byte(test.text))
		if !errors.Is(err, did.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		if err != nil && len(err.Error()) > 600 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
	if _, err := resolve(t, log.id(), bytes.Join([][]byte{{' ', '\n'}, log.text(), []byte("\r\n\t ")}, nil)); err != nil {
		t.Errorf("space around the log: %v", err)
	}
}
