package kubernetes

import (
	"fmt"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/sets"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateContainers applies the API server's rules on the containers and init containers of a pod.
func validateContainers(s *corev1.PodSpec, rules podRules, at *field.Path) field.ErrorList {
	if len(s.Containers) == 0 {
		return field.ErrorList{field.Required(at.Child("containers"), "")}
	}
	volumes := sets.New(rules.claims...)
	for _, v := range s.Volumes {
		volumes.Insert(v.Name)
	}
	var errs field.ErrorList
	names, hostPorts := sets.New[string](), sets.New[string]()
	for _, group := range []struct {
		field      string
		containers []corev1.Container
	}{{"containers", s.Containers}, {"initContainers", s.InitContainers}} {
		for i := range group.containers {
			c, at := &group.containers[i], at.Child(group.field).Index(i)
			errs = append(errs, uniqueLabel(at.Child("name"), c.Name, names)...)
			errs = append(errs, validateContainer(c, volumes, at)...)
			errs = append(errs, validatePorts(c.Ports, s.HostNetwork, hostPorts, at.Child("ports"))...)
			sidecar := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
			if group.field == "initContainers" && !sidecar && (c.LivenessProbe != nil || c.ReadinessProbe != nil || c.StartupProbe != nil) {
				errs = append(errs, field.Forbidden(at, "may not have a probe without restartPolicy=Always"))
			}
		}
	}
	return errs
}

func validateContainer(c *corev1.Container, volumes sets.Set[string], at *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case c.Image == "":
		errs = append(errs, field.Required(at.Child("image"), ""))
	case c.Image != strings.TrimSpace(c.Image):
		errs = append(errs, field.Invalid(at.Child("image"), c.Image, "must not have leading or trailing whitespace"))
	}
	errs = append(errs, oneOfOrNone(at.Child("imagePullPolicy"), c.ImagePullPolicy, corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)...)
	errs = append(errs, validateEnv(c, at)...)
	errs = append(errs, validateMounts(c.VolumeMounts, volumes, at.Child("volumeMounts"))...)
	errs = append(errs, validateResources(c.Resources, at.Child("resources"))...)
	errs = append(errs, validateProbe(c.LivenessProbe, c.Ports, true, at.Child("livenessProbe"))...)
	errs = append(errs, validateProbe(c.StartupProbe, c.Ports, true, at.Child("startupProbe"))...)
	errs = append(errs, validateProbe(c.ReadinessProbe, c.Ports, false, at.Child("readinessProbe"))...)
	if sc := c.SecurityContext; sc != nil {
		at := at.Child("securityContext")
		errs = append(errs, ids(at, map[string]*int64{"runAsUser": sc.RunAsUser, "runAsGroup": sc.RunAsGroup})...)
		errs = append(errs, validateSeccomp(sc.SeccompProfile, at.Child("seccompProfile"))...)
		if sc.AllowPrivilegeEscalation != nil && !*sc.AllowPrivilegeEscalation && sc.Privileged != nil && *sc.Privileged {
			errs = append(errs, field.Invalid(at, "", "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"))
		}
	}
	return errs
}

// validatePorts applies the API server's rules on a container's ports; hostPorts gathers those of the whole pod.
func validatePorts(ports []corev1.ContainerPort, hostNetwork bool, hostPorts sets.Set[string], at *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := sets.New[string]()
	for i, p := range ports {
		at := at.Index(i)
		if p.Name != "" {
			for _, msg := range utilvalidation.IsValidPortName(p.Name) {
				errs = append(errs, field.Invalid(at.Child("name"), p.Name, msg))
			}
			if names.Has(p.Name) {
				errs = append(errs, field.Duplicate(at.Child("name"), p.Name))
			}
			names.Insert(p.Name)
		}
		if p.ContainerPort == 0 {
			errs = append(errs, field.Required(at.Child("containerPort"), ""))
		} else {
			errs = append(errs, portNumber(at.Child("containerPort"), p.ContainerPort)...)
		}
		errs = append(errs, validateProtocol(at.Child("protocol"), p.Protocol)...)
		if hostNetwork && p.HostPort != 0 && p.HostPort != p.ContainerPort {
			errs = append(errs, field.Invalid(at.Child("hostPort"), p.HostPort, "must match `containerPort` when `hostNetwork` is true"))
		}
		host := p.HostPort
		if hostNetwork {
			host = p.ContainerPort
		}
		if host != 0 {
			errs = append(errs, portNumber(at.Child("hostPort"), host)...)
			key := fmt.Sprintf("%s/%s/%d", protocolOf(p.Protocol), p.HostIP, host)
			if hostPorts.Has(key) {
				errs = append(errs, field.Duplicate(at.Child("hostPort"), key))
			}
			hostPorts.Insert(key)
		}
	}
	return errs
}

