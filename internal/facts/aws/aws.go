// Package aws holds what the genuine AWS provider does with each resource type and function: which properties there
// are, their types, and what is required, computed, secret, limited or replaced. README.md says where it comes from.
//
// One file describes one type, and is read when it is first asked for.
package aws

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode"
)

//go:embed provider.json resources functions
var files embed.FS

// Provider says which provider the facts describe.
type Provider struct {
	// Package is the Pulumi package, Version its version.
	Package string `json:"package"`
	Version string `json:"version"`
	// TerraformProvider is the provider behind it, with its version: hashicorp/aws 5.100.0.
	TerraformProvider string `json:"terraformProvider"`
}

// Resource is what the provider does with one resource type.
type Resource struct {
	// TF is the Terraform type.
	TF string `json:"tf"`
	// ID is the form of the id: "vpc-*", "{clusterName}:{addonName}".
	ID string `json:"id"`
	// Import is the form that imports take; nil where the type cannot be imported.
	Import *string `json:"import"`
	// Aliases are the type tokens that the type once had.
	Aliases             []string  `json:"aliases"`
	Autoname            *Autoname `json:"autoname"`
	DeleteBeforeReplace bool      `json:"deleteBeforeReplace"`
	// Rules relate properties: "conflicts: a b", "exactlyOneOf: a b", "atLeastOneOf: a b", "requires: a -> b".
	Rules []string             `json:"rules"`
	Props map[string]*Property `json:"props"`
}

// Function is a data source's arguments and results.
type Function struct {
	// TF is the Terraform data source.
	TF    string               `json:"tf"`
	Props map[string]*Property `json:"props"`
}

