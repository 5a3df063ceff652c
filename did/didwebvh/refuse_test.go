package didwebvh_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/did/didwebvh"
)

// refusal is a log that must be refused with an error that says why.
type refusal struct {
	write func(t *testing.T) *writer
	want  string
}

// refuse runs a table of refusals, all of which wrap the same error.
func refuse(t *testing.T, wrapped error, tests map[string]refusal) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := tt.write(t).resolve()
			if doc != nil || !errors.Is(err, wrapped) {
				t.Fatalf("got %v, want an error that wraps %q", err, wrapped)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %q, want it to name %q", err, tt.want)
			}
			if len(err.Error()) > 1024 {
				t.Errorf("the error has %d bytes: it quotes what a stranger wrote", len(err.Error()))
			}
		})
	}
}

// only is a log of one entry.
func only(c change) func(*testing.T) *writer {
	return func(t *testing.T) *writer { return newWriter(t, c) }
}

// next is a log of three entries of which c makes the second.
func next(c change) func(*testing.T) *writer {
	return func(t *testing.T) *writer { return newWriter(t, change{}).add(c).add(change{}) }
}

// edited is a log of three entries whose lines f changes afterwards.
func edited(f func(lines []string) []string) func(*testing.T) *writer {
	return func(t *testing.T) *writer {
		w := newWriter(t, change{}).add(change{}).add(change{})
		w.lines = f(w.lines)
		return w
	}
}

func set(name string, value any) func(object) { return func(o object) { o[name] = value } }
func drop(name string) func(object)           { return func(o object) { delete(o, name) } }

func replace(from, to string) func(string) string {
	return func(s string) string { return strings.Replace(s, from, to, 1) }
}

func TestBrokenText(t *testing.T) {
	t.Parallel()
	refuse(t, did.ErrInvalid, map[string]refusal{
		"empty":              {edited(func([]string) []string { return []string{""} }), "entry 1: "},
		"no JSON":            {edited(func([]string) []string { return []string{"<html>"} }), "entry 1: "},
		"an array":           {edited(func(l []string) []string { return []string{"[" + l[0] + "]"} }), "entry 1: "},
		"two on one line":    {edited(func(l []string) []string { return []string{l[0] + l[1]} }), "entry 1: "},
		"a byte order mark":  {edited(func(l []string) []string { return []string{"\uFEFF" + l[0]} }), "entry 1: "},
		"no UTF-8":           {edited(func(l []string) []string { return []string{l[0], replace("example", "\xff")(l[1])} }), "UTF-8"},
		"half a surrogate":   {edited(func(l []string) []string { return []string{replace("example", `\ud800`)(l[0])} }), "surrogate"},
		"a blank line":       {edited(func(l []string) []string { return []string{l[0], "", l[1]} }), "entry 2: "},
		"two last newlines":  {edited(func(l []string) []string { return append(l, "") }), "entry 4: "},
		"cut in a line":      {edited(func(l []string) []string { return []string{l[0], l[1][:len(l[1])-9]} }), "entry 2: "},
		"duplicate member":   {next(change{line: replace(`{`, `{"versionId":"1-Qm",`)}), "duplicate"},
		"duplicate in state": {next(change{line: replace(`"state":{`, `"state":{"id":"did:key:z",`)}), "duplicate"},
		"escaped duplicate":  {next(change{line: replace(`"state":{`, `"state":{"\u0069d":"did:key:z",`)}), "duplicate"},
		"duplicate parameter": {
			next(change{params: object{"ttl": 1}, line: replace(`"parameters":{`, `"parameters":{"ttl":2,`)}), "duplicate",
		},
		"duplicate in proof": {next(change{line: replace(`"proof":[{`, `"proof":[{"type":"x",`)}), "duplicate"},
		"unknown member":     {next(change{entry: set("comment", "hello")}), "comment"},
		"other case":         {next(change{sealed: func(o object) { o["VersionId"] = o["versionId"]; delete(o, "versionId") }}), "VersionId"},
		"deep":               {next(change{state: set("x", nested(did.MaxDepth))}), "deeper"},
		"very deep":          {next(change{line: replace(`"state":{`, `"state":{"x":`+strings.Repeat("[", 60000)+strings.Repeat("]", 60000)+",")}), "deeper"},
		"many values":        {next(change{state: set("x", make([]int, 4*did.MaxValues))}), "more than"},
		"a long entry":       {next(change{state: set("x", strings.Repeat("x", didwebvh.MaxEntry))}), "entry 2: invalid: longer than 131072"},
	})
}

