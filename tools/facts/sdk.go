package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// sdkType is how the Go SDK types a property.
type sdkType struct {
	// kind is string, boolean, integer, number, list, map, object, archive, asset or any.
	kind string
	elem *sdkType
	// ref names the struct of an object, or the named string type of an enumeration: "lambda.Runtime".
	ref string
	// pointer: the Go type is one, so that the property is optional.
	pointer bool
}

// isRequired reports whether a member of an object cannot be left out.
func (t *sdkType) isRequired() bool {
	return t != nil && !t.pointer && slices.Contains([]string{"string", "boolean", "integer", "number"}, t.kind)
}

// sdkResource is what the Go SDK's source says of a resource or a function.
type sdkResource struct {
	// in are the arguments, out the state or the results.
	in, out map[string]*sdkType
	// required are the arguments that the constructor refuses to do without.
	required map[string]bool
	// secrets are the outputs that it always marks as secret.
	secrets []string
	aliases []string
	// managed are the properties that default to "Managed by Pulumi".
	managed map[string]string
}

// property returns an argument's or output's type, or nil.
func (r *sdkResource) property(name string) *sdkType {
	if t := r.in[name]; t != nil {
		return t
	}
	return r.out[name]
}

// sdk is the Go SDK of pulumi-aws, read from its source.
type sdk struct {
	version              string
	resources, functions map[string]*sdkResource
	types                map[string]map[string]*sdkType
	enums                map[string][]string
}

var (
	registers = regexp.MustCompile(`ctx\.RegisterResource\("([^"]+)"`)
	invokes   = regexp.MustCompile(`ctx\.Invoke\("([^"]+)"`)
	refuses   = regexp.MustCompile(`invalid value for required argument '([^']+)'`)
	secretOut = regexp.MustCompile(`(?s)AdditionalSecretOutputs\(\[\]string\{(.*?)\}\)`)
	aliases   = regexp.MustCompile(`(?s)pulumi\.Aliases\(\[\]pulumi\.Alias\{(.*?)\n\t\}\)`)
	aliased   = regexp.MustCompile(`Type: pulumi\.String\("([^"]+)"\)`)
	defaulted = regexp.MustCompile(`args\.(\w+) = pulumi\.StringPtr\("(Managed by Pulumi)"\)`)
	quoted    = regexp.MustCompile(`"([^"]+)"`)
)

// readSDK reads the packages of the SDK below dir (its folder go/aws). What a module of modules cannot say, such as which
// versions of a token there are, nobody needs here.
func readSDK(dir, version string) (*sdk, error) {
	s := &sdk{
		version: version, resources: map[string]*sdkResource{}, functions: map[string]*sdkResource{},
		types: map[string]map[string]*sdkType{}, enums: map[string][]string{},
	}
	files := token.NewFileSet()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.Contains(path, "/internal/") {
			return err
		}
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		src, err := sourceOf(path)
		if err != nil {
			return err
		}
		return s.addFile(filepath.Base(path), f, src)
	})
	if err == nil && len(s.resources) == 0 {
		err = errors.New("no resource in it")
	}
	if err != nil {
		return nil, fmt.Errorf("read the SDK in %s: %w", dir, err)
	}
	return s, nil
}

func (s *sdk) addFile(name string, f *ast.File, src string) error {
	pkg := f.Name.Name
	structs := map[string]map[string]*sdkType{}
	goNames := map[string]map[string]string{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		switch g.Tok {
		case token.TYPE:
			for _, spec := range g.Specs {
				t := spec.(*ast.TypeSpec)
				if st, ok := t.Type.(*ast.StructType); ok {
					structs[t.Name.Name], goNames[t.Name.Name] = fieldsOf(pkg, st)
				}
			}
		case token.CONST:
			if err := s.addConstants(pkg, g); err != nil {
				return err
			}
		}
	}
	if strings.HasPrefix(name, "pulumiTypes") {
		for n, members := range structs {
			s.types[pkg+"."+n] = members
		}
		return nil
	}
	if m := registers.FindStringSubmatch(src); m != nil {
		s.resources[m[1]] = resourceIn(m[1], src, structs, goNames)
	}
	if m := invokes.FindStringSubmatch(src); m != nil {
		r := &sdkResource{required: map[string]bool{}}
		for n, members := range structs {
			switch {
			case strings.HasSuffix(n, "Result"):
				r.out = members
			case strings.HasSuffix(n, "Args") && !strings.HasSuffix(n, "OutputArgs"):
				r.in = members
			}
		}
		for n, t := range r.in {
			r.required[n] = !t.pointer && t.kind != "list" && t.kind != "map"
		}
		s.functions[m[1]] = r
	}
	return nil
}

