package arch

import (
	"slices"
	"strings"
	"testing"
)

// rooms are the top rooms, and two whole wallets within them, with the rooms that their code may import
// besides packages of their own top room.
var rooms = map[string][]string{
	"internal/wallet":        {"crypto", "did", "inbox", "messaging"},
	"internal/interop":       {"crypto", "did", "messaging"},
	"internal/interop/peers": {"crypto", "did", "messaging"},
	"messaging/wallet":       {"crypto", "did", "inbox", "internal"},
	"crypto":                 {},
	"did":                    {"crypto"},
	"inbox":                  {"did", "crypto"},
	"messaging":              {"inbox", "did", "crypto"},
	"internal":               {},
	"cmd":                    {"crypto", "did", "inbox", "messaging", "internal"},
	"examples":               {"crypto", "did", "inbox", "messaging", "internal"},
}

// drivers implement an interface of their parent. Only internal/wallet, cmd and examples choose among them, and
// the packages of the exceptions, for their reasons.
var drivers = []string{
	"crypto/keyfile", "crypto/keyfile/oskeyring", "did/didkey", "did/didpeer", "did/aries", "inbox/memory", "inbox/sqlite", "messaging/p2p",
	"did/didjwk", "did/didweb", "did/didwebvh", "did/didplc", "did/fetch",
}

var exceptions = map[string][]string{
	// The suite compares every driver with the model in memory.
	"inbox/inboxtest": {"inbox/memory"},
	// The harness is a wallet in memory, put together for tests.
	"messaging/messagingtest": {"inbox/memory", "did/didkey", "did/didpeer"},
	// The keyring is one that its parent asks for.
	"crypto/keyfile/oskeyring": {"crypto/keyfile"},
}

// owners are the packages that alone may import a library, tests included unless said otherwise.
var owners = []struct {
	library, owner string
	testsElsewhere bool
}{
	{"github.com/hyperledger/aries-framework-go", "did/aries", true},
	{"github.com/libp2p/", "messaging/p2p", false},
	{"github.com/mattn/go-sqlite3", "inbox/sqlite", false},
	{"database/sql", "inbox/sqlite", false},
	{"github.com/spf13/cobra", "cmd", false},
	{"charm.land/", "cmd", false},
	{"github.com/zalando/go-keyring", "crypto/keyfile/oskeyring", false},
	{"filippo.io/age", "internal/wallet", true},
}

func TestRoomsImportOnlyWhatIsBelowThem(t *testing.T) {
	for _, s := range tree(t) {
		room, _, _ := strings.Cut(s.pkg, "/")
		allowed, known := rooms[room]
		if whole, ok := rooms[s.pkg]; ok {
			allowed = whole
		}
		if !known {
			t.Errorf("%s is in no room of the architecture", s.path)
			continue
		}
		if s.test {
			continue
		}
		for _, i := range s.imports {
			other, ok := strings.CutPrefix(i, "./")
			top, _, _ := strings.Cut(other, "/")
			if ok && top != room && !slices.Contains(allowed, top) {
				t.Errorf("%s: %s must not import %s", s.path, room, other)
			}
		}
	}
}

func TestOnlyProgramsChooseDrivers(t *testing.T) {
	for _, s := range tree(t) {
		if s.test || under(s.pkg, "cmd") || under(s.pkg, "examples") || s.pkg == "internal/wallet" {
			continue
		}
		for _, i := range s.imports {
			other := strings.TrimPrefix(i, "./")
			if !slices.Contains(drivers, other) || slices.Contains(exceptions[s.pkg], other) {
				continue
			}
			t.Errorf("%s imports the driver %s: only internal/wallet, cmd and examples choose drivers", s.path, other)
		}
	}
}

func TestLibrariesStayInTheirRooms(t *testing.T) {
	for _, s := range tree(t) {
		for _, i := range s.imports {
			for _, o := range owners {
				if strings.HasPrefix(i, o.library) && !under(s.pkg, o.owner) && !(s.test && o.testsElsewhere) {
					t.Errorf("%s imports %s, which belongs to %s alone", s.path, i, o.owner)
				}
			}
		}
	}
}

func TestStandardCryptoIsNamed(t *testing.T) {
	for _, s := range tree(t) {
		for _, i := range s.file.Imports {
			if i.Path.Value == `"crypto"` && (i.Name == nil || i.Name.Name != "stdcrypto") {
				t.Errorf("%s: the standard package crypto is imported as stdcrypto", s.path)
			}
		}
	}
}

// TestRulesCatchOffenders makes sure that the rules above can fail.
func TestRulesCatchOffenders(t *testing.T) {
	if slices.Contains(rooms["crypto"], "did") || slices.Contains(rooms["did"], "inbox") || slices.Contains(rooms["inbox"], "messaging") {
		t.Error("a lower room may import a higher one")
	}
	imported := map[string]bool{}
	for _, s := range tree(t) {
		for _, i := range s.imports {
			for _, o := range owners {
				if strings.HasPrefix(i, o.library) {
					imported[o.library] = true
				}
			}
			imported[strings.TrimPrefix(i, "./")] = true
		}
	}
	for _, o := range owners {
		if !imported[o.library] {
			t.Errorf("nobody imports %s: the rule about it is about nothing", o.library)
		}
	}
	for _, d := range drivers {
		if !imported[d] {
			t.Errorf("nobody imports the driver %s", d)
		}
	}
}
