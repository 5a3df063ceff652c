package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-im/parley/internal/wallet"
)

// call is how a command is called in the table below: {HOME}, {NEW} and {DIR} stand for a wallet with one contact
// bob, for a folder without a wallet, and for one to write to.
type call struct {
	args  string
	stdin string
	exit  int
	// pages is set where the output is a page or a script whatever the flags say.
	pages bool
}

// someRecipient is one of age: it takes no time to encrypt to, as a passphrase does.
const someRecipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

// calls has one for every command, and needs no network: what would wait for somebody does not wait.
var calls = map[string]call{
	"add":                 {args: "add nonsense", exit: 2},
	"ack":                 {args: "ack 01JD", exit: 6},
	"answer":              {args: "answer 01JD yes --timeout 0s", exit: 6},
	"ask":                 {args: "ask nobody ok? yes no --timeout 0s", exit: 6},
	"backup":              {args: "backup {DIR}/a.parley --recipient " + someRecipient},
	"cancel":              {args: "cancel 01JD", exit: 6},
	"chat":                {args: "chat bob", stdin: ""},
	"completion":          {args: "completion bash", pages: true},
	"contacts":            {args: "contacts"},
	"contacts accept-key": {args: "contacts accept-key bob", exit: 2},
	"contacts add":        {args: "contacts add nonsense --as eve", exit: 2},
	"contacts block":      {args: "contacts block bo"},
	"contacts list":       {args: "contacts list"},
	"contacts rename":     {args: "contacts rename bob bob"},
	"contacts rm":         {args: "contacts rm nobody", exit: 6},
	"contacts show":       {args: "contacts show b"},
	"contacts unblock":    {args: "contacts unblock b"},
	"daemon":              {args: "daemon --listen nonsense", exit: 2},
	"demo":                {args: "demo"},
	"did":                 {args: "did", pages: true},
	"did create":          {args: "did create --method key --key z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"},
	"did explain":         {args: "did explain did:key:nonsense", exit: 1},
	"did resolve":         {args: "did resolve did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"},
	"did web-document":    {args: "did web-document did:web:alice.example --addr /ip4/192.0.2.1/tcp/4001"},
	"doctor":              {args: "doctor"},
	"export":              {args: "export b"},
	"features":            {args: "features nobody --timeout 1ms", exit: 6},
	"help":                {args: "help send", pages: true},
	"id":                  {args: "id"},
	"init":                {args: "init --home {NEW} --name x --no-passphrase --listen /ip4/127.0.0.1/udp/0/quic-v1"},
	"invite":              {args: "invite"},
	"man":                 {args: "man", pages: true},
	"message":             {args: "message", pages: true},
	"message send":        {args: "message send bob --type https://x.org/a/1.0/b --timeout 0s"},
	"outbox":              {args: "outbox --all"},
	"pack":                {args: "pack --nonsense", exit: 2},
	"passphrase":          {args: "passphrase --new-passphrase-file {DIR}/none", exit: 2},
	"ping":                {args: "ping nobody", exit: 6},
	"profile":             {args: "profile"},
	"profile set":         {args: "profile set --name alice"},
	"profiles":            {args: "profiles"},
	"receipts":            {args: "receipts"},
	"recv":                {args: "recv --timeout 0s"},
	"requests":            {args: "requests"},
	"requests accept":     {args: "requests accept nobody", exit: 6},
	"requests block":      {args: "requests block nobody", exit: 6},
	"requests list":       {args: "requests list"},
	"restore":             {args: "restore {DIR}/none --home {NEW}", exit: 2},
	"save":                {args: "save 01JD", exit: 6},
	"search":              {args: "search hi"},
	"send":                {args: "send bo hi --timeout 0s"},
	"status":              {args: "status"},
	"unpack":              {args: "unpack --nonsense", exit: 2},
	"verify":              {args: "verify b"},
	"version":             {args: "version"},
}

