package keyfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-im/parley/crypto"
)

// cheap makes argon2id take microseconds, so that the protected form can be tested as thoroughly
// as the other.
var cheap = cost{time: 1, memory: 8, threads: 1}

var passphrase = []byte("open sesame")

func testRoot() *[rootSize]byte { return (*[rootSize]byte)(bytes.Repeat([]byte{0xa5}, rootSize)) }

func mustSeal(t testing.TB, pass []byte) []byte {
	t.Helper()
	data, err := seal(testRoot(), pass, cheap)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// ringSecretOf is the secret of the files that mustSealRing makes.
var ringSecretOf = bytes.Repeat([]byte{0x5a}, ringSecretSize)

func mustSealRing(t testing.TB) []byte {
	t.Helper()
	data, err := sealRing(testRoot(), b64(bytes.Repeat([]byte{7}, ringIDSize)), ringSecretOf)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sealedForm is a file and what opens it.
type sealedForm struct{ data, secret []byte }

// allForms is one file of each kind.
func allForms(t testing.TB) map[Kind]sealedForm {
	return map[Kind]sealedForm{
		None: {mustSeal(t, nil), nil}, Passphrase: {mustSeal(t, passphrase), passphrase}, Keyring: {mustSealRing(t), ringSecretOf},
	}
}

// unseal is parse and open.
func unseal(data, pass []byte) (*[rootSize]byte, error) {
	f, err := parse(data)
	if err != nil {
		return nil, err
	}
	return f.open(pass)
}

func TestSealRoundTrip(t *testing.T) {
	t.Parallel()
	for name, pass := range map[string][]byte{"unprotected": nil, "empty": {}, "protected": passphrase, "binary": {0, 0xff}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, err := unseal(mustSeal(t, pass), pass)
			if err != nil {
				t.Fatal(err)
			}
			if *root != *testRoot() {
				t.Errorf("got %x", root)
			}
		})
	}
}

func TestNewFilesTakeTheFullCost(t *testing.T) {
	t.Parallel()
	if defaultCost != (cost{time: 3, memory: 64 * 1024, threads: 4}) {
		t.Errorf("the cost is %+v", defaultCost)
	}
}

// Every byte replaced by every other value is refused, with the checksum as it was.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	for kind, f := range allForms(t) {
		bad := bytes.Clone(f.data)
		for i := range f.data {
			for v := range 256 {
				if bad[i] = byte(v); bad[i] == f.data[i] {
					continue
				}
				if _, err := unseal(bad, f.secret); !errors.Is(err, ErrDamaged) {
					t.Fatalf("%s: byte %d = %#x: got %v, want ErrDamaged", kind, i, v, err)
				}
			}
			bad[i] = f.data[i]
		}
	}
}

// The same by somebody who corrects the checksum: nothing but the root that was sealed comes out,
// because the header is bound to the seal.
func TestEveryByteCountsWithItsChecksum(t *testing.T) {
	t.Parallel()
	for kind, f := range allForms(t) {
		body := f.data[:len(f.data)-65]
		for i := range body {
			for bit := range 8 {
				bad := bytes.Clone(body)
				bad[i] ^= 1 << bit
				root, err := unseal(withChecksum(bad), f.secret)
				if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrPassphrase) && !errors.Is(err, ErrEntry) {
					t.Fatalf("%s: byte %d, bit %d: got %x, %v", kind, i, bit, root, err)
				}
			}
		}
	}
}

func withChecksum(body []byte) []byte { return fmt.Appendf(body, "%s\n", checksum(body)) }

