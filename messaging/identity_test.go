package messaging_test

import (
	"testing"

	"github.com/parley-im/parley/did"
	"github.com/parley-im/parley/messaging"
)

func TestFixedIdentities(t *testing.T) {
	t.Parallel()
	long := did.MustParse("did:peer:4zQmShort:zLong")
	ids := messaging.FixedIdentities{{DID: codecAlice}, {DID: long}}
	for name, tc := range map[string]struct {
		ask, want did.DID
		found     bool
	}{
		"as it is":            {codecAlice, codecAlice, true},
		"the long form":       {long, long, true},
		"the short form":      {did.MustParse("did:peer:4zQmShort"), long, true},
		"another long form":   {did.MustParse("did:peer:4zQmShort:zOther"), long, true},
		"not ours":            {codecBob, did.DID{}, false},
		"the zero DID":        {did.DID{}, did.DID{}, false},
		"a prefix of a short": {did.MustParse("did:peer:4zQm"), did.DID{}, false},
	} {
		got, ok := ids.Find(tc.ask)
		if ok != tc.found || got.DID != tc.want {
			t.Errorf("%s: %v, %v; want %v, %v", name, got.DID, ok, tc.want, tc.found)
		}
	}
	all := ids.All()
	if len(all) != 2 || all[0].DID != codecAlice || all[1].DID != long {
		t.Errorf("All() = %v", all)
	}
	all[0] = messaging.Identity{}
	if ids[0].DID != codecAlice {
		t.Error("All handed out the list itself")
	}
}
