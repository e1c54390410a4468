package kubernetes

import (
	"encoding/json"
	"reflect"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// typedDefaults adapts a function that sets defaults on one API type to objects of any.
func typedDefaults[T object](f func(T)) func(object) { return func(o object) { f(o.(T)) } }

// orDefault returns a pointer to a default where there is none.
func orDefault[T any](p *T, value T) *T {
	if p == nil {
		return &value
	}
	return p
}

// fillDefaults puts into a live object what the API server adds by itself. What is there already stays, in the spelling
// it has.
func (k *kind) fillDefaults(live map[string]any) error {
	if k.defaults == nil {
		return nil
	}
	text, err := json.Marshal(live)
	if err != nil {
		return err
	}
	o, err := k.empty()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, o); err != nil {
		return err
	}
	k.defaults(o)
	if text, err = json.Marshal(o); err != nil {
		return err
	}
	var full map[string]any
	if err := json.Unmarshal(text, &full); err != nil {
		return err
	}
	delete(full, "status")
	fill(live, full)
	return nil
}

// fill adds to a live object what a fuller one has beyond it.
func fill(live, full map[string]any) {
	for key, value := range full {
		have, has := live[key]
		switch value := value.(type) {
		case nil:
		case map[string]any:
			if inner, ok := have.(map[string]any); ok {
				fill(inner, value)
			} else if !has && !hollow(value) {
				live[key] = value
			}
		case []any:
			if list, ok := have.([]any); ok && len(list) == len(value) {
				for i := range list {
					inner, ok := list[i].(map[string]any)
					if fuller, also := value[i].(map[string]any); ok && also {
						fill(inner, fuller)
					}
				}
			} else if !has && len(value) > 0 {
				live[key] = value
			}
		default:
			if !has {
				live[key] = value
			}
		}
	}
}

// hollow says that an object holds nothing but empty objects, as Go structs that nobody set become in JSON.
func hollow(m map[string]any) bool {
	for _, v := range m {
		if inner, ok := v.(map[string]any); v != nil && (!ok || !hollow(inner)) {
			return false
		}
	}
	return true
}

// defaultTo sets a string-like property that is empty.
func defaultTo[T ~string](p *T, value T) {
	if *p == "" {
		*p = value
	}
}

func defaultPod(s *corev1.PodSpec) {
	defaultTo(&s.RestartPolicy, corev1.RestartPolicyAlways)
	defaultTo(&s.DNSPolicy, corev1.DNSClusterFirst)
	defaultTo(&s.SchedulerName, corev1.DefaultSchedulerName)
	s.TerminationGracePeriodSeconds = orDefault(s.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)
	if s.SecurityContext == nil {
		s.SecurityContext = &corev1.PodSecurityContext{}
	}
	for i := range s.Containers {
		defaultContainer(&s.Containers[i])
	}
	for i := range s.InitContainers {
		defaultContainer(&s.InitContainers[i])
	}
	for i := range s.Volumes {
		v := &s.Volumes[i].VolumeSource
		switch {
		case v.ConfigMap != nil:
			v.ConfigMap.DefaultMode = orDefault(v.ConfigMap.DefaultMode, corev1.ConfigMapVolumeSourceDefaultMode)
		case v.Secret != nil:
			v.Secret.DefaultMode = orDefault(v.Secret.DefaultMode, corev1.SecretVolumeSourceDefaultMode)
		case v.Projected != nil:
			v.Projected.DefaultMode = orDefault(v.Projected.DefaultMode, corev1.ProjectedVolumeSourceDefaultMode)
		case v.HostPath != nil:
			v.HostPath.Type = orDefault(v.HostPath.Type, corev1.HostPathUnset)
		}
	}
}

