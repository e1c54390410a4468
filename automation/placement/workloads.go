package placement

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"

	"github.com/eks-platform/eks-platform/internal/convention"
	"github.com/eks-platform/eks-platform/internal/declared"
)

// Class is the kind of a workload's pods.
type Class string

// The classes, in the order in which they are reported.
const (
	// EnvironmentPod is a pod in a namespace of an environment.
	EnvironmentPod Class = "environment pod"
	// TenantPod is a pod in a namespace of one of an environment's tenants.
	TenantPod Class = "tenant pod"
	// SystemAddon is a pod of the platform itself, with a number of replicas.
	SystemAddon Class = "system add-on"
	// DaemonSet is a pod that runs once on every node that it fits.
	DaemonSet Class = "daemon set"
)

var classes = []Class{EnvironmentPod, TenantPod, SystemAddon, DaemonSet}

// AnyPod is the name of the workload that represents the pods of teams in a namespace: the program declares the namespace
// but not the pods. In a namespace bound to spot nodes it has the affinity and the toleration that the admission policies
// require, elsewhere neither.
const AnyPod = "any pod"

// GroupedPod is the name of the workload that stands for those of them which have security groups of their own, where
// not all have.
const GroupedPod = "any pod with a security group"

// Workload is a kind of pod that runs on a cluster.
type Workload struct {
	Class Class `json:"class"`
	// Namespace and Name identify it.
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Environment is the environment that its namespace belongs to; empty for workloads of the whole cluster.
	Environment string `json:"environment,omitempty"`
	// SpotBound reports whether its namespace is bound to spot nodes.
	SpotBound bool `json:"spotBound,omitempty"`
	// Declared says where it is declared: the stack, and the type and name of the resource.
	Declared string `json:"declared"`

	pod *corev1.Pod
}

// String returns namespace and name.
func (w Workload) String() string { return w.Namespace + "/" + w.Name }

// Unjudged is a resource that runs pods of an unknown kind.
type Unjudged struct {
	// Declared says where it is declared, Why why its pods are not known.
	Declared string `json:"declared"`
	Why      string `json:"why"`
}

// templates are the types that contain a pod, with the path to its spec.
var templates = map[string]func(inputs map[string]any) (corev1.PodSpec, error){
	"kubernetes:apps/v1:DaemonSet": func(in map[string]any) (corev1.PodSpec, error) {
		var o appsv1.DaemonSet
		err := as(in, &o)
		return o.Spec.Template.Spec, err
	},
	"kubernetes:apps/v1:Deployment": func(in map[string]any) (corev1.PodSpec, error) {
		var o appsv1.Deployment
		err := as(in, &o)
		return o.Spec.Template.Spec, err
	},
	"kubernetes:apps/v1:StatefulSet": func(in map[string]any) (corev1.PodSpec, error) {
		var o appsv1.StatefulSet
		err := as(in, &o)
		return o.Spec.Template.Spec, err
	},
	"kubernetes:batch/v1:CronJob": func(in map[string]any) (corev1.PodSpec, error) {
		var o batchv1.CronJob
		err := as(in, &o)
		return o.Spec.JobTemplate.Spec.Template.Spec, err
	},
	"kubernetes:batch/v1:Job": func(in map[string]any) (corev1.PodSpec, error) {
		var o batchv1.Job
		err := as(in, &o)
		return o.Spec.Template.Spec, err
	},
	"kubernetes:core/v1:Pod": func(in map[string]any) (corev1.PodSpec, error) {
		var o corev1.Pod
		err := as(in, &o)
		return o.Spec, err
	},
}

const (
	daemonSetType = "kubernetes:apps/v1:DaemonSet"
	namespaceType = "kubernetes:core/v1:Namespace"
	releaseType   = "kubernetes:helm.sh/v3:Release"
	policyType    = "kubernetes:vpcresources.k8s.aws/v1beta1:SecurityGroupPolicy"
	addonType     = "aws:eks/addon:Addon"
)

// workloads collects the workloads that the stacks of a cluster declare.
type workloads struct {
	namespaces map[string]map[string]string // labels by name
	grouped    map[string]string            // which pods have security groups of their own, by namespace
	found      []Workload
	unjudged   []Unjudged
}

// Which pods of a namespace a SecurityGroupPolicy selects.
const (
	everyPod = "every pod"
	somePods = "some pods"
)