func nested(depth int) any {
	var v any = 1
	for range depth {
		v = []any{v}
	}
	return v
}

func TestBrokenChain(t *testing.T) {
	t.Parallel()
	const (
		badHash = "is not that of the entry"
		badSCID = "SCID is not the hash"
	)
	other := "Qm" + strings.Repeat("A", 44)
	refuse(t, did.ErrInvalid, map[string]refusal{
		"without the first entry":   {edited(func(l []string) []string { return l[1:] }), "entry 1: "},
		"without the second":        {edited(func(l []string) []string { return []string{l[0], l[2]} }), "out of order"},
		"another order":             {edited(func(l []string) []string { return []string{l[0], l[2], l[1]} }), "out of order"},
		"an entry twice":            {edited(func(l []string) []string { return []string{l[0], l[1], l[1]} }), "out of order"},
		"no versionId":              {next(change{sealed: drop("versionId")}), "versionId"},
		"null versionId":            {next(change{sealed: set("versionId", nil)}), "versionId"},
		"versionId a number":        {next(change{sealed: set("versionId", 2)}), "versionId"},
		"number zero":               {only(change{rehash: renumber("0")}), "versionId"},
		"number negative":           {only(change{rehash: renumber("-1")}), "versionId"},
		"number with a zero before": {next(change{rehash: renumber("02")}), "versionId"},
		"number with a plus":        {next(change{rehash: renumber("+2")}), "versionId"},
		"number beyond all":         {next(change{rehash: renumber("99999999999999999999")}), "versionId"},
		"number too high":           {next(change{rehash: renumber("3")}), "out of order"},
		"no hyphen":                 {next(change{sealed: set("versionId", "2"+other)}), "versionId"},
		"hash of something else":    {next(change{rehash: set("versionId", "2-"+other)}), badHash},
		"hash of another function":  {next(change{rehash: set("versionId", "2-z"+other[1:])}), "SHA-256"},
		"chained to nothing":        {next(change{entry: set("versionId", other)}), badHash},
		"first changed":             {only(change{sealed: set("versionTime", "2025-02-02T00:00:00Z")}), badSCID},
		"first hash changed":        {only(change{rehash: set("versionId", "1-"+other)}), badHash},
		"first with another SCID":   {only(change{entry: func(o object) { o["parameters"].(object)["scid"] = other }}), "scid"},
		"time changed":              {next(change{sealed: set("versionTime", "2025-01-01T13:00:00Z")}), badHash},
		"parameters changed":        {next(change{sealed: set("parameters", object{"ttl": 1})}), badHash},
		"state changed":             {next(change{sealed: func(o object) { o["state"] = with(o["state"].(object), "x", 1) }}), badHash},
		"changed and hashed again":  {rehashed, "proof 1: signature"},
	})
}

func renumber(number string) func(object) {
	return func(o object) {
		_, hash, _ := strings.Cut(o["versionId"].(string), "-")
		o["versionId"] = number + "-" + hash
	}
}

