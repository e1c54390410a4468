package aws

import (
	"cmp"
	"embed"
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// addon is what EKS knows of an add-on.
type addon struct {
	// pin is the version that a request without one gets; byMinor where it depends on Kubernetes' minor. They are
	// the add-on's defaults as listed in October 2026.
	pin     string
	byMinor map[int]string
	// namespace is where the add-on lives; kube-system when empty.
	namespace string
	// accounts are the service accounts that take a Pod Identity association.
	accounts []string
	// deployment: the add-on is not (only) a DaemonSet, so that it needs a node that takes its pods.
	deployment bool
	// section is where the deployment's settings stand in the configuration values; top level when empty.
	section string
	// tolerations are the deployment's own.
	tolerations []attrs
}

func (a addon) version(minor int) string            { return cmp.Or(a.byMinor[minor], a.pin) }
func (a addon) namespaceOr(otherwise string) string { return cmp.Or(a.namespace, otherwise) }

var (
	criticalAddons = attrs{"key": "CriticalAddonsOnly", "operator": "Exists"}
	controlPlane   = attrs{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}
)

// addons are the add-ons of EKS
// (https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html and community-addons.html).
var addons = map[string]addon{
	"vpc-cni":    {pin: "v1.22.4-eksbuild.3", accounts: []string{"aws-node"}},
	"kube-proxy": {byMinor: map[int]string{34: "v1.34.6-eksbuild.29", 35: "v1.35.3-eksbuild.29", 36: "v1.36.0-eksbuild.25"}},
	"coredns": {
		byMinor:    map[int]string{34: "v1.12.4-eksbuild.38", 35: "v1.13.2-eksbuild.31", 36: "v1.14.3-eksbuild.23"},
		deployment: true, tolerations: []attrs{criticalAddons, controlPlane},
	},
	"eks-pod-identity-agent":    {pin: "v1.3.10-eksbuild.3", byMinor: map[int]string{34: "v1.4.0-eksbuild.2"}},
	"eks-node-monitoring-agent": {pin: "v1.6.5-eksbuild.1", byMinor: map[int]string{36: "v1.7.2-eksbuild.1"}},
	"aws-ebs-csi-driver": {
		pin: "v1.66.0-eksbuild.1", accounts: []string{"ebs-csi-controller-sa"}, deployment: true, section: "controller",
		tolerations: []attrs{criticalAddons, {"operator": "Exists", "effect": "NoExecute"}},
	},
	"aws-efs-csi-driver": {
		pin: "v3.4.2-eksbuild.1", accounts: []string{"efs-csi-controller-sa", "efs-csi-node-sa"}, deployment: true, section: "controller",
		tolerations: []attrs{criticalAddons, {"key": "efs.csi.aws.com/agent-not-ready", "operator": "Exists"}},
	},
	"aws-fsx-csi-driver":           {accounts: []string{"fsx-csi-controller-sa"}, deployment: true, section: "controller"},
	"aws-mountpoint-s3-csi-driver": {accounts: []string{"s3-csi-driver-sa"}},
	"metrics-server":               {pin: "v0.9.0-eksbuild.11", deployment: true},
	"snapshot-controller":          {pin: "v8.6.0-eksbuild.6", byMinor: map[int]string{36: "v8.6.0-eksbuild.8"}, deployment: true},
	"amazon-cloudwatch-observability": {
		pin: "v6.6.0-eksbuild.1", namespace: "amazon-cloudwatch", accounts: []string{"cloudwatch-agent"}, deployment: true, section: "manager",
	},
	"adot": {
		namespace: "opentelemetry-operator-system", deployment: true,
		accounts: []string{"adot-col-prom-metrics", "adot-col-otlp-ingest", "adot-col-container-logs"},
	},
	"aws-guardduty-agent":               {namespace: "amazon-guardduty"},
	"aws-network-flow-monitoring-agent": {namespace: "amazon-network-flow-monitor", accounts: []string{"aws-network-flow-monitor-agent-service-account"}},
	"aws-privateca-connector-for-kubernetes": {
		namespace: "aws-privateca-issuer", accounts: []string{"aws-privateca-issuer"}, deployment: true,
	},
	"amazon-sagemaker-hyperpod-taskgovernance": {namespace: "kueue-system", deployment: true},
	"aws-secrets-store-csi-driver-provider":    {pin: "v3.1.3-eksbuild.1", byMinor: map[int]string{36: "v3.1.4-eksbuild.1"}, namespace: "aws-secrets-manager"},
	"kube-state-metrics":                       {namespace: "kube-state-metrics", deployment: true},
	"prometheus-node-exporter":                 {namespace: "prometheus-node-exporter"},
	"cert-manager":                             {pin: "v1.21.0-eksbuild.2", namespace: "cert-manager", accounts: []string{"cert-manager"}, deployment: true},
	"external-dns":                             {pin: "v0.21.0-eksbuild.6", namespace: "external-dns", accounts: []string{"external-dns"}, deployment: true},
	"fluent-bit":                               {pin: "v5.0.5-eksbuild.1", namespace: "fluent-bit", accounts: []string{"fluent-bit"}},
}

// addonSchemas hold what describe-addon-configuration answers, as far as it is known: one file per add-on, each
// with its source. An add-on without one takes any object.
//
//go:embed svc_eks_addonschemas
var addonSchemas embed.FS

var compiledSchemas = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	const dir = "svc_eks_addonschemas"
	entries, err := fs.ReadDir(addonSchemas, dir)
	if err != nil {
		return nil, err
	}
	out := map[string]*jsonschema.Schema{}
	for _, e := range entries {
		f, err := addonSchemas.Open(path.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		document, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			return nil, err
		}
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource(e.Name(), document); err != nil {
			return nil, err
		}
		schema, err := compiler.Compile(e.Name())
		if err != nil {
			return nil, err
		}
		out[strings.TrimSuffix(e.Name(), ".json")] = schema
	}
	return out, nil
})

// checkConfiguration checks an add-on's configuration values, which are JSON or YAML.
func checkConfiguration(name, text string) error {
	if text == "" {
		return nil
	}
	unsupported := func(why string) error {
		return refuse("InvalidParameterException", "ConfigurationValue provided in request is not supported: %s (add-on %s)", why, name)
	}
	var values any
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		return unsupported("it is neither JSON nor YAML: " + err.Error())
	}
	if _, ok := values.(map[string]any); !ok {
		return unsupported("it is not an object")
	}
	schemas, err := compiledSchemas()
	if err != nil {
		return err
	}
	schema, ok := schemas[name]
	if !ok {
		return nil
	}
	err = schema.Validate(values)
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		return unsupported("Json schema validation failed with error: [" + strings.Join(leaves(invalid), "; ") + "]")
	}
	return err
}

// leaves lists the innermost findings, which name a path each.
func leaves(e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		at := "$"
		if len(e.InstanceLocation) > 0 {
			at += "." + strings.Join(e.InstanceLocation, ".")
		}
		text := e.Error()
		return []string{at + ": " + strings.TrimSpace(text[strings.LastIndex(text, "': ")+len("': "):])}
	}
	var out []string
	for _, cause := range e.Causes {
		out = append(out, leaves(cause)...)
	}
	return out
}
