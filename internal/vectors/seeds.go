package vectors

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// maxSeed bounds a seed in bytes: a fuzzer gets nowhere with long ones.
const maxSeed = 16 << 10

// Seeds calls add once for every message and key in the shared vectors: the strings that hold one, and the
// objects. Without PARLEY_VECTORS there are none, and the target has its own seeds alone.
func Seeds(f *testing.F, add func(seed []byte)) {
	f.Helper()
	if os.Getenv(Env) == "" {
		return
	}
	seen := map[string]bool{}
	found := func(seed string) {
		if len(seed) <= maxSeed && !seen[seed] {
			seen[seed] = true
			add([]byte(seed))
		}
	}
	err := filepath.WalkDir(Dir(f), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var file any
		if err := json.Unmarshal(data, &file); err != nil {
			return err
		}
		collect(file, found)
		return nil
	})
	if err != nil {
		f.Fatalf("%s is set but unreadable: %v", Env, err)
	}
	if len(seen) == 0 {
		f.Fatalf("%s has no vectors", Env)
	}
}

// collect finds messages and keys within a value.
func collect(value any, found func(seed string)) {
	switch v := value.(type) {
	case string:
		if strings.HasPrefix(v, "{") || strings.HasPrefix(v, "ey") {
			found(v)
		}
	case []any:
		for _, one := range v {
			collect(one, found)
		}
	case map[string]any:
		for _, name := range []string{"protected", "payload", "kty", "type"} {
			if _, ok := v[name]; !ok {
				continue
			}
			if text, err := json.Marshal(v); err == nil {
				found(string(text))
			}
			break
		}
		for _, one := range v {
			collect(one, found)
		}
	}
}