// protocolOf returns a port's protocol, TCP by default.
func protocolOf(p corev1.Protocol) corev1.Protocol {
	if p == "" {
		return corev1.ProtocolTCP
	}
	return p
}

func validateProtocol(at *field.Path, p corev1.Protocol) field.ErrorList {
	return oneOfOrNone(at, p, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP)
}

func portNumber(at *field.Path, port int32) field.ErrorList {
	var errs field.ErrorList
	for _, msg := range utilvalidation.IsValidPortNum(int(port)) {
		errs = append(errs, field.Invalid(at, port, msg))
	}
	return errs
}

// validateEnv applies the API server's rules on environment variables.
func validateEnv(c *corev1.Container, at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, e := range c.Env {
		at := at.Child("env").Index(i)
		if e.Name == "" {
			errs = append(errs, field.Required(at.Child("name"), ""))
		} else {
			for _, msg := range utilvalidation.IsRelaxedEnvVarName(e.Name) {
				errs = append(errs, field.Invalid(at.Child("name"), e.Name, msg))
			}
		}
		if e.ValueFrom == nil {
			continue
		}
		at = at.Child("valueFrom")
		if e.Value != "" {
			errs = append(errs, field.Invalid(at, "", "may not be specified when `value` is not empty"))
		}
		if n := len(fieldsSet(*e.ValueFrom)); n != 1 {
			errs = append(errs, field.Invalid(at, "", "must specify exactly one source"))
		}
		require := func(source, what, value string) {
			if value == "" {
				errs = append(errs, field.Required(at.Child(source, what), ""))
			}
		}
		if r := e.ValueFrom.ConfigMapKeyRef; r != nil {
			require("configMapKeyRef", "name", r.Name)
			require("configMapKeyRef", "key", r.Key)
		}
		if r := e.ValueFrom.SecretKeyRef; r != nil {
			require("secretKeyRef", "name", r.Name)
			require("secretKeyRef", "key", r.Key)
		}
		if r := e.ValueFrom.FieldRef; r != nil {
			errs = append(errs, validateFieldRef(r.FieldPath, at.Child("fieldRef", "fieldPath"))...)
		}
	}
	for i, from := range c.EnvFrom {
		if n := len(fieldsSet(corev1.EnvFromSource{ConfigMapRef: from.ConfigMapRef, SecretRef: from.SecretRef})); n != 1 {
			errs = append(errs, field.Invalid(at.Child("envFrom").Index(i), "", "must specify exactly one of `configMapRef` and `secretRef`"))
		}
	}
	return errs
}

// envFields are the properties of a pod that an environment variable can hold, beside single labels and annotations.
var envFields = []string{
	"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
	"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
}

func validateFieldRef(fieldPath string, at *field.Path) field.ErrorList {
	if base, key, ok := strings.Cut(fieldPath, "['"); ok && strings.HasSuffix(key, "']") &&
		(base == "metadata.labels" || base == "metadata.annotations") {
		var errs field.ErrorList
		for _, msg := range utilvalidation.IsQualifiedName(strings.ToLower(strings.TrimSuffix(key, "']"))) {
			errs = append(errs, field.Invalid(at, fieldPath, msg))
		}
		return errs
	}
	return oneOf(at, fieldPath, envFields...)
}

