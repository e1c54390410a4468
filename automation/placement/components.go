package placement

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/eks-platform/eks-platform/internal/declared"
	"github.com/eks-platform/eks-platform/internal/facts"
)

// everything tolerates every taint.
var everything = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}

// addAddon adds the pods of an EKS add-on.
func (a *workloads) addAddon(from string, r declared.Registration) error {
	name, _ := r.Input("addonName").(string)
	addon, known := facts.Addons()[name]
	if !known || addon.PodsIncomplete {
		a.unjudged = append(a.unjudged, Unjudged{Declared: from, Why: fmt.Sprintf("the pods of the add-on %q are not known", name)})
		return nil
	}
	values := map[string]any{}
	if text, _ := r.Input("configurationValues").(string); text != "" {
		if err := json.Unmarshal([]byte(text), &values); err != nil {
			return fmt.Errorf("configurationValues is not JSON: %w", err)
		}
	}
	return a.addPods(from, addon.Namespace, name, addon.Pods, values)
}

// addRelease adds the pods of a Helm release.
func (a *workloads) addRelease(from string, r declared.Registration) error {
	chart, _ := r.Input("chart").(string)
	name := chart[strings.LastIndex(chart, "/")+1:]
	known := facts.Charts()[name]
	switch files, _ := r.Input("valueYamlFiles").([]any); {
	case known.Pods == nil:
		a.unjudged = append(a.unjudged, Unjudged{Declared: from, Why: fmt.Sprintf("the pods of the chart %q are not known", name)})
		return nil
	case len(files) > 0:
		a.unjudged = append(a.unjudged, Unjudged{Declared: from, Why: "its values come from files, which are not read"})
		return nil
	}
	values, _ := r.Input("values").(map[string]any)
	namespace, _ := r.Input("namespace").(string)
	release, _ := r.Input("name").(string)
	return a.addPods(from, cmp.Or(namespace, corev1.NamespaceDefault), cmp.Or(release, r.Name), known.Pods, values)
}

func (a *workloads) addPods(from, namespace, name string, pods []facts.Pods, values map[string]any) error {
	for _, p := range pods {
		if p.Condition != "" && value(values, p.Condition) == false {
			continue
		}
		spec, err := podSpec(p, values)
		if err != nil {
			return err
		}
		a.found = append(a.found, a.workload(from, namespace, cmp.Or(p.Name, name), spec, p.DaemonSet))
	}
	return nil
}

// podSpec returns what decides where pods can run: their defaults, overridden by values.
func podSpec(p facts.Pods, values map[string]any) (corev1.PodSpec, error) {
	out := corev1.PodSpec{NodeSelector: maps.Clone(p.NodeSelector)}
	if err := as(p.Tolerations, &out.Tolerations); err != nil {
		return out, fmt.Errorf("the tolerations of %s: %w", p.Name, err)
	}
	affinity, err := nodeAffinity(p.NodeAffinity)
	if err != nil {
		return out, fmt.Errorf("the node affinity of %s: %w", p.Name, err)
	}
	out.Affinity = affinity
	var set struct {
		NodeSelector map[string]string   `json:"nodeSelector"`
		Tolerations  []corev1.Toleration `json:"tolerations"`
		Affinity     *corev1.Affinity    `json:"affinity"`
	}
	if err := as(value(values, p.Values), &set); err != nil {
		return out, fmt.Errorf("the values at %q: %w", p.Values, err)
	}
	for key, v := range set.NodeSelector {
		if out.NodeSelector == nil {
			out.NodeSelector = map[string]string{}
		}
		out.NodeSelector[key] = v
	}
	if set.Tolerations != nil {
		out.Tolerations = set.Tolerations
	}
	if p.TolerateAll != "" && value(values, p.TolerateAll) != false {
		out.Tolerations = slices.Concat(out.Tolerations, everything)
	}
	if set.Affinity != nil {
		out.Affinity = set.Affinity
	}
	return out, nil
}

// operators are the operators of node affinity, by their names in label selectors.
var operators = map[selection.Operator]corev1.NodeSelectorOperator{
	selection.In: corev1.NodeSelectorOpIn, selection.NotIn: corev1.NodeSelectorOpNotIn,
	selection.Exists: corev1.NodeSelectorOpExists, selection.DoesNotExist: corev1.NodeSelectorOpDoesNotExist,
}

// nodeAffinity returns the node affinity equivalent to a label selector; nil for an empty one.
func nodeAffinity(selector string) (*corev1.Affinity, error) {
	requirements, err := labels.ParseToRequirements(selector)
	if err != nil || len(requirements) == 0 {
		return nil, err
	}
	var term corev1.NodeSelectorTerm
	for _, r := range requirements {
		operator, ok := operators[r.Operator()]
		if !ok {
			return nil, fmt.Errorf("operator %q does not exist in node affinity", r.Operator())
		}
		term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{
			Key: r.Key(), Operator: operator, Values: r.ValuesUnsorted(),
		})
	}
	return withTerms(term).Spec.Affinity, nil
}

// value returns the value at a dotted path, or nil; at the empty path, everything.
func value(values map[string]any, path string) any {
	var at any = values
	if path == "" {
		return at
	}
	for key := range strings.SplitSeq(path, ".") {
		inner, _ := at.(map[string]any)
		at = inner[key]
	}
	return at
}
