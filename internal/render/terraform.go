package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/eks-platform/eks-platform/internal/declared"
	"github.com/eks-platform/eks-platform/internal/facts/aws"
)

// Terraform returns the AWS resources among some registrations as a Terraform configuration: the provider is built on
// Terraform's, so that types and arguments correspond, and scanners read Terraform best. It is for reading alone: what
// remote components register is missing, and to apply it would not build the platform. An argument that is the ID of
// another resource refers to it.
func Terraform(registrations declared.Registrations) ([]byte, error) {
	var all declared.Registrations
	for _, r := range registrations.WithTypePrefix("aws:") {
		if r.Custom && !r.Read {
			all = append(all, r)
		}
	}
	c := configuration{addresses: map[string]string{}}
	addresses, used := make([]string, len(all)), map[string]bool{}
	for i, r := range all {
		f := aws.ResourceOf(r.Type)
		if f == nil {
			return nil, fmt.Errorf("render %s: there are no facts about %s", r.URN, r.Type)
		}
		address := f.TF + "." + label(r.Name)
		for n := 2; used[address]; n++ { // the same name below another component
			address = fmt.Sprintf("%s.%s-%d", f.TF, label(r.Name), n)
		}
		addresses[i], used[address] = address, true
		if r.ID != "" {
			c.addresses[r.ID] = address
		}
	}
	for i, r := range all {
		typ, name, _ := strings.Cut(addresses[i], ".")
		inputs, _ := visible(resource.NewProperty(r.Inputs)).(map[string]any)
		fmt.Fprintf(&c.out, "resource %q %q ", typ, name)
		c.self = addresses[i]
		if err := c.body(inputs, aws.ResourceOf(r.Type).Props, ""); err != nil {
			return nil, fmt.Errorf("render %s: %w", r.URN, err)
		}
		c.out.WriteString("\n")
	}
	return c.out.Bytes(), nil
}

// label is a resource's name in Terraform, which may have letters, digits, - and _ alone.
func label(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
			return r
		}
		return '_'
	}, name)
}

// configuration is a Terraform configuration that is being written.
type configuration struct {
	out       bytes.Buffer
	addresses map[string]string // "type.name" of a resource by its ID
	self      string            // the resource that is being written
}

// body writes the body of a block: its arguments, and the blocks in it.
func (c *configuration) body(members map[string]any, props map[string]*aws.Property, indent string) error {
	c.out.WriteString("{\n")
	for _, name := range slices.Sorted(maps.Keys(members)) {
		v, p := members[name], props[name]
		if v == nil {
			continue
		}
		if p == nil {
			return fmt.Errorf("there are no facts about %s", name)
		}
		in := indent + "  "
		if p.Type == "object" || p.Elem == "object" {
			blocks, list := v.([]any)
			if !list {
				blocks = []any{v}
			}
			for _, b := range blocks {
				inner, _ := b.(map[string]any)
				c.out.WriteString(in + p.Terraform(name) + " ")
				if err := c.body(inner, p.Props, in); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			continue
		}
		var text bytes.Buffer
		enc := json.NewEncoder(&text) // JSON is valid as an expression
		enc.SetEscapeHTML(false)
		if err := enc.Encode(c.expression(v)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		c.out.WriteString(in + p.Terraform(name) + " = " + text.String())
	}
	c.out.WriteString(indent + "}\n")
	return nil
}

// expression replaces IDs by references, and escapes what Terraform would evaluate in a text.
func (c *configuration) expression(v any) any {
	switch v := v.(type) {
	case string:
		if other := c.addresses[v]; other != "" && other != c.self {
			return "${" + other + ".id}"
		}
		return literal.Replace(v)
	case []any:
		out := make([]any, 0, len(v))
		for _, e := range v {
			out = append(out, c.expression(e))
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, e := range v {
			out[literal.Replace(key)] = c.expression(e)
		}
		return out
	}
	return v
}

var literal = strings.NewReplacer("${", "$${", "%{", "%%{")
