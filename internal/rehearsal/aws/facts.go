package aws

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed facts/aws-v6.83.2.json
var factsJSON []byte

// Version is the version of the pulumi-aws provider that the facts describe.
const Version = "6.83.2"

// factBook is the facts file; facts/PROVENANCE.md says where it comes from.
type factBook struct {
	Resources map[string]*resourceFacts `json:"resources"`
	Functions map[string]*functionFacts `json:"functions"`
	Enums     map[string][]string       `json:"enums"`
}

// resourceFacts are what the genuine provider does with one resource type.
type resourceFacts struct {
	// ID is the form of the id: "vpc-*", "{clusterName}:{addonName}".
	ID string `json:"id"`
	// Import is the form that imports take; nil where the type cannot be imported.
	Import              *string   `json:"import"`
	Autoname            *autoname `json:"autoname"`
	DeleteBeforeReplace bool      `json:"deleteBeforeReplace"`
	// ComputedOnly are outputs that are never inputs.
	ComputedOnly []string         `json:"computedOnly"`
	Rules        []string         `json:"rules"`
	Props        map[string]*prop `json:"props"`

	relations []relation
	taggable  bool // has tags and tagsAll, so default and ignored tags apply
}

// functionFacts are a data source's arguments and results.
type functionFacts struct {
	Props map[string]*prop `json:"props"`
}

// autoname is how Pulumi fills a physical name that the program does not give.
type autoname struct {
	Prop   string `json:"prop"`
	Max    int    `json:"max"`
	Sep    string `json:"sep"`
	Rand   int    `json:"rand"`
	Prefix string `json:"prefix"`
	Lower  bool   `json:"lower"`
	// SuffixWhen is a boolean property and what it appends to the name when true.
	SuffixWhen []string `json:"suffixWhen"`
}

// prop is one property, at any depth.
type prop struct {
	Type  string           `json:"type"`
	Elem  string           `json:"elem"`
	Props map[string]*prop `json:"props"`
	// TF is the name in Terraform where it is not the Pulumi name in snake case.
	TF *string `json:"tf"`
	// IO is "in" or "out" when the property is not both.
	IO string `json:"io"`

	Required   bool `json:"required"`
	TFRequired bool `json:"tfRequired"`
	Computed   bool `json:"computed"`
	Secret     bool `json:"secret"`
	Deprecated bool `json:"deprecated"`
	Default    any  `json:"default"`

	Min      int         `json:"min"`
	Max      int         `json:"max"`
	Enum     choices     `json:"enum"`
	EnumOpen bool        `json:"enumOpen"`
	Format   string      `json:"format"`
	Length   *[2]int     `json:"length"`
	Range    *[2]float64 `json:"range"`
	AtLeast  *float64    `json:"atLeast"`
	AtMost   *float64    `json:"atMost"`

	// Replace says whether a change replaces the resource; nil is not determined and counts as in place.
	Replace *bool `json:"replace"`
	// ReplaceOn narrows Replace to some changes: change, change-back, append, add, remove.
	ReplaceOn       []string `json:"replaceOn"`
	ReplaceOnAdd    bool     `json:"replaceOnAdd"`
	ReplaceOnRemove bool     `json:"replaceOnRemove"`
	AddInPlace      bool     `json:"addInPlace"`
	RemoveInPlace   bool     `json:"removeInPlace"`
	ReplaceNote     string   `json:"replaceNote"`
	// KeepsOnRemove says that leaving the property out keeps the present value.
	KeepsOnRemove bool `json:"keepsOnRemove"`
}

// choices are the values that a property takes, numbers as their text.
type choices []string

// UnmarshalJSON reads a list of strings or numbers.
func (c *choices) UnmarshalJSON(text []byte) error {
	var values []any
	if err := json.Unmarshal(text, &values); err != nil {
		return err
	}
	for _, v := range values {
		*c = append(*c, fmt.Sprint(v))
	}
	return nil
}

// output tells whether only AWS sets the property.
func (p *prop) output() bool { return p.IO == "out" }

// filled tells whether AWS may choose the value when the program does not.
func (p *prop) filled() bool { return p.Computed || p.KeepsOnRemove || p.output() }

// element returns the facts of a collection's element, to which limits on the collection's strings apply too.
func (p *prop) element() *prop {
	e := &prop{Type: p.Elem, Props: p.Props, IO: p.IO}
	if p.Elem != "object" {
		e.Enum, e.EnumOpen, e.Format, e.Length, e.Range, e.AtLeast, e.AtMost = p.Enum, p.EnumOpen, p.Format, p.Length, p.Range, p.AtLeast, p.AtMost
	}
	return e
}

// allowed are enumerations that the file lacks, because the provider words their refusal differently (asked of
// hashicorp/aws 5.100.0 with a bad value).
var allowed = map[string]map[string]choices{
	"aws:eks/addon:Addon": {
		"resolveConflictsOnCreate": {"NONE", "OVERWRITE"},
		"resolveConflictsOnUpdate": {"NONE", "OVERWRITE", "PRESERVE"},
	},
}

// facts returns the facts, parsed when first asked for.
var facts = sync.OnceValues(func() (*factBook, error) {
	b := &factBook{}
	if err := json.Unmarshal(factsJSON, b); err != nil {
		return nil, fmt.Errorf("facts of the AWS provider: %w", err)
	}
	for typ, members := range allowed {
		for name, values := range members {
			b.Resources[typ].Props[name].Enum = values
		}
	}
	b.Resources[oidcProviderType].Props["url"].Format = formatIssuer
	for typ, r := range b.Resources {
		r.taggable = r.Props["tags"] != nil && r.Props["tagsAll"] != nil
		for name, p := range r.Props {
			if slices.Contains(r.ComputedOnly, name) {
				p.IO = "out"
			}
		}
		// Pulumi's package-wide rule names what Terraform requires a name for; the file lists exceptions only for
		// some types (eks.Cluster is not among them).
		if p := r.Props["name"]; r.Autoname == nil && p != nil && p.TFRequired {
			r.Autoname = &autoname{Prop: "name", Max: 255, Sep: "-", Rand: 7}
		}
		for _, text := range r.Rules {
			rel, err := parseRelation(text)
			if err != nil {
				return nil, fmt.Errorf("facts of the AWS provider: %s: %w", typ, err)
			}
			r.relations = append(r.relations, rel)
		}
	}
	return b, nil
})

// resourceFactsOf returns a type's facts; a type that is not among them is refused by name.
func resourceFactsOf(typ string) (*resourceFacts, error) {
	b, err := facts()
	if err != nil {
		return nil, err
	}
	r, ok := b.Resources[typ]
	if !ok {
		return nil, fmt.Errorf("the rehearsal cloud does not know the resource type %s%s", typ, nearest(typ, sortedNames(b.Resources)))
	}
	return r, nil
}

// ResourceTypes returns the type tokens of the resources that the rehearsal cloud knows, sorted.
func ResourceTypes() ([]string, error) {
	b, err := facts()
	if err != nil {
		return nil, err
	}
	return sortedNames(b.Resources), nil
}

// typeName is the last part of a type token: "Vpc" of "aws:ec2/vpc:Vpc".
func typeName(typ string) string { return typ[strings.LastIndex(typ, ":")+1:] }

// moduleName is the service's module of a type token: "ec2" of "aws:ec2/vpc:Vpc".
func moduleName(typ string) string {
	_, rest, _ := strings.Cut(typ, ":")
	module, _, _ := strings.Cut(rest, "/")
	return module
}