// mannered makes a wallet with a contact bob and a message to him.
func mannered(t *testing.T) (home, dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pass"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	listen := []string{"/ip4/127.0.0.1/udp/0/quic-v1"}
	bob, err := wallet.Create(t.Context(), filepath.Join(dir, "bob"), wallet.CreateOptions{Name: "bob", Listen: listen})
	if err != nil {
		t.Fatal(err)
	}
	home = filepath.Join(dir, "alice")
	if _, err := wallet.Create(t.Context(), home, wallet.CreateOptions{Name: "alice", Listen: listen}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"contacts", "add", bob.LongDID, "--as", "bob", "--addr", "/ip4/127.0.0.1/tcp/1", "--home", home},
		{"send", "bob", "hi", "--timeout", "0s", "--home", home},
	} {
		var out, errOut bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), &out, &errOut); code != 0 {
			t.Fatalf("%q: exit %d: %s", args, code, errOut.String())
		}
	}
	return home, dir
}

// Every command honours the flags that every command has.
func TestManners(t *testing.T) {
	t.Setenv("PARLEY_KEYRING", "off")
	t.Setenv("PARLEY_PASSPHRASE", "")
	home, dir := mannered(t)
	covered := map[string]bool{}
	for c := range tree(newRoot(&app{})) {
		covered[strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), "parley"), " ")] = true
	}
	delete(covered, "")
	for name := range covered {
		if _, ok := calls[name]; !ok {
			t.Errorf("parley %s is in no row of the table", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		if !covered[name] {
			t.Errorf("there is no command parley %s", name)
			continue
		}
		for _, flag := range []string{"", "--json", "--plain", "--quiet", "--no-input"} {
			if flag != "" && name == "demo" && flag != "--json" && flag != "--plain" {
				continue // it takes a while, and asks nothing
			}
			behaves(t, name, flag, home, dir)
		}
	}
}

// behaves calls a command with one of the flags and judges what it writes.
func behaves(t *testing.T, name, flag, home, dir string) {
	t.Helper()
	c := calls[name]
	fresh := filepath.Join(t.TempDir(), "new")
	line := strings.NewReplacer("{HOME}", home, "{NEW}", fresh, "{DIR}", dir).Replace(c.args)
	args := strings.Fields(line)
	if !strings.Contains(line, "--home") {
		args = append(args, "--home", home)
	}
	if flag != "" {
		args = append(args, flag)
	}
	if name == "backup" {
		_ = os.Remove(filepath.Join(dir, "a.parley"))
	}
	var out, errOut bytes.Buffer
	code := run(context.WithoutCancel(t.Context()), args, strings.NewReader(c.stdin), &out, &errOut)
	if code != c.exit {
		t.Errorf("parley %s %s: exit %d, want %d\n%s%s", c.args, flag, code, c.exit, out.String(), errOut.String())
		return
	}
	found := c.exit == 1 && out.Len() > 0 // what is wrong is the result, as with doctor
	if c.exit != 0 && errOut.Len() == 0 && !found {
		t.Errorf("parley %s %s fails without a word", c.args, flag)
	}
	if all := out.String() + errOut.String(); strings.Contains(all, "\x1b") || strings.Contains(all, "\r") {
		t.Errorf("parley %s %s: colours or carriage returns in a pipe: %q", c.args, flag, all)
	}
	switch flag {
	case "--json":
		if !c.pages {
			allJSON(t, args, out.String())
		}
		allJSON(t, args, errOut.String())
	case "--plain":
		if i := strings.IndexAny(out.String()+errOut.String(), "⧖✓✗→↑│"); i >= 0 && !c.pages {
			t.Errorf("parley %s --plain: a symbol: %s%s", c.args, out.String(), errOut.String())
		}
	case "--quiet":
		for l := range strings.Lines(errOut.String()) {
			if c.exit == 0 && !strings.HasPrefix(l, "warning: ") {
				t.Errorf("parley %s --quiet: a note: %s", c.args, l)
			}
		}
	}
}

// allJSON checks that every line is an object of a known version.
func allJSON(t *testing.T, args []string, text string) {
	t.Helper()
	for l := range strings.Lines(text) {
		var o struct{ V int }
		if err := json.Unmarshal([]byte(l), &o); err != nil || o.V != 1 {
			t.Errorf("parley %s: not an object of version 1: %s", strings.Join(args, " "), l)
		}
	}
}