func defaultContainer(c *corev1.Container) {
	defaultTo(&c.ImagePullPolicy, pullPolicy(c.Image))
	defaultTo(&c.TerminationMessagePath, corev1.TerminationMessagePathDefault)
	defaultTo(&c.TerminationMessagePolicy, corev1.TerminationMessageReadFile)
	for i := range c.Ports {
		defaultTo(&c.Ports[i].Protocol, corev1.ProtocolTCP)
	}
	for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if p == nil {
			continue
		}
		for v, value := range map[*int32]int32{&p.TimeoutSeconds: 1, &p.PeriodSeconds: 10, &p.SuccessThreshold: 1, &p.FailureThreshold: 3} {
			if *v == 0 {
				*v = value
			}
		}
		if p.HTTPGet != nil {
			defaultTo(&p.HTTPGet.Path, "/")
			defaultTo(&p.HTTPGet.Scheme, corev1.URISchemeHTTP)
		}
	}
	for i := range c.Env {
		if f := c.Env[i].ValueFrom; f != nil && f.FieldRef != nil {
			defaultTo(&f.FieldRef.APIVersion, "v1")
		}
	}
	// What is limited and not requested is requested in full.
	for name, limit := range c.Resources.Limits {
		if _, has := c.Resources.Requests[name]; !has {
			if c.Resources.Requests == nil {
				c.Resources.Requests = corev1.ResourceList{}
			}
			c.Resources.Requests[name] = limit
		}
	}
}

func defaultDeployment(d *appsv1.Deployment) {
	s := &d.Spec
	defaultPod(&s.Template.Spec)
	s.Replicas = orDefault(s.Replicas, 1)
	s.RevisionHistoryLimit = orDefault(s.RevisionHistoryLimit, 10)
	s.ProgressDeadlineSeconds = orDefault(s.ProgressDeadlineSeconds, 600)
	defaultTo(&s.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if s.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		if s.Strategy.RollingUpdate == nil {
			s.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{}
		}
		quarter := intstr.FromString("25%")
		r := s.Strategy.RollingUpdate
		r.MaxSurge, r.MaxUnavailable = orDefault(r.MaxSurge, quarter), orDefault(r.MaxUnavailable, quarter)
	}
}

// dropStaleStrategy removes the defaults of a rolling update from a Deployment that no longer has one.
func dropStaleStrategy(_ *cluster, live map[string]any) {
	strategy := child(child(live, "spec"), "strategy")
	if text(strategy, "type") == string(appsv1.RecreateDeploymentStrategyType) {
		delete(strategy, "rollingUpdate")
	}
}

func defaultDaemonSet(d *appsv1.DaemonSet) {
	s := &d.Spec
	defaultPod(&s.Template.Spec)
	s.RevisionHistoryLimit = orDefault(s.RevisionHistoryLimit, 10)
	defaultTo(&s.UpdateStrategy.Type, appsv1.RollingUpdateDaemonSetStrategyType)
	if s.UpdateStrategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		if s.UpdateStrategy.RollingUpdate == nil {
			s.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateDaemonSet{}
		}
		r := s.UpdateStrategy.RollingUpdate
		r.MaxUnavailable, r.MaxSurge = orDefault(r.MaxUnavailable, intstr.FromInt32(1)), orDefault(r.MaxSurge, intstr.FromInt32(0))
	}
}

func defaultStatefulSet(d *appsv1.StatefulSet) {
	s := &d.Spec
	defaultPod(&s.Template.Spec)
	s.Replicas = orDefault(s.Replicas, 1)
	s.RevisionHistoryLimit = orDefault(s.RevisionHistoryLimit, 10)
	defaultTo(&s.PodManagementPolicy, appsv1.OrderedReadyPodManagement)
	defaultTo(&s.UpdateStrategy.Type, appsv1.RollingUpdateStatefulSetStrategyType)
	for i := range s.VolumeClaimTemplates {
		c := &s.VolumeClaimTemplates[i].Spec
		c.VolumeMode = orDefault(c.VolumeMode, corev1.PersistentVolumeFilesystem)
	}
}

func defaultJob(j *batchv1.JobSpec) {
	defaultPod(&j.Template.Spec)
	if j.Completions == nil && j.Parallelism == nil {
		j.Completions = orDefault(j.Completions, 1)
	}
	j.Parallelism = orDefault(j.Parallelism, 1)
	j.BackoffLimit = orDefault(j.BackoffLimit, 6)
	j.CompletionMode = orDefault(j.CompletionMode, batchv1.NonIndexedCompletion)
	j.Suspend = orDefault(j.Suspend, false)
}

