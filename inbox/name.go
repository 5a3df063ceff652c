package inbox

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// FoldName returns the form under which names are compared: two names are taken as one if and only
// if their folded forms are equal, which is when strings.EqualFold holds.
func FoldName(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, name)
}

// FreeName returns name, or name with "-2", "-3" and so on after it: the first that taken does not
// report. A long name is cut so that the result has at most 64 bytes. An error of taken is returned.
func FreeName(name string, taken func(name string) (bool, error)) (string, error) {
	free := name
	for n := 2; ; n++ {
		used, err := taken(free)
		if err != nil {
			return "", err
		}
		if !used {
			return free, nil
		}
		free = withSuffix(name, "-"+strconv.Itoa(n))
	}
}

func withSuffix(name, suffix string) string {
	for len(name)+len(suffix) > maxName {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return name + suffix
}
