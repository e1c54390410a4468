package facts

import (
	"slices"
	"strings"
	"sync"
)

// Chart is what is known of a Helm chart.
type Chart struct {
	// Source says where its pods and custom kinds are from. Pods of hooks, which live for seconds, are left out.
	Source []string `json:"source"`
	// Repository is where it is published: the URL of an index, or "oci://..." for the chart itself.
	Repository string `json:"repository"`
	// Versions are those that are known to exist (the repositories' own indexes, on their gh-pages branches, and OCI
	// tags), with the version of the application in each.
	Versions map[string]string `json:"versions"`
	// Kinds are the custom kinds that it brings. CRDsDirectory says that they are in the chart's crds directory, which
	// skipCrds leaves out; CRDsValue is the value, if any, that leaves them out when it is false: "crds.install".
	Kinds         []CustomKind `json:"kinds"`
	CRDsDirectory bool         `json:"crdsDirectory"`
	CRDsValue     string       `json:"crdsValue"`
	// Objects are the names of what it brings that others refer to, by Pulumi type token, where they are not named
	// after the release.
	Objects map[string][]string `json:"objects"`
	// Pods are the kinds of pods that it runs; nil where they are not known.
	Pods []Pods `json:"pods"`

	// KindsOf names a chart with the same custom kinds. Contains names a chart inside this one, whose values stand under
	// its name and which is left out when the condition is false. Charts resolves both.
	KindsOf  string `json:"kindsOf"`
	Contains *struct {
		Chart     string `json:"chart"`
		Condition string `json:"condition"`
	} `json:"contains"`
}

// Charts returns the charts that the platform uses or that its users are likely to, by name. The map is shared: do not
// change it.
var Charts = sync.OnceValue(func() map[string]Chart {
	all := table[Chart]("charts.json")
	for name, c := range all {
		if c.KindsOf != "" {
			c.Kinds = all[c.KindsOf].Kinds
		}
		if in := c.Contains; in != nil {
			c.Kinds, c.CRDsValue = all[in.Chart].Kinds, in.Condition
			for _, p := range all[in.Chart].Pods {
				p.Values, p.Condition = strings.Trim(in.Chart+"."+p.Values, "."), in.Condition
				c.Pods = append(slices.Clone(c.Pods), p)
			}
		}
		all[name] = c
	}
	return all
})

// ClusterKinds are the custom kinds of every EKS cluster, which the control plane's VPC resource controller makes
// (aws/amazon-vpc-resource-controller-k8s, config/crd/bases).
var ClusterKinds = []CustomKind{
	{APIVersion: "vpcresources.k8s.aws/v1beta1", Kind: "SecurityGroupPolicy"},
	{APIVersion: "vpcresources.k8s.aws/v1alpha1", Kind: "CNINode", ClusterWide: true},
}