// validateMounts applies the API server's rules on volume mounts.
func validateMounts(mounts []corev1.VolumeMount, volumes sets.Set[string], at *field.Path) field.ErrorList {
	var errs field.ErrorList
	paths := sets.New[string]()
	for i, m := range mounts {
		at := at.Index(i)
		switch {
		case m.Name == "":
			errs = append(errs, field.Required(at.Child("name"), ""))
		case !volumes.Has(m.Name):
			errs = append(errs, field.NotFound(at.Child("name"), m.Name))
		}
		if m.MountPath == "" {
			errs = append(errs, field.Required(at.Child("mountPath"), ""))
		} else if paths.Has(m.MountPath) {
			errs = append(errs, field.Invalid(at.Child("mountPath"), m.MountPath, "must be unique"))
		}
		paths.Insert(m.MountPath)
		if sub := m.SubPath; path.IsAbs(sub) || sub == ".." || strings.HasPrefix(sub, "../") || strings.Contains(sub, "/../") {
			errs = append(errs, field.Invalid(at.Child("subPath"), sub, "must be a relative path without '..'"))
		}
		if m.SubPath != "" && m.SubPathExpr != "" {
			errs = append(errs, field.Invalid(at.Child("subPathExpr"), m.SubPathExpr, "subPathExpr and subPath are mutually exclusive"))
		}
	}
	return errs
}

// validateProbe applies the API server's rules on a probe; once says that one success must be enough. A named port
// must be one of the container's: the API server lets a wrong one pass, and the probe then fails forever.
func validateProbe(p *corev1.Probe, ports []corev1.ContainerPort, once bool, at *field.Path) field.ErrorList {
	if p == nil {
		return nil
	}
	var errs field.ErrorList
	switch handlers := fieldsSet(p.ProbeHandler); len(handlers) {
	case 0:
		errs = append(errs, field.Required(at, "must specify a handler type"))
	case 1:
	default:
		errs = append(errs, field.Forbidden(at.Child(handlers[1]), "may not specify more than 1 handler type"))
	}
	for name, v := range map[string]int32{
		"initialDelaySeconds": p.InitialDelaySeconds, "timeoutSeconds": p.TimeoutSeconds, "periodSeconds": p.PeriodSeconds,
		"successThreshold": p.SuccessThreshold, "failureThreshold": p.FailureThreshold,
	} {
		if v < 0 {
			errs = append(errs, field.Invalid(at.Child(name), v, "must be greater than or equal to 0"))
		}
	}
	if once && p.SuccessThreshold > 1 {
		errs = append(errs, field.Invalid(at.Child("successThreshold"), p.SuccessThreshold, "must be 1"))
	}
	if h := p.HTTPGet; h != nil {
		at := at.Child("httpGet")
		errs = append(errs, validateTarget(h.Port, ports, at.Child("port"))...)
		errs = append(errs, oneOfOrNone(at.Child("scheme"), h.Scheme, corev1.URISchemeHTTP, corev1.URISchemeHTTPS)...)
		for i, header := range h.HTTPHeaders {
			for _, msg := range utilvalidation.IsHTTPHeaderName(header.Name) {
				errs = append(errs, field.Invalid(at.Child("httpHeaders").Index(i).Child("name"), header.Name, msg))
			}
		}
	}
	if h := p.TCPSocket; h != nil {
		errs = append(errs, validateTarget(h.Port, ports, at.Child("tcpSocket", "port"))...)
	}
	if h := p.GRPC; h != nil {
		errs = append(errs, portNumber(at.Child("grpc", "port"), h.Port)...)
	}
	if h := p.Exec; h != nil && len(h.Command) == 0 {
		errs = append(errs, field.Required(at.Child("exec", "command"), ""))
	}
	return errs
}

func validateTarget(port intstr.IntOrString, ports []corev1.ContainerPort, at *field.Path) field.ErrorList {
	if port.Type == intstr.Int {
		return portNumber(at, port.IntVal)
	}
	for _, p := range ports {
		if p.Name == port.StrVal {
			return nil
		}
	}
	return field.ErrorList{field.NotFound(at, port.StrVal)}
}
