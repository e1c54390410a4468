// Package child names the children of a component and assembles their options.
//
// The logical names it builds are part of every child's URN: they are API. Changing one replaces live
// infrastructure, needs an alias, and shows in the URN goldens under tests/testdata.
package child

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Of describes the children of one component instance.
type Of struct {
	// Parent is the parent of every child.
	Parent pulumi.Resource
	// Name is the component's own logical name, the prefix of every child's.
	Name string
}

// ID returns a child's logical name, <component>-<role>[-<key>...]. Keys are business keys (a zone id, an
// add-on's name), never an index: an index renames everything behind an insert.
func (o Of) ID(parts ...string) string {
	return strings.Join(append([]string{o.Name}, parts...), "-")
}

// Opts returns a fresh slice of options that ends in Parent, so that no caller can re-parent a child.
func (o Of) Opts(extra ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append(slices.Clone(extra), pulumi.Parent(o.Parent))
}