// Terraform returns the name in Terraform of a property.
func (p *Property) Terraform(name string) string {
	if p.TF != nil {
		return *p.TF
	}
	var out strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// Autoname is how Pulumi fills a physical name that the program does not give.
type Autoname struct {
	Prop   string `json:"prop"`
	Max    int    `json:"max"`
	Sep    string `json:"sep"`
	Rand   int    `json:"rand"`
	Prefix string `json:"prefix"`
	Lower  bool   `json:"lower"`
	// SuffixWhen is a boolean property and what it appends to the name when true.
	SuffixWhen []string `json:"suffixWhen"`
}

// Property is one property, at any depth.
type Property struct {
	// Type is string, boolean, integer, number, list, set, map, object, archive, asset or any.
	Type string `json:"type"`
	// Elem is the element's type of a list, set or map.
	Elem string `json:"elem"`
	// Props are the members of an object, or of a collection's elements. SameAs is the path of a property that this one
	// stands inside of and whose members are its own, too, such as a statement within a statement: Props are that one's.
	Props  map[string]*Property `json:"props"`
	SameAs string               `json:"sameAs"`
	// TF is the name in Terraform where it is not the Pulumi name in snake case.
	TF *string `json:"tf"`
	// IO is "in" or "out" when the property is not both.
	IO string `json:"io"`

	Required bool `json:"required"`
	// TFRequired: Terraform requires it, and Pulumi fills it in.
	TFRequired bool `json:"tfRequired"`
	Computed   bool `json:"computed"`
	Secret     bool `json:"secret"`
	Deprecated bool `json:"deprecated"`
	Default    any  `json:"default"`

	// Min and Max limit the number of elements; 0 is no limit.
	Min int `json:"min"`
	Max int `json:"max"`
	// Enum are the values that it takes.
	Enum    Choices     `json:"enum"`
	Format  string      `json:"format"`
	Length  *[2]int     `json:"length"`
	Range   *[2]float64 `json:"range"`
	AtLeast *float64    `json:"atLeast"`
	AtMost  *float64    `json:"atMost"`

	// Replace reports whether a change replaces the resource; nil is not determined and counts as in place.
	Replace *bool `json:"replace"`
	// ReplaceOn narrows Replace to some changes: change, change-back, append, add, remove.
	ReplaceOn       []string `json:"replaceOn"`
	ReplaceOnAdd    bool     `json:"replaceOnAdd"`
	ReplaceOnRemove bool     `json:"replaceOnRemove"`
	AddInPlace      bool     `json:"addInPlace"`
	RemoveInPlace   bool     `json:"removeInPlace"`
	ReplaceNote     string   `json:"replaceNote"`
	// KeepsOnRemove: leaving the property out keeps the present value.
	KeepsOnRemove bool `json:"keepsOnRemove"`
}

// Output reports whether only AWS sets the property.
func (p *Property) Output() bool { return p.IO == "out" }

// Filled reports whether AWS may choose the value when the program does not.
func (p *Property) Filled() bool { return p.Computed || p.KeepsOnRemove || p.Output() }

// Element returns the facts of a collection's element, to which limits on the collection's strings apply too.
func (p *Property) Element() *Property {
	e := &Property{Type: p.Elem, Props: p.Props, IO: p.IO}
	if p.Elem != "object" {
		e.Enum, e.Format, e.Length, e.Range, e.AtLeast, e.AtMost = p.Enum, p.Format, p.Length, p.Range, p.AtLeast, p.AtMost
	}
	return e
}

// Choices are the values that a property takes, numbers as their text.
type Choices []string

// UnmarshalJSON reads a list of strings or numbers.
func (c *Choices) UnmarshalJSON(text []byte) error {
	var values []any
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	for _, v := range values {
		*c = append(*c, fmt.Sprint(v))
	}
	return nil
}

// Describes returns which provider the facts describe.
var Describes = sync.OnceValue(func() Provider {
	var p Provider
	mustRead("provider.json", &p)
	return p
})

// Resources returns the type tokens of all resources ("aws:ec2/vpc:Vpc"), sorted.
func Resources() []string { return resources.tokens() }

// Functions returns the tokens of all functions ("aws:ec2/getAmi:getAmi"), sorted.
func Functions() []string { return functions.tokens() }

// ResourceOf returns the facts of a resource type, or nil where there are none. They are shared: do not change them.
func ResourceOf(token string) *Resource { return resources.of(token) }

// FunctionOf returns the facts of a function, or nil where there are none. They are shared: do not change them.
func FunctionOf(token string) *Function { return functions.of(token) }

// catalog is a directory with one file per token.
type catalog[T any] struct {
	dir string
	mu  sync.Mutex
	// read holds what was asked for, nil for tokens without a file.
	read   map[string]*T
	finish func(*T)
}

// resolve gives properties that have the members of another one those members.
func resolve(props, top map[string]*Property) {
	for _, p := range props {
		if p.SameAs == "" {
			resolve(p.Props, top)
			continue
		}
		p.Props = top
		for name := range strings.SplitSeq(p.SameAs, ".") {
			p.Props = p.Props[name].Props
		}
	}
}

var (
	resources = &catalog[Resource]{
		dir: "resources", read: map[string]*Resource{},
		finish: func(r *Resource) { resolve(r.Props, r.Props) },
	}
	functions = &catalog[Function]{dir: "functions", read: map[string]*Function{}, finish: func(*Function) {}}
)

func (c *catalog[T]) of(token string) *T {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, known := c.read[token]
	if known {
		return found
	}
	if name := fileOf(token); name != "" {
		if _, err := fs.Stat(files, path.Join(c.dir, name)); err == nil {
			found = new(T)
			mustRead(path.Join(c.dir, name), found)
			c.finish(found)
		}
	}
	c.read[token] = found
	return found
}

func (c *catalog[T]) tokens() []string {
	names, err := fs.Glob(files, c.dir+"/*/*.json")
	if err != nil {
		panic("facts/aws: " + err.Error())
	}
	out := make([]string, 0, len(names))
	for _, name := range names {
		module, base := path.Base(path.Dir(name)), strings.TrimSuffix(path.Base(name), ".json")
		out = append(out, "aws:"+module+"/"+strings.ToLower(base[:1])+base[1:]+":"+base)
	}
	slices.Sort(out)
	return out
}

// fileOf returns the file of a token below its directory: ec2/Vpc.json of aws:ec2/vpc:Vpc.
func fileOf(token string) string {
	parts := strings.Split(token, ":")
	if len(parts) != 3 || parts[0] != "aws" || parts[2] == "" {
		return ""
	}
	module, name, _ := strings.Cut(parts[1], "/")
	if name != strings.ToLower(parts[2][:1])+parts[2][1:] {
		return ""
	}
	return module + "/" + parts[2] + ".json"
}

// mustRead decodes a file that is part of this binary and that a test has read.
func mustRead(name string, into any) {
	text, err := files.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		panic(fmt.Sprintf("facts/aws: %s, which is part of this binary, does not parse: %v", name, err))
	}
}
