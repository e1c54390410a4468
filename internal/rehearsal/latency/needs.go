package latency

import (
	"cmp"
	"slices"

	"github.com/eks-platform/eks-platform/internal/facts"
)

// Need is something that AWS itself imposes: a resource cannot be made before one of others is there. The other way
// round, a resource that is the only one to meet a need cannot be deleted before the one that has it.
type Need struct {
	// URN is the resource that waits.
	URN string
	// AnyOf are the resources of which one must be there. A reference, such as a subnet's to its VPC, has one.
	AnyOf []string
}

// Resource is what is read of one resource, as it stands in an engine's state.
type Resource struct {
	URN, Type, ID string
	// Inputs are what the program gave, Outputs those and what the cloud made of them, under their Pulumi names.
	Inputs, Outputs map[string]any
}

// text returns a property, or the empty string.
func (r Resource) text(key string) string {
	s, _ := r.Outputs[key].(string)
	return s
}

// Rules returns what AWS imposes beyond references: a control plane and nodes need their roles' policies, nodes need
// the add-ons that make them ready, and add-ons that are Deployments need a node without taints.
func Rules(resources []Resource) []Need {
	var needs []Need
	need := func(who Resource, anyOf ...string) {
		if len(anyOf) > 0 {
			needs = append(needs, Need{URN: who.URN, AnyOf: anyOf})
		}
	}
	policies := policiesByRoleARN(resources)
	for _, r := range resources {
		switch r.Type {
		case clusterType:
			for _, p := range policies[r.text("roleArn")] {
				need(r, p)
			}
		case nodeGroupType:
			for _, p := range policies[r.text("nodeRoleArn")] {
				need(r, p)
			}
			for _, a := range beforeNodes(resources, r.text("clusterName")) {
				need(r, a)
			}
		case addonType:
			// It becomes active once its pods run, which no tainted node lets them. A DaemonSet is active without a node.
			if _, deployment := facts.Addons()[r.text("addonName")].Deployment(); deployment {
				need(r, untainted(resources, r.text("clusterName"))...)
			}
		}
	}
	slices.SortStableFunc(needs, func(a, b Need) int { return cmp.Compare(a.URN, b.URN) })
	return needs
}

// policiesByRoleARN returns the URNs of what gives each role its permissions.
func policiesByRoleARN(resources []Resource) map[string][]string {
	byName := map[string]string{}
	for _, r := range resources {
		if r.Type == roleType {
			byName[r.text("name")] = r.text("arn")
		}
	}
	out := map[string][]string{}
	for _, r := range resources {
		if r.Type != attachmentType && r.Type != inlineType {
			continue
		}
		if arn := byName[r.text("role")]; arn != "" {
			out[arn] = append(out[arn], r.URN)
		}
	}
	return out
}

// beforeNodes returns the URNs of a cluster's add-ons without which its nodes do not become ready.
func beforeNodes(resources []Resource, cluster string) []string {
	var out []string
	for _, r := range resources {
		if r.Type == addonType && r.text("clusterName") == cluster && facts.Addons()[r.text("addonName")].NodesNeedIt {
			out = append(out, r.URN)
		}
	}
	return out
}

// untainted returns the URNs of a cluster's node groups that any pod can run on.
func untainted(resources []Resource, cluster string) []string {
	var out []string
	for _, r := range resources {
		taints, _ := r.Outputs["taints"].([]any)
		if r.Type == nodeGroupType && r.text("clusterName") == cluster && len(taints) == 0 {
			out = append(out, r.URN)
		}
	}
	return out
}
