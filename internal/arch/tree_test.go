package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/parley-im/parley"

// source is one Go file of the tree.
type source struct {
	path    string // from the root, with slashes
	pkg     string // import path of its folder from the root: "messaging/p2p", "" for the root
	test    bool
	imports []string // import paths; those of this module from the root, with "./" before
	lines   int
	file    *ast.File
	fset    *token.FileSet
}

// tree parses every Go file of the module.
func tree(t *testing.T) []source {
	t.Helper()
	root := filepath.Join("..", "..")
	var all []source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && p != root) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		s, err := parse(p, filepath.ToSlash(rel))
		all = append(all, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("found %d files only: is the root wrong?", len(all))
	}
	return all
}

func parse(file, rel string) (source, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, file, nil, parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	s := source{path: rel, pkg: path.Dir(rel), test: strings.HasSuffix(rel, "_test.go"), file: f, fset: fset}
	s.lines = fset.File(f.Pos()).LineCount()
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return source{}, err
		}
		if rest, ok := strings.CutPrefix(name, module+"/"); ok {
			name = "./" + rest
		}
		s.imports = append(s.imports, name)
	}
	return s, nil
}

// under reports whether the package is room or below it.
func under(pkg, room string) bool { return pkg == room || strings.HasPrefix(pkg, room+"/") }
