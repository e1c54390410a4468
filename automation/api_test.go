package automation_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// packages returns the library's packages, as directories below this one.
func packages(t *testing.T) []string {
	t.Helper()
	var out []string
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() || d.Name() == "testdata" {
			return err
		}
		if files, _ := filepath.Glob(filepath.Join(path, "*.go")); len(files) > 0 {
			out = append(out, path)
		}
		return nil
	}))
	require.Contains(t, out, "plan")
	return out
}

// exported walks what other modules can name in a declaration: signatures, fields, methods of interfaces, what an alias
// stands for, and the initial values from which a variable without a type has its own.
func exported(decl ast.Decl, visit func(name string, in ast.Node)) {
	fields := func(name string, list *ast.FieldList) {
		if list == nil {
			return
		}
		for _, f := range list.List {
			if len(f.Names) == 0 || slices.ContainsFunc(f.Names, func(n *ast.Ident) bool { return n.IsExported() }) {
				visit(name, f.Type)
			}
		}
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if !d.Name.IsExported() || d.Recv != nil && !ast.IsExported(strings.TrimLeft(receiver(d.Recv.List[0].Type), "*")) {
			return
		}
		visit(d.Name.Name, d.Type)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if !s.Name.IsExported() {
					continue
				}
				switch typ := s.Type.(type) {
				case *ast.StructType:
					fields(s.Name.Name, typ.Fields)
				case *ast.InterfaceType:
					fields(s.Name.Name, typ.Methods)
				default:
					visit(s.Name.Name, typ)
				}
			case *ast.ValueSpec:
				if !slices.ContainsFunc(s.Names, func(n *ast.Ident) bool { return n.IsExported() }) {
					continue
				}
				if s.Type != nil {
					visit(s.Names[0].Name, s.Type)
					continue
				}
				for _, v := range s.Values {
					visit(s.Names[0].Name, v)
				}
			}
		}
	}
}

// receiver is the name of a method's receiver type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

func TestNothingThatIsExportedNeedsAnInternalPackage(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, dir := range packages(t) {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			internal := map[string]string{}
			for _, i := range parsed.Imports {
				path, err := strconv.Unquote(i.Path.Value)
				require.NoError(t, err)
				if !strings.Contains(path, "/internal/") {
					continue
				}
				name := filepath.Base(path)
				if i.Name != nil {
					name = i.Name.Name
				}
				internal[name] = path
			}
			for _, d := range parsed.Decls {
				exported(d, func(name string, in ast.Node) {
					seen++
					ast.Inspect(in, func(n ast.Node) bool {
						if s, ok := n.(*ast.SelectorExpr); ok {
							if x, ok := s.X.(*ast.Ident); ok && internal[x.Name] != "" {
								t.Errorf("%s: %s needs %s.%s, which no other module can import", file, name, internal[x.Name], s.Sel.Name)
							}
						}
						return true
					})
				})
			}
		}
	}
	assert.Greater(t, seen, 300)
}

func TestWhoDrivesAWSDoesNotLinkTheRehearsalCloud(t *testing.T) {
	t.Parallel()
	args := []string{"list", "-deps"}
	for _, dir := range packages(t) {
		if dir != "rehearsal" {
			args = append(args, "./"+dir)
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	require.NoError(t, err)
	deps := strings.Fields(string(out))
	assert.Contains(t, deps, "github.com/eks-platform/eks-platform/automation/github")
	for _, dep := range deps {
		assert.False(t, strings.HasPrefix(dep, "github.com/eks-platform/eks-platform/internal/rehearsal") ||
			dep == "github.com/eks-platform/eks-platform/automation/rehearsal", "%s is linked by everybody", dep)
	}
}
