package facts

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
)

// Addon is what is known of an EKS add-on
// (https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html and community-addons.html).
type Addon struct {
	// Source says where its pods, accounts and custom kinds are from.
	Source []string `json:"source"`
	// Version is what a request without one gets, VersionByMinor where it depends on Kubernetes' minor: the defaults as
	// listed in October 2026. Empty where it is not known.
	Version        string            `json:"version"`
	VersionByMinor map[string]string `json:"versionByMinor"`
	// Namespace is where the add-on lives.
	Namespace string `json:"namespace"`
	// Identities are the service accounts that take a Pod Identity association, Accounts the others.
	Identities []string `json:"identities"`
	Accounts   []string `json:"accounts"`
	// NodesNeedIt: without it a node does not become ready, on a cluster that has none of its own.
	NodesNeedIt bool `json:"nodesNeedIt"`
	// Kinds are the custom kinds that it brings.
	Kinds []CustomKind `json:"kinds"`
	// Pods are the kinds of pods that it runs; PodsIncomplete: there are others, or what is said of these is not all.
	Pods           []Pods `json:"pods"`
	PodsIncomplete bool   `json:"podsIncomplete"`
}

// VersionFor returns what a request without a version gets on a Kubernetes minor ("1.35"); "" where it is not known.
func (a Addon) VersionFor(minor string) string { return cmp.Or(a.VersionByMinor[minor], a.Version) }

// Deployment returns the first of the add-on's pods that are not a DaemonSet's, for which a node must have room before
// the add-on is active.
func (a Addon) Deployment() (Pods, bool) {
	i := slices.IndexFunc(a.Pods, func(p Pods) bool { return !p.DaemonSet })
	if i < 0 {
		return Pods{}, false
	}
	return a.Pods[i], true
}

// HasAccount reports whether the add-on brings a service account into its namespace.
func (a Addon) HasAccount(name string) bool {
	return slices.Contains(a.Accounts, name) || slices.Contains(a.Identities, name)
}

// Pods are one kind of pod of an add-on or a chart.
type Pods struct {
	// Name is the pods' own name; a chart's without one are named after the release.
	Name string `json:"name"`
	// DaemonSet: they run once on every node that they fit.
	DaemonSet bool `json:"daemonSet"`
	// Values is where in the values their nodeSelector, tolerations and affinity stand: "controller"; "" is at the top.
	Values string `json:"values"`
	// Condition is where a boolean stands that leaves them out when it is false.
	Condition string `json:"condition"`
	// TolerateAll is where a boolean stands that adds a toleration of everything unless it is false.
	TolerateAll string `json:"tolerateAll"`
	// NodeSelector is always there; what the values say comes on top.
	NodeSelector map[string]string `json:"nodeSelector"`
	// Tolerations (in Kubernetes' form) and NodeAffinity (required, in the form of a label selector) are the defaults,
	// which values replace as a whole.
	Tolerations  []map[string]any `json:"tolerations"`
	NodeAffinity string           `json:"nodeAffinity"`
}

// CustomKind is a kind of objects that an add-on or a chart defines.
type CustomKind struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// ClusterWide: its objects have no namespace.
	ClusterWide bool `json:"clusterWide"`
}

//go:embed addons.json charts.json
var tables embed.FS

// Addons returns the add-ons by name. The map is shared: do not change it.
var Addons = sync.OnceValue(func() map[string]Addon {
	all := table[Addon]("addons.json")
	for name, a := range all {
		a.Namespace = cmp.Or(a.Namespace, "kube-system")
		all[name] = a
	}
	return all
})

// table reads a table that is part of this binary, and that a test has read.
func table[T any](name string) map[string]T {
	var all map[string]T
	text, err := tables.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		panic(fmt.Sprintf("facts: %s, which is part of this binary, does not parse: %v", name, err))
	}
	return all
}

// schemas hold what describe-addon-configuration answers, as far as it is known: one file per add-on, with its source.
//
//go:embed addonschemas
var schemas embed.FS

// AddonSchema returns the JSON schema of an add-on's configuration values, or nil where it is not known.
func AddonSchema(name string) []byte {
	text, err := schemas.ReadFile(path.Join("addonschemas", name+".json"))
	if err != nil {
		return nil
	}
	return text
}

// AddonsWithSchema returns the names of the add-ons that have one, sorted.
func AddonsWithSchema() []string {
	entries, err := schemas.ReadDir("addonschemas")
	if err != nil {
		panic("facts: " + err.Error())
	}
	out := make([]string, 0, len(entries))
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".json"))
	}
	return out
}
