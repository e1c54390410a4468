// Package tags assembles AWS tags.
package tags

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Named returns the tags of a resource: those of its stack, and its Name, as shown in AWS's consoles. The given map is not
// changed.
func Named(stack map[string]string, name string) pulumi.StringMap {
	out := pulumi.ToStringMap(stack)
	if out == nil {
		out = pulumi.StringMap{}
	}
	out["Name"] = pulumi.String(name)
	return out
}
