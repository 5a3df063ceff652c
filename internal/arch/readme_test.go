package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

// TestReadmeSnippetsCompile: every Go snippet of the README stands word for word in an example, which is built
// and run by its tests.
func TestReadmeSnippetsCompile(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var examples strings.Builder
	for _, s := range tree(t) {
		if !under(s.pkg, "examples") {
			continue
		}
		code, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(s.path)))
		if err != nil {
			t.Fatal(err)
		}
		examples.Write(code)
	}
	blocks := goBlock.FindAllStringSubmatch(string(readme), -1)
	if len(blocks) == 0 {
		t.Fatal("the README shows no Go: is the pattern wrong?")
	}
	for _, b := range blocks {
		if !strings.Contains(examples.String(), b[1]) {
			t.Errorf("this snippet of the README is in no example:\n%s", b[1])
		}
	}
}

// TestExamplesAreInTheReadme: each example has a paragraph, and stays as short as it is meant to.
func TestExamplesAreInTheReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	longest := map[string]int{"examples/wallet-chat": 79, "examples/echo-bot": 39}
	for _, s := range tree(t) {
		if !under(s.pkg, "examples") || s.test {
			continue
		}
		parts := strings.Split(s.pkg, "/")
		if !strings.Contains(string(readme), "(examples/"+parts[1]+")") {
			t.Errorf("the README does not mention examples/%s", parts[1])
		}
		if most := longest[s.pkg]; most > 0 && s.lines > most+1 { // the count includes what follows the last line
			t.Errorf("%s has %d lines, at most %d are allowed", s.path, s.lines-1, most)
		}
	}
}