func resourceIn(tok, src string, structs map[string]map[string]*sdkType, goNames map[string]map[string]string) *sdkResource {
	name := tok[strings.LastIndex(tok, ":")+1:]
	lower := strings.ToLower(name[:1]) + name[1:]
	r := &sdkResource{in: structs[lower+"Args"], out: structs[lower+"State"], required: map[string]bool{}, managed: map[string]string{}}
	properties := goNames[lower+"Args"]
	for _, m := range refuses.FindAllStringSubmatch(src, -1) {
		r.required[properties[m[1]]] = true
	}
	for _, m := range defaulted.FindAllStringSubmatch(src, -1) {
		r.managed[properties[m[1]]] = m[2]
	}
	if m := secretOut.FindStringSubmatch(src); m != nil {
		for _, q := range quoted.FindAllStringSubmatch(m[1], -1) {
			r.secrets = append(r.secrets, q[1])
		}
	}
	if m := aliases.FindStringSubmatch(src); m != nil {
		for _, a := range aliased.FindAllStringSubmatch(m[1], -1) {
			r.aliases = append(r.aliases, a[1])
		}
	}
	slices.Sort(r.aliases)
	return r
}

// addConstants collects the values of enumerations: constants that convert a string to a named type.
func (s *sdk) addConstants(pkg string, g *ast.GenDecl) error {
	for _, spec := range g.Specs {
		v := spec.(*ast.ValueSpec)
		if len(v.Values) != 1 {
			continue
		}
		call, ok := v.Values[0].(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			continue
		}
		typ, isName := call.Fun.(*ast.Ident)
		literal, isLiteral := call.Args[0].(*ast.BasicLit)
		if !isName || !isLiteral || literal.Kind != token.STRING {
			continue
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			return err
		}
		if name := pkg + "." + typ.Name; !slices.Contains(s.enums[name], text) {
			s.enums[name] = append(s.enums[name], text)
		}
	}
	return nil
}

// fieldsOf returns a struct's properties by their Pulumi names, and those names by the fields'.
func fieldsOf(pkg string, st *ast.StructType) (types map[string]*sdkType, names map[string]string) {
	types, names = map[string]*sdkType{}, map[string]string{}
	for _, f := range st.Fields.List {
		if f.Tag == nil || len(f.Names) != 1 {
			continue
		}
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("pulumi")
		name, _, _ := strings.Cut(tag, ",")
		if name == "" {
			continue
		}
		types[name], names[f.Names[0].Name] = typeOf(pkg, f.Type), name
	}
	return types, names
}

func typeOf(pkg string, e ast.Expr) *sdkType {
	switch x := e.(type) {
	case *ast.StarExpr:
		t := *typeOf(pkg, x.X)
		t.pointer = true
		return &t
	case *ast.Ident:
		switch x.Name {
		case "string":
			return &sdkType{kind: "string"}
		case "bool":
			return &sdkType{kind: "boolean"}
		case "int":
			return &sdkType{kind: "integer"}
		case "float64":
			return &sdkType{kind: "number"}
		}
		return &sdkType{kind: "object", ref: pkg + "." + x.Name}
	case *ast.ArrayType:
		return &sdkType{kind: "list", elem: typeOf(pkg, x.Elt)}
	case *ast.MapType:
		return &sdkType{kind: "map", elem: typeOf(pkg, x.Value)}
	case *ast.SelectorExpr:
		switch name := fmt.Sprint(x.X) + "." + x.Sel.Name; name {
		case "pulumi.Archive":
			return &sdkType{kind: "archive"}
		case "pulumi.AssetOrArchive":
			return &sdkType{kind: "asset"}
		default:
			return &sdkType{kind: "object", ref: name}
		}
	}
	return &sdkType{kind: "any"}
}

func sourceOf(path string) (string, error) {
	b, err := os.ReadFile(path)
	return string(b), err
}