func TestHeaderRefuses(t *testing.T) {
	t.Parallel()
	good := string(mustSeal(t, passphrase))
	plain, ring := string(mustSeal(t, nil)), string(mustSealRing(t))
	const kdf = `"time":1,"memory":8,"threads":1`
	figures := func(time, memory, threads string) string {
		return strings.Replace(good, kdf, `"time":`+time+`,"memory":`+memory+`,"threads":`+threads, 1)
	}
	tests := map[string]string{
		"newer version":     strings.Replace(good, `"v":1`, `"v":2`, 1),
		"version zero":      strings.Replace(good, `"v":1`, `"v":0`, 1),
		"other magic":       strings.Replace(good, `key file`, `database`, 1),
		"unknown kdf":       strings.Replace(good, `argon2id`, `argon2i`, 1),
		"kdf to none":       strings.Replace(good, `argon2id`, `none`, 1),
		"none to kdf":       strings.Replace(plain, `none`, `argon2id`, 1),
		"figures for none":  strings.Replace(plain, `"time":0`, `"time":1`, 1),
		"none to keyring":   strings.Replace(plain, `none`, `keyring`, 1),
		"keyring to none":   strings.Replace(ring, `keyring`, `none`, 1),
		"keyring to kdf":    strings.Replace(ring, `"keyring","time":0,"memory":0,"threads":0`, `"argon2id",`+kdf, 1),
		"figures for ring":  strings.Replace(ring, `"memory":0`, `"memory":8`, 1),
		"a ring for none":   strings.Replace(plain, `"}`, `","ring":"BwcHBwcHBwcHBwcHBwcHBw"}`, 1),
		"an empty ring":     strings.Replace(plain, `"}`, `","ring":""}`, 1),
		"no account":        replaceMember(ring, "ring", `""`),
		"short account":     replaceMember(ring, "ring", `"AAAA"`),
		"account as path":   replaceMember(ring, "ring", `"../../../../other/entr"`),
		"no time":           figures("0", "8", "1"),
		"time 11":           figures("11", "8", "1"),
		"all the time":      figures("4294967295", "8", "1"),
		"time over 32 bits": figures("4294967296", "8", "1"),
		"negative time":     figures("-1", "8", "1"),
		"broken time":       figures("1.5", "8", "1"),
		"no memory":         figures("1", "0", "1"),
		"over 1 GiB":        figures("1", "1048577", "1"),
		"1 TiB":             figures("1", "1073741824", "1"),
		"most memory":       figures("1", "4294967295", "1"),
		"no threads":        figures("1", "8", "0"),
		"17 threads":        figures("1", "1048576", "17"),
		"256 threads":       figures("1", "1048576", "256"),
		"memory per thread": figures("1", "15", "2"),
		"number as float":   figures("1.0", "8", "1"),
		"number as string":  figures(`"1"`, "8", "1"),
		"number by power":   figures("1e0", "8", "1"),
		"member twice":      strings.Replace(good, `"v":1`, `"v":1,"v":1`, 1),
		"unknown member":    strings.Replace(good, `"v":1`, `"v":1,"w":1`, 1),
		"missing member":    strings.Replace(good, `"v":1,`, ``, 1),
		"other case":        strings.Replace(good, `"v":1`, `"V":1`, 1),
		"other order":       strings.Replace(good, `"parley":"key file","v":1`, `"v":1,"parley":"key file"`, 1),
		"space":             strings.Replace(good, `"v":1`, `"v": 1`, 1),
		"trailing space":    strings.Replace(good, "}\n", "} \n", 1),
		"escaped":           strings.Replace(good, `key file`, `key\u0020file`, 1),
		"null salt":         replaceMember(good, "salt", `null`),
		"empty salt":        replaceMember(good, "salt", `""`),
		"short nonce":       replaceMember(good, "nonce", `"AAAA"`),
		"padded nonce":      replaceMember(good, "nonce", `"`+strings.Repeat("A", 32)+`="`),
		"line end in salt":  replaceMember(good, "salt", `"AAAAAAAAAAAAAAAAAAAAAA\n"`),
		"stray bits":        replaceMember(good, "salt", `"AAAAAAAAAAAAAAAAAAAAAB"`),
		"not an object":     "[]" + good[strings.Index(good, "\n"):],
		"padded root":       strings.Replace(good, "\n", "\nA", 1),
		"CR in the root":    strings.Replace(good, "\n", "\n\r", 1),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if text == good || text == plain || text == ring {
				t.Fatal("the mutation changed nothing")
			}
			data := []byte(text)
			if _, err := parse(withChecksum(data[:len(data)-65])); !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v, want ErrDamaged", err)
			}
		})
	}
}

func replaceMember(text, name, value string) string {
	before, rest, _ := strings.Cut(text, `"`+name+`":`)
	_, after, _ := strings.Cut(rest[1:], `"`)
	return before + `"` + name + `":` + value + after
}

func TestBoundsAreThoseDocumented(t *testing.T) {
	t.Parallel()
	most := header{KDF: kdfArgon2, Time: 10, Memory: 1 << 20, Threads: 16}
	if err := most.checkKDF(); err != nil {
		t.Errorf("the most that is documented: %v", err)
	}
}

func TestFailedPlacementChangesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "wallet.key")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := write(path, []byte("new"), func(string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v, want broken", err)
	}
	checkFolder(t, path, "old")
}

// A crash is simulated by stopping between the steps of write.
func TestCrashBetweenSteps(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "wallet.key")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	temp, err := writeTemp(path, []byte("new")) // crash before the rename
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(temp)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != fileMode {
		t.Errorf("the temporary file has mode %v", info.Mode())
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("before the rename the file holds %q, %v", got, err)
	}
	if err := replace(path, []byte("newer")); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, path, "newer")
}

// checkFolder fails unless the folder holds the file at path alone, with that content.
func checkFolder(t *testing.T, path, content string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != content {
		t.Errorf("the file holds %q, %v, want %q", got, err, content)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestCloseOverwritesTheRoot(t *testing.T) {
	t.Parallel()
	root := testRoot()
	if err := newStore(root, None).Close(); err != nil {
		t.Fatal(err)
	}
	if *root != [rootSize]byte{} {
		t.Errorf("the root is still %x", root)
	}
}

func TestSecretSizesFitTheCurves(t *testing.T) {
	t.Parallel()
	for c := crypto.X25519; c <= crypto.Secp256k1; c++ {
		if _, err := deriveKey(testRoot(), c, 0); err != nil {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, form := range allForms(f) {
		lines := bytes.Split(form.data, []byte("\n"))
		f.Add(string(lines[0]), string(lines[1]))
	}
	f.Add("", "")
	f.Add("{}", "AAAA")
	f.Add(`{"parley":"key file","v":1}`, "\n")
	f.Fuzz(func(t *testing.T, line, sealed string) {
		body := fmt.Appendf(nil, "%s\n%s\n", line, sealed)
		if _, err := parse(body); !errors.Is(err, ErrDamaged) {
			t.Fatalf("without its checksum: got %v, want ErrDamaged", err)
		}
		data := withChecksum(body)
		parsed, err := parse(data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("got %v, want ErrDamaged", err)
			}
			return
		}
		if got := encode(parsed.line, parsed.sealed); !bytes.Equal(got, data) {
			t.Fatalf("%q is written back as %q", data, got)
		}
		if h := parsed.header; h.Time > maxTime || h.Memory > maxMemory || h.Threads > maxThreads {
			t.Fatalf("out of bounds: %+v", h)
		}
		if parsed.kind() == None {
			if root, err := parsed.open(nil); err == nil && *root != *testRoot() {
				t.Fatal("another root was sealed by chance")
			}
		}
	})
}
