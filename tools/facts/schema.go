package main

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"google.golang.org/protobuf/encoding/protowire"
)

// attribute is an attribute of a Terraform schema.
type attribute struct {
	name                                                           string
	ty                                                             cty.Type
	required, optional, computed, sensitive, deprecated, writeOnly bool
}

// output reports whether the provider alone decides the value.
func (a *attribute) output() bool { return a.computed && !a.optional && !a.required }

// nesting says how a nested block is repeated.
type nesting uint64

// The nestings, as the protocol numbers them.
const (
	nestSingle nesting = 1
	nestList   nesting = 2
	nestSet    nesting = 3
	nestMap    nesting = 4
	nestGroup  nesting = 5
)

// nest is a nested block.
type nest struct {
	name     string
	block    *block
	mode     nesting
	min, max uint64
}

func (n *nest) ty() cty.Type {
	switch n.mode {
	case nestList:
		return cty.List(n.block.ty)
	case nestSet:
		return cty.Set(n.block.ty)
	case nestMap:
		return cty.Map(n.block.ty)
	}
	return n.block.ty
}

// absent is the value of a block that a configuration does not mention.
func (n *nest) absent() cty.Value {
	switch n.mode {
	case nestList:
		return cty.ListValEmpty(n.block.ty)
	case nestSet:
		return cty.SetValEmpty(n.block.ty)
	case nestMap:
		return cty.MapValEmpty(n.block.ty)
	}
	return cty.NullVal(n.block.ty)
}

// block is the body of a schema or of a nested block.
type block struct {
	attributes map[string]*attribute
	nests      map[string]*nest
	deprecated bool
	ty         cty.Type
	// sum is the same for blocks that are the same.
	sum [sha256.Size]byte
}

// empty is what an empty body decodes to.
func (b *block) empty() cty.Value {
	members := map[string]cty.Value{}
	for name, a := range b.attributes {
		members[name] = cty.NullVal(a.ty)
	}
	for name, n := range b.nests {
		members[name] = n.absent()
	}
	return object(members)
}

// object is cty.ObjectVal, which refuses to make an empty one.
func object(members map[string]cty.Value) cty.Value {
	if len(members) == 0 {
		return cty.EmptyObjectVal
	}
	return cty.ObjectVal(members)
}

// schema is a block with a version.
type schema struct {
	version uint64
	*block
}

func parseSchema(b []byte) (*schema, error) {
	s := &schema{block: &block{ty: cty.EmptyObject}}
	var wrong error
	err := fields(b, func(n protowire.Number, v []byte, u uint64) {
		switch n {
		case 1:
			s.version = u
		case 2:
			s.block, wrong = parseBlock(v)
		}
	})
	return s, errors.Join(err, wrong)
}

func parseBlock(b []byte) (*block, error) {
	out := &block{attributes: map[string]*attribute{}, nests: map[string]*nest{}}
	types := map[string]cty.Type{}
	var problems []error
	err := fields(b, func(n protowire.Number, v []byte, u uint64) {
		switch n {
		case 2:
			a, err := parseAttribute(v)
			problems = append(problems, err)
			out.attributes[a.name], types[a.name] = a, a.ty
		case 3:
			inner, err := parseNest(v)
			problems = append(problems, err)
			out.nests[inner.name], types[inner.name] = inner, inner.ty()
		case 6:
			out.deprecated = u != 0
		}
	})
	out.ty, out.sum = cty.Object(types), sha256.Sum256(b)
	return out, errors.Join(err, errors.Join(problems...))
}

func parseAttribute(b []byte) (*attribute, error) {
	a := &attribute{ty: cty.DynamicPseudoType}
	var typ []byte
	err := fields(b, func(n protowire.Number, v []byte, u uint64) {
		switch n {
		case 1:
			a.name = string(v)
		case 2:
			typ = v
		case 4:
			a.required = u != 0
		case 5:
			a.optional = u != 0
		case 6:
			a.computed = u != 0
		case 7:
			a.sensitive = u != 0
		case 9:
			a.deprecated = u != 0
		case 10:
			a.writeOnly = u != 0
		}
	})
	if err != nil {
		return a, err
	}
	if a.ty, err = ctyjson.UnmarshalType(typ); err != nil {
		return a, fmt.Errorf("attribute %s: %w", a.name, err)
	}
	return a, nil
}

func parseNest(b []byte) (*nest, error) {
	out := &nest{block: &block{ty: cty.EmptyObject}}
	var wrong error
	err := fields(b, func(n protowire.Number, v []byte, u uint64) {
		switch n {
		case 1:
			out.name = string(v)
		case 2:
			out.block, wrong = parseBlock(v)
		case 3:
			out.mode = nesting(u)
		case 4:
			out.min = u
		case 5:
			out.max = u
		}
	})
	return out, errors.Join(err, wrong)
}
