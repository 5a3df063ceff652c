package arch

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

const (
	maxFileLines     = 700
	maxFunctionLines = 120
)

// unwanted are names of packages that say nothing.
var unwanted = []string{"util", "utils", "common", "helper", "helpers", "types", "manager", "service", "misc"}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range tree(t) {
		if s.test && !documented[s.pkg] {
			continue
		}
		documented[s.pkg] = documented[s.pkg] || s.file.Doc != nil && strings.TrimSpace(s.file.Doc.Text()) != ""
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("package %s has no package comment: write its doc.go", pkg)
		}
	}
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	for _, s := range tree(t) {
		if s.test || ast.IsGenerated(s.file) {
			continue
		}
		if s.lines > maxFileLines {
			t.Errorf("%s has %d lines, more than %d", s.path, s.lines, maxFileLines)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			if n > maxFunctionLines {
				t.Errorf("%s: %s has %d lines, more than %d", s.path, f.Name.Name, n, maxFunctionLines)
			}
		}
	}
}

func TestPackageNamesMeanSomething(t *testing.T) {
	for _, s := range tree(t) {
		for _, part := range strings.Split(s.pkg, "/") {
			if slices.Contains(unwanted, part) {
				t.Errorf("%s: no package is called %s", s.path, part)
			}
		}
	}
}

// TestExportsAreDocumented holds the library to full documentation; commands export nothing to others.
func TestExportsAreDocumented(t *testing.T) {
	for _, s := range tree(t) {
		if s.test || s.file.Name.Name == "main" {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d.Recv) && d.Doc == nil {
					t.Errorf("%s: %s is not documented", s.path, d.Name.Name)
				}
			case *ast.GenDecl:
				undocumentedSpecs(t, s, d)
			}
		}
	}
}

func undocumentedSpecs(t *testing.T, s source, d *ast.GenDecl) {
	t.Helper()
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
				t.Errorf("%s: %s is not documented", s.path, spec.Name.Name)
			}
		case *ast.ValueSpec:
			for _, n := range spec.Names {
				if n.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					t.Errorf("%s: %s is not documented", s.path, n.Name)
				}
			}
		}
	}
}

func exportedReceiver(recv *ast.FieldList) bool {
	if recv == nil || len(recv.List) == 0 {
		return true
	}
	typ := recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}