// addPolicy notes which pods a SecurityGroupPolicy selects.
func (a *workloads) addPolicy(r declared.Registration) error {
	var in struct {
		Spec struct {
			PodSelector            map[string]any `json:"podSelector"`
			ServiceAccountSelector map[string]any `json:"serviceAccountSelector"`
		} `json:"spec"`
	}
	if err := as(r.PlainInputs(), &in); err != nil {
		return err
	}
	a.grouped[objectNamespace(r)] = everyPod
	if len(in.Spec.PodSelector)+len(in.Spec.ServiceAccountSelector) > 0 {
		a.grouped[objectNamespace(r)] = somePods
	}
	return nil
}

// collect returns the workloads of all stacks of a cluster, sorted by class, namespace and name.
func collect(stacks []declared.Stack) ([]Workload, []Unjudged, error) {
	all := &workloads{namespaces: map[string]map[string]string{}, grouped: map[string]string{}}
	for _, s := range stacks {
		for _, r := range s.Registrations.ByType(namespaceType) {
			all.namespaces[objectName(r)] = stringMap(r.Input("metadata.labels"))
		}
		for _, r := range s.Registrations.ByType(policyType) {
			if err := all.addPolicy(r); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", where(s, r), err)
			}
		}
	}
	for _, s := range stacks {
		for _, r := range s.Registrations {
			if r.Read {
				continue
			}
			if err := all.add(s, r); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", where(s, r), err)
			}
		}
	}
	slices.SortStableFunc(all.found, func(a, b Workload) int {
		return cmp.Or(cmp.Compare(slices.Index(classes, a.Class), slices.Index(classes, b.Class)),
			strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return all.found, all.unjudged, nil
}

// add collects the workloads of one registration.
func (a *workloads) add(s declared.Stack, r declared.Registration) error {
	from := where(s, r)
	if read := templates[r.Type]; read != nil {
		spec, err := read(r.PlainInputs())
		if err != nil {
			return err
		}
		a.found = append(a.found, a.workload(from, objectNamespace(r), objectName(r), spec, r.Type == daemonSetType))
		return nil
	}
	switch r.Type {
	case namespaceType:
		a.addNamespace(from, objectName(r))
		return nil
	case addonType:
		return a.addAddon(from, r)
	case releaseType:
		return a.addRelease(from, r)
	}
	return nil
}

// addNamespace adds the pods of teams in a namespace of an environment.
func (a *workloads) addNamespace(from, name string) {
	labels := a.namespaces[name]
	if labels[convention.Environment] == "" {
		return
	}
	var spec corev1.PodSpec
	if labels[convention.Capacity] == convention.Spot {
		spec.Affinity = convention.Affinity()
		spec.Tolerations = []corev1.Toleration{convention.Toleration()}
	}
	grouped := spec
	// The VPC resource controller adds this to every pod that a SecurityGroupPolicy selects
	// (https://docs.aws.amazon.com/eks/latest/userguide/security-groups-pods-deployment.html).
	grouped.Containers = []corev1.Container{{Resources: corev1.ResourceRequirements{
		Limits: corev1.ResourceList{podENI: *quantity.NewQuantity(1, quantity.DecimalSI)},
	}}}
	switch a.grouped[name] {
	case "":
	case everyPod:
		spec = grouped
	default:
		a.found = append(a.found, a.workload(from, name, GroupedPod, grouped, false))
	}
	a.found = append(a.found, a.workload(from, name, AnyPod, spec, false))
}

// workload classifies a pod by its namespace.
func (a *workloads) workload(from, namespace, name string, spec corev1.PodSpec, daemon bool) Workload {
	labels := a.namespaces[namespace]
	w := Workload{
		Class: SystemAddon, Namespace: namespace, Name: name, Declared: from,
		Environment: labels[convention.Environment], SpotBound: labels[convention.Capacity] == convention.Spot,
		pod: &corev1.Pod{Spec: spec},
	}
	switch {
	case daemon:
		w.Class = DaemonSet
	case w.Environment != "" && labels[convention.Tenant] != "":
		w.Class = TenantPod
	case w.Environment != "":
		w.Class = EnvironmentPod
	}
	return w
}

// where says where a registration is declared.
func where(s declared.Stack, r declared.Registration) string {
	return fmt.Sprintf("%s: %s %s", s.Name, r.Type, r.Name)
}

// objectName returns a Kubernetes object's name. The provider names an object without one after its resource.
func objectName(r declared.Registration) string {
	name, _ := r.Input("metadata.name").(string)
	return cmp.Or(name, r.Name)
}

func objectNamespace(r declared.Registration) string {
	namespace, _ := r.Input("metadata.namespace").(string)
	return cmp.Or(namespace, corev1.NamespaceDefault)
}

func stringMap(v any) map[string]string {
	values, _ := v.(map[string]any)
	out := make(map[string]string, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if text, ok := values[key].(string); ok {
			out[key] = text
		}
	}
	return out
}
