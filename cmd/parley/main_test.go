package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// raceOptions end processes under the race detector at once: by default each sleeps for a second first.
const raceOptions = "atexit_sleep_ms=0"

// TestMain lets this binary be parley itself: the scripts and the kill test run real processes.
func TestMain(m *testing.M) {
	if os.Getenv("GORACE") == "" {
		if err := os.Setenv("GORACE", raceOptions); err != nil {
			panic(err)
		}
	}
	// No test touches the keyring of whoever runs it: it is off, or a file that stands for one.
	if _, set := os.LookupEnv("PARLEY_KEYRING"); !set {
		if err := os.Setenv("PARLEY_KEYRING", "off"); err != nil {
			panic(err)
		}
	}
	testscript.Main(m, map[string]func(){"parley": func() {
		if path := os.Getenv("PARLEY_TEST_KEYRING"); path != "" {
			osKeyring = fileRing(path)
		}
		os.Exit(command())
	}})
}