func with(o object, name string, value any) object {
	out := object{name: value}
	for k, v := range o {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// rehashed is what a host could do to the last entry by itself.
func rehashed(t *testing.T) *writer {
	w := newWriter(t, change{})
	before := w.last
	return w.add(change{sealed: func(o object) {
		proof := o["proof"]
		delete(o, "proof")
		o["state"], o["versionId"] = with(o["state"].(object), "x", 1), before
		o["versionId"], o["proof"] = "2-"+hash(canonical(t, o)), proof
	}})
}

func TestBrokenTime(t *testing.T) {
	t.Parallel()
	at := func(s any) func(*testing.T) *writer { return next(change{entry: set("versionTime", s)}) }
	tests := map[string]refusal{"equal": {at("2025-01-01T12:00:00Z"), "not after"}, "earlier": {at("2025-01-01T11:59:59.999Z"), "not after"}}
	for _, s := range []string{
		"", "2025-01-02", "2025-01-02T12:00:00", "2025-01-02T12:00:00+01:00", "2025-01-02T12:00:00-00:00", "2025-01-02 12:00:00Z",
		"2025-02-30T12:00:00Z", "2025-01-02T12:00:00,5Z", "2025-01-02t12:00:00z", "1735819200", "2025-01-02T12:00:00." + strings.Repeat("0", 99) + "Z",
	} {
		tests["the text "+s] = refusal{at(s), "versionTime"}
	}
	tests["a number"] = refusal{at(1735819200), "versionTime"}
	refuse(t, did.ErrInvalid, tests)
}

func TestBrokenParameters(t *testing.T) {
	t.Parallel()
	first := func(name string, value any) func(*testing.T) *writer {
		return only(change{params: object{name: value}})
	}
	later := func(name string, value any) func(*testing.T) *writer {
		return next(change{params: object{name: value}})
	}
	without := func(name string) func(*testing.T) *writer {
		return only(change{entry: func(o object) { delete(o["parameters"].(object), name) }})
	}
	nist, err := crypto.GenerateKey(crypto.P256)
	if err != nil {
		t.Fatal(err)
	}
	key := newSigner(t)
	asked := func(threshold any, ids ...any) object { return object{"threshold": threshold, "witnesses": ids} }
	one := object{"id": key.did()}
	many := make([]string, didwebvh.MaxKeys+1)
	for i := range many {
		many[i] = key.multikey
	}
	refuse(t, did.ErrInvalid, map[string]refusal{
		"none":            {next(change{sealed: drop("parameters")}), "parameters"},
		"null":            {next(change{sealed: set("parameters", nil)}), "parameters"},
		"an array":        {next(change{sealed: set("parameters", []int{})}), "parameters"},
		"unknown":         {later("prerotation", true), "prerotation"},
		"other case":      {later("TTL", 1), "TTL"},
		"no method":       {without("method"), "method"},
		"no scid":         {without("scid"), "scid"},
		"no updateKeys":   {without("updateKeys"), "updateKeys"},
		"scid of another": {first("scid", "Qm"+strings.Repeat("A", 44)), "scid"},
		"scid again": {func(t *testing.T) *writer {
			w := newWriter(t, change{})
			return w.add(change{params: object{"scid": w.scid}})
		}, "scid"},
		"scid null later":           {later("scid", nil), "scid"},
		"updateKeys empty":          {first("updateKeys", []string{}), "updateKeys"},
		"updateKeys null":           {first("updateKeys", nil), "updateKeys"},
		"updateKeys a string":       {later("updateKeys", key.multikey), "updateKeys"},
		"updateKeys a did:key":      {later("updateKeys", []string{key.did()}), "multikey"},
		"updateKeys of P-256":       {later("updateKeys", []string{nist.Public().Multikey()}), "Ed25519"},
		"updateKeys not base58":     {later("updateKeys", []string{key.multikey[:47] + "0"}), "multikey"},
		"updateKeys too many":       {later("updateKeys", many), "more than"},
		"nextKeyHashes an object":   {later("nextKeyHashes", object{}), "nextKeyHashes"},
		"nextKeyHashes too many":    {later("nextKeyHashes", many), "more than"},
		"watchers a string":         {later("watchers", "https://example.com"), "watchers"},
		"portable later":            {later("portable", true), "portable"},
		"portable a string":         {first("portable", "true"), "portable"},
		"deactivated a number":      {later("deactivated", 1), "deactivated"},
		"entry after deactivation":  {later("deactivated", true), "deactivation"},
		"ttl negative":              {later("ttl", -1), "ttl"},
		"ttl too long":              {later("ttl", int64(1)<<31+1), "ttl"},
		"ttl not whole":             {later("ttl", 1.5), "ttl"},
		"ttl a string":              {later("ttl", "1"), "ttl"},
		"witness a string":          {later("witness", "x"), "witness"},
		"witness threshold zero":    {later("witness", asked(0, one)), "threshold 0"},
		"witness nobody":            {later("witness", asked(0)), "threshold 0"},
		"witness no threshold":      {later("witness", object{"witnesses": []any{one}}), "threshold 0"},
		"witness no list":           {later("witness", object{"threshold": 1}), "0 witnesses"},
		"witness threshold high":    {later("witness", asked(2, one)), "threshold 2"},
		"witness threshold below":   {later("witness", asked(-1, one)), "threshold -1"},
		"witness threshold text":    {later("witness", asked("1", one)), "threshold"},
		"witness twice":             {later("witness", asked(2, one, one)), "twice"},
		"witness with a weight":     {later("witness", asked(1, object{"id": key.did(), "weight": 1})), "weight"},
		"witness of another method": {later("witness", asked(1, object{"id": "did:web:example.com"})), "did:key"},
		"witness of P-256":          {later("witness", asked(1, object{"id": "did:key:" + nist.Public().Multikey()})), "Ed25519"},
		"witness with a fragment":   {later("witness", asked(1, object{"id": key.did() + "#" + key.multikey})), "did:key"},
		"witness without an id":     {later("witness", asked(1, object{})), "did:key"},
	})
	refuse(t, did.ErrMethod, map[string]refusal{
		"older version":   {first("method", "did:webvh:0.5"), `"did:webvh:0.5"`},
		"older name":      {first("method", "did:tdw:0.4"), `"did:tdw:0.4"`},
		"newer version":   {later("method", "did:webvh:1.1"), `"did:webvh:1.1"`},
		"downgrade":       {later("method", "did:webvh:0.5"), `"did:webvh:0.5"`},
		"null":            {first("method", nil), `""`},
		"something long":  {first("method", strings.Repeat("x", 9999)), "xxx…"},
		"with more after": {first("method", "did:webvh:1.0 "), "only did:webvh:1.0"},
	})
}

func TestBrokenRotation(t *testing.T) {
	t.Parallel()
	a, b := newSigner(t), newSigner(t)
	promised := func(c change) func(*testing.T) *writer {
		return func(t *testing.T) *writer {
			return newWriter(t, change{params: object{"nextKeyHashes": []string{hash([]byte(a.multikey)), "anything"}}}).add(c)
		}
	}
	both := func(keys ...string) object {
		return object{"updateKeys": keys, "nextKeyHashes": []string{hash([]byte(b.multikey))}}
	}
	by := func(s ...signer) []signer { return s }
	refuse(t, did.ErrInvalid, map[string]refusal{
		"a key that was not promised": {promised(change{params: both(b.multikey), signers: by(b)}), "not among the nextKeyHashes"},
		"one of two not promised":     {promised(change{params: both(a.multikey, b.multikey), signers: by(a)}), "not among the nextKeyHashes"},
		"no keys":                     {promised(change{params: both(), signers: by(a)}), "must have both"},
		"keys left out":               {promised(change{params: object{"nextKeyHashes": []string{}}}), "must have both"},
		"hashes left out":             {promised(change{params: object{"updateKeys": []string{a.multikey}}, signers: by(a)}), "must have both"},
		"both left out":               {promised(change{}), "must have both"},
		"deactivated by the old key":  {promised(change{params: object{"deactivated": true}}), "must have both"},
		"signed by the old key":       {promised(change{params: both(a.multikey)}), "not among the active updateKeys"},
		"a new key signs itself in":   {next(change{params: object{"updateKeys": []string{a.multikey}}, signers: by(a)}), "not among the active updateKeys"},
		"the old key goes on":         {next(change{params: object{"updateKeys": []string{a.multikey}}}), "entry 3: invalid: proof 1: key"},
		"after the last key":          {next(change{params: object{"updateKeys": []string{}}}), "not among the active updateKeys"},
		"promise to nobody": {func(t *testing.T) *writer {
			w := newWriter(t, change{}).add(change{params: object{"nextKeyHashes": []string{"nobody"}}})
			return w.add(change{params: both(a.multikey), signers: by(a)})
		}, "not among the nextKeyHashes"},
	})
}

func TestBrokenMove(t *testing.T) {
	t.Parallel()
	portable := change{params: object{"portable": true}}
	refuse(t, did.ErrInvalid, map[string]refusal{
		"not portable": {func(t *testing.T) *writer { return newWriter(t, change{}).move("example.org", nil) }, "not portable"},
		"another path": {func(t *testing.T) *writer { return newWriter(t, change{}).move(host+":more", nil) }, "not portable"},
		"ended before": {func(t *testing.T) *writer {
			return newWriter(t, portable).add(change{params: object{"portable": false}}).move("example.org", nil)
		}, "not portable"},
		"ended by null": {func(t *testing.T) *writer {
			return newWriter(t, portable).add(change{params: object{"portable": nil}}).move("example.org", nil)
		}, "not portable"},
		"ended by the move": {func(t *testing.T) *writer {
			return newWriter(t, portable).move("example.org", object{"portable": false})
		}, "not portable"},
		"no alsoKnownAs": {func(t *testing.T) *writer {
			w := newWriter(t, portable)
			w.host = "example.org"
			return w.add(change{state: set("id", w.did().String())})
		}, "alsoKnownAs"},
		"back without the name between": {func(t *testing.T) *writer {
			w := newWriter(t, portable)
			first := w.did().String()
			w.move("example.org", nil)
			w.host = host
			return w.add(change{state: set("id", first)})
		}, "alsoKnownAs"},
		"another SCID": {func(t *testing.T) *writer {
			w := newWriter(t, portable)
			old := w.did().String()
			return w.add(change{state: func(s object) {
				s["id"], s["alsoKnownAs"] = "did:webvh:Qm"+strings.Repeat("A", 44)+":example.org", []string{old}
			}})
		}, "SCID of the log"},
		"another method":         {next(change{state: set("id", "did:web:example.com")}), "SCID of the log"},
		"first without the SCID": {only(change{state: set("id", "did:webvh:Qm"+strings.Repeat("A", 44)+":example.com")}), "SCID of the log"},
		"asked for another host": {func(t *testing.T) *writer { w := newWriter(t, change{}); w.host = "example.net"; return w }, "ask for that DID"},
	})
}

func TestBrokenDocument(t *testing.T) {
	t.Parallel()
	last := func(c change) func(*testing.T) *writer {
		return func(t *testing.T) *writer { return newWriter(t, change{}).add(c) }
	}
	refuse(t, did.ErrInvalid, map[string]refusal{
		"none":                     {last(change{sealed: drop("state")}), "state"},
		"a string":                 {last(change{sealed: set("state", "x")}), "state"},
		"no id":                    {last(change{state: drop("id")}), "no id"},
		"id a number":              {last(change{state: set("id", 1)}), "state"},
		"alsoKnownAs a string":     {last(change{state: set("alsoKnownAs", "did:web:example.com")}), "state"},
		"broken keys in the last":  {last(change{state: set("verificationMethod", "x")}), "DID document"},
		"too long for a document":  {last(change{state: set("x", strings.Repeat("x", did.MaxDocument))}), "longer than"},
		"id without a host":        {last(change{state: func(s object) { s["id"] = strings.TrimSuffix(s["id"].(string), host) }}), "not portable"},
		"id that steers terminals": {only(change{state: func(s object) { s["id"] = s["id"].(string) + "\x1b[2J\u202e" }}), "ada?[2J?"},
		"number that has no value": {last(change{line: replace(`"state":{`, `"state":{"x":1e999,`)}), "canonical"},
	})
}
