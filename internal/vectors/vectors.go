// Package vectors finds the shared test vectors for tests.
//
// They are not part of this repository. The environment variable PARLEY_VECTORS names their
// folder by an absolute path; without it the tests that need them say so and skip.
package vectors

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Env is the environment variable that names the folder of the vectors.
const Env = "PARLEY_VECTORS"

// Dir returns the folder that PARLEY_VECTORS names. It skips the test when the variable is
// unset, and fails it when the variable is set to something that is no readable folder.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv(Env)
	if dir == "" {
		t.Skipf("shared vectors not given: set %s to the absolute path of their folder", Env)
	}
	if !filepath.IsAbs(dir) {
		t.Fatalf("%s=%q is not an absolute path", Env, dir)
	}
	if _, err := os.ReadDir(dir); err != nil {
		t.Fatalf("%s is set but unreadable: %v", Env, err)
	}
	return dir
}

// Load reads the JSON file at the slash-separated path name below Dir into v.
func Load(t testing.TB, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Dir(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatalf("%s is set but unreadable: %v", Env, err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("vectors %s: %v", name, err)
	}
}