func defaultCronJob(c *batchv1.CronJob) {
	s := &c.Spec
	defaultPod(&s.JobTemplate.Spec.Template.Spec)
	defaultTo(&s.ConcurrencyPolicy, batchv1.AllowConcurrent)
	s.Suspend = orDefault(s.Suspend, false)
	s.SuccessfulJobsHistoryLimit = orDefault(s.SuccessfulJobsHistoryLimit, 3)
	s.FailedJobsHistoryLimit = orDefault(s.FailedJobsHistoryLimit, 1)
}

func defaultService(d *corev1.Service) {
	s := &d.Spec
	defaultTo(&s.Type, corev1.ServiceTypeClusterIP)
	defaultTo(&s.SessionAffinity, corev1.ServiceAffinityNone)
	if s.Type == corev1.ServiceTypeExternalName {
		return
	}
	s.InternalTrafficPolicy = orDefault(s.InternalTrafficPolicy, corev1.ServiceInternalTrafficPolicyCluster)
	s.IPFamilyPolicy = orDefault(s.IPFamilyPolicy, corev1.IPFamilyPolicySingleStack)
	if s.Type == corev1.ServiceTypeLoadBalancer || s.Type == corev1.ServiceTypeNodePort {
		defaultTo(&s.ExternalTrafficPolicy, corev1.ServiceExternalTrafficPolicyCluster)
	}
	if s.Type == corev1.ServiceTypeLoadBalancer {
		s.AllocateLoadBalancerNodePorts = orDefault(s.AllocateLoadBalancerNodePorts, true)
	}
	for i := range s.Ports {
		defaultTo(&s.Ports[i].Protocol, corev1.ProtocolTCP)
		if reflect.ValueOf(s.Ports[i].TargetPort).IsZero() {
			s.Ports[i].TargetPort = intstr.FromInt32(s.Ports[i].Port)
		}
	}
}

func defaultNetworkPolicy(p *networkingv1.NetworkPolicy) {
	tcp := corev1.ProtocolTCP
	ports := func(ports []networkingv1.NetworkPolicyPort) {
		for i := range ports {
			ports[i].Protocol = orDefault(ports[i].Protocol, tcp)
		}
	}
	for i := range p.Spec.Ingress {
		ports(p.Spec.Ingress[i].Ports)
	}
	for i := range p.Spec.Egress {
		ports(p.Spec.Egress[i].Ports)
	}
	if len(p.Spec.PolicyTypes) == 0 {
		p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(p.Spec.Egress) > 0 {
			p.Spec.PolicyTypes = append(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
}

func defaultStorageClass(s *storagev1.StorageClass) {
	s.ReclaimPolicy = orDefault(s.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete)
	s.VolumeBindingMode = orDefault(s.VolumeBindingMode, storagev1.VolumeBindingImmediate)
}

func defaultBinding(role *rbacv1.RoleRef, subjects []rbacv1.Subject) {
	defaultTo(&role.APIGroup, rbacv1.GroupName)
	for i := range subjects {
		if k := subjects[i].Kind; k == rbacv1.UserKind || k == rbacv1.GroupKind {
			defaultTo(&subjects[i].APIGroup, rbacv1.GroupName)
		}
	}
}

func defaultAdmissionPolicy(p *admissionv1.ValidatingAdmissionPolicy) {
	p.Spec.FailurePolicy = orDefault(p.Spec.FailurePolicy, admissionv1.Fail)
	if m := p.Spec.MatchConstraints; m != nil {
		m.MatchPolicy = orDefault(m.MatchPolicy, admissionv1.Equivalent)
		m.NamespaceSelector = orDefault(m.NamespaceSelector, metav1.LabelSelector{})
		m.ObjectSelector = orDefault(m.ObjectSelector, metav1.LabelSelector{})
		for i := range m.ResourceRules {
			m.ResourceRules[i].Scope = orDefault(m.ResourceRules[i].Scope, admissionv1.AllScopes)
		}
	}
}
