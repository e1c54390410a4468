// Package tags puts AWS tags together.
package tags

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Named returns the tags of a resource: those of its stack, and its Name, which AWS's consoles list it by. The map that
// is given stays as it is.
func Named(stack map[string]string, name string) pulumi.StringMap {
	out := pulumi.ToStringMap(stack)
	if out == nil {
		out = pulumi.StringMap{}
	}
	out["Name"] = pulumi.String(name)
	return out
}
