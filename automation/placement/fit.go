package placement

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corehelpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// Fit reports whether a pod can run on a node group.
type Fit struct {
	// Environment and Group name the group.
	Environment string `json:"environment"`
	Group       string `json:"group"`
	Fits        bool   `json:"fits"`
	// Why are the reasons why it cannot; empty if it can.
	Why []string `json:"why,omitempty"`
}

// keepsOff reports whether a taint matters for fit: PreferNoSchedule is only a preference.
func keepsOff(t *corev1.Taint) bool {
	return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
}

// fit checks a pod against a group. It fits if it fits one node.
func fit(pod *corev1.Pod, g Group) Fit {
	out := Fit{Environment: g.Environment, Group: g.Name}
	for _, taint := range g.nodes[0].Spec.Taints { // all nodes of a group have the same taints
		if untolerated(pod, taint) {
			out.Why = append(out.Why, "has the taint "+taintText(taint)+", which the pod does not tolerate")
		}
	}
	if !anyMatches(pod, g.nodes) {
		out.Why = append(out.Why, unmatched(pod, g.nodes)...)
	}
	for _, r := range requested(pod) {
		if !slices.ContainsFunc(g.nodes, func(n *corev1.Node) bool { q, ok := n.Status.Allocatable[r.name]; return ok && q.Cmp(r.amount) >= 0 }) {
			out.Why = append(out.Why, fmt.Sprintf("the pod asks for %s %s, which none of its instance types has", r.amount.String(), r.name))
		}
	}
	out.Fits = len(out.Why) == 0
	return out
}

// request is an amount of an extended resource.
type request struct {
	name   corev1.ResourceName
	amount resource.Quantity
}

// judged are the extended resources that are known of nodes. What other device plugins add is not.
var judged = []corev1.ResourceName{podENI, nvidiaGPU}

// requested returns what a pod's containers ask for of the judged resources.
func requested(pod *corev1.Pod) []request {
	var out []request
	for _, name := range judged {
		var sum resource.Quantity
		for _, c := range pod.Spec.Containers {
			if q, ok := c.Resources.Limits[name]; ok {
				sum.Add(q)
			}
		}
		if !sum.IsZero() {
			out = append(out, request{name, sum})
		}
	}
	return out
}

// untolerated asks the scheduler's TaintToleration predicate about one taint.
func untolerated(pod *corev1.Pod, taint corev1.Taint) bool {
	// The last argument enables tolerations that compare numbers, which are alpha, and off on EKS.
	_, found := corehelpers.FindMatchingUntoleratedTaint(logr.Discard(), []corev1.Taint{taint}, pod.Spec.Tolerations, keepsOff, false)
	return found
}

// anyMatches asks the scheduler's NodeAffinity predicate: node selector and required node affinity. A selector that
// is not valid matches nothing.
func anyMatches(pod *corev1.Pod, nodes []*corev1.Node) bool {
	required := nodeaffinity.GetRequiredNodeAffinity(pod)
	return slices.ContainsFunc(nodes, func(n *corev1.Node) bool {
		matches, err := required.Match(n)
		return err == nil && matches
	})
}

// unmatched says what no node has. It applies the same predicate to every requirement on its own.
func unmatched(pod *corev1.Pod, nodes []*corev1.Node) []string {
	var why []string
	for _, key := range slices.Sorted(maps.Keys(pod.Spec.NodeSelector)) {
		value := pod.Spec.NodeSelector[key]
		if !anyMatches(&corev1.Pod{Spec: corev1.PodSpec{NodeSelector: map[string]string{key: value}}}, nodes) {
			why = append(why, fmt.Sprintf("node selector %s=%s does not match: %s", key, value, present(key, nodes)))
		}
	}
	if terms := requiredTerms(pod); len(terms) > 0 && !anyMatches(withTerms(terms...), nodes) {
		var each []string
		for _, term := range terms {
			each = append(each, termUnmatched(term, nodes))
		}
		why = append(why, "node affinity "+strings.Join(each, ", and not "))
	}
	if len(why) == 0 {
		why = append(why, "no node of the group meets all of the pod's node selector and node affinity at once")
	}
	return why
}

func requiredTerms(pod *corev1.Pod) []corev1.NodeSelectorTerm {
	a := pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	return a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
}

func withTerms(terms ...corev1.NodeSelectorTerm) *corev1.Pod {
	return &corev1.Pod{Spec: corev1.PodSpec{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms},
	}}}}
}

// termUnmatched says which requirements of a term, all of which must hold, no node meets.
func termUnmatched(term corev1.NodeSelectorTerm, nodes []*corev1.Node) string {
	var each, all []string
	for _, r := range term.MatchExpressions {
		all = append(all, requirementText(r))
		if !anyMatches(withTerms(corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{r}}), nodes) {
			each = append(each, fmt.Sprintf("%s does not match: %s", requirementText(r), present(r.Key, nodes)))
		}
	}
	for _, r := range term.MatchFields {
		all = append(all, requirementText(r))
		if !anyMatches(withTerms(corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{r}}), nodes) {
			each = append(each, requirementText(r)+" does not match")
		}
	}
	if len(each) == 0 {
		return strings.Join(all, " and ") + " are not met together by any node"
	}
	return strings.Join(each, ", ")
}

// requirementText formats a requirement like its fields in YAML: lifecycle In [Ec2Spot].
func requirementText(r corev1.NodeSelectorRequirement) string {
	if len(r.Values) == 0 {
		return fmt.Sprintf("%s %s", r.Key, r.Operator)
	}
	return fmt.Sprintf("%s %s [%s]", r.Key, r.Operator, strings.Join(r.Values, ", "))
}

// present says which values of a label a group's nodes have.
func present(key string, nodes []*corev1.Node) string {
	values := map[string]bool{}
	for _, n := range nodes {
		if v, ok := n.Labels[key]; ok {
			values[v] = true
		}
	}
	if len(values) == 0 {
		return "the nodes do not have the label " + key
	}
	return fmt.Sprintf("the nodes have %s=%s", key, strings.Join(slices.Sorted(maps.Keys(values)), ", "))
}
