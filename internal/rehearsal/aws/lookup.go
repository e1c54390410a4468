package aws

import (
	"strings"

	awsfacts "github.com/eks-platform/eks-platform/internal/facts/aws"
	"github.com/eks-platform/eks-platform/internal/rehearsal/cloud"
)

// Functions that look up one object by its id. Data sources call some properties otherwise than resources do
// (certificateAuthorities for certificateAuthority): both have one name in Terraform, by which they are paired.
func init() {
	for token, l := range map[string]lookup{
		"aws:ec2/getVpc:getVpc":             {typ: "aws:ec2/vpc:Vpc", by: []string{"id"}},
		"aws:ec2/getSubnet:getSubnet":       {typ: "aws:ec2/subnet:Subnet", by: []string{"id"}},
		"aws:eks/getCluster:getCluster":     {typ: "aws:eks/cluster:Cluster", by: []string{"name"}},
		"aws:eks/getNodeGroup:getNodeGroup": {typ: "aws:eks/nodeGroup:NodeGroup", by: []string{"clusterName", "nodeGroupName"}},
		"aws:iam/getRole:getRole":           {typ: "aws:iam/role:Role", by: []string{"name"}, global: true},
	} {
		registerFunction(token, l.find)
	}
	registerFunction("aws:eks/getClusterAuth:getClusterAuth", func(c *FunctionCall) (cloud.Attributes, error) {
		name := attrs(c.Args).text("name")
		return cloud.Attributes{"id": name, "name": name, "token": "k8s-aws-v1." + randomDigits(32)}, nil
	})
}

// lookup is a function that finds an object of a type by the arguments that make its id.
type lookup struct {
	typ    string
	by     []string
	global bool
}

func (l lookup) find(c *FunctionCall) (cloud.Attributes, error) {
	scope := c.Scope
	if l.global {
		scope.Region = ""
	}
	parts := make([]string, len(l.by))
	for i, name := range l.by {
		if parts[i] = attrs(c.Args).text(name); parts[i] == "" {
			return nil, refuse("NotImplemented", "the rehearsal cloud finds a %s by %s only", typeName(l.typ), strings.Join(l.by, " and "))
		}
	}
	id := strings.Join(parts, ":")
	o, ok := c.Tx.Get(scope, l.typ, id)
	if !ok {
		return nil, refuse("ResourceNotFoundException", "no %s found for %s in account %s", typeName(l.typ), id, scope.Account)
	}
	out := translate(awsfacts.ResourceOf(l.typ).Props, awsfacts.FunctionOf(c.Token).Props, o.Attributes)
	out["id"] = id
	return out, nil
}

// translate gives an object's attributes the names and shapes of a data source.
func translate(from, to map[string]*prop, attributes map[string]any) cloud.Attributes {
	names := map[string]string{}
	for name, p := range from {
		names[p.Terraform(name)] = name
	}
	out := cloud.Attributes{}
	for name, p := range to {
		source, ok := names[p.Terraform(name)]
		v := attributes[source]
		if !ok || v == nil {
			continue
		}
		switch v := v.(type) {
		case map[string]any:
			if p.Props == nil {
				out[name] = v
				continue
			}
			var inner any = map[string]any(translate(from[source].Props, p.Props, v))
			if p.Type == "list" || p.Type == "set" {
				inner = []any{inner}
			}
			out[name] = inner
		case []any:
			list := make([]any, len(v))
			for i, x := range v {
				list[i] = x
				if m, isBlock := x.(map[string]any); isBlock && p.Props != nil {
					list[i] = map[string]any(translate(from[source].Props, p.Props, m))
				}
			}
			out[name] = list
		default:
			out[name] = v
		}
	}
	return out
}
