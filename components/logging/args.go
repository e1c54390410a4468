package logging

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/retention"
)

// Settings are the logging part of a stack file.
type Settings struct {
	// Days after which CloudWatch Logs deletes a record, in every group of this stack. Shortening it deletes older records
	// soon after.
	RetentionDays retention.Days `json:"retentionDays,omitempty" jsonschema:"default=30"`
	// Encrypt the groups of this stack with its own KMS key instead of CloudWatch's. Records stay encrypted with the key
	// that they were written with: while protect is on, turning this off is refused, because it would delete the key.
	Encrypt bool `json:"encrypt,omitempty" jsonschema:"default=false"`
	// Refuse to delete or replace the groups and their key. Turn it off, and update once, before destroying the
	// environment.
	Protect *bool `json:"protect,omitempty" jsonschema:"default=true"`
	// Fluent Bit on every node of the cluster. Only the stack that owns the cluster sets it, for every environment; without
	// it nothing writes to the groups.
	FluentBit *FluentBit `json:"fluentBit,omitempty"`
}

// FluentBit configures the DaemonSet. Any change replaces its pods, on a tenth of the nodes at a time; unsent records stay
// buffered on the nodes.
type FluentBit struct {
	// Image of AWS for Fluent Bit 3.4 or later, with a version: public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.15.
	// The Fluent Bit in earlier ones lacks options used here.
	Image string `json:"image" jsonschema:"required,format=image,example=public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.15"`
	// Megabytes of pod logs that a node buffers on disk while CloudWatch cannot be reached. Beyond that the oldest are
	// lost. The node's own logs have another 128 MB.
	BufferMB int `json:"bufferMB,omitempty" jsonschema:"minimum=50,maximum=20000,default=1000"`
	// Languages whose stack traces become one record instead of one per line. Records being assembled, about two seconds'
	// worth, are in memory: a node that fails loses them.
	Multiline []Language `json:"multiline,omitempty" jsonschema:"uniqueItems=true,enum=go,enum=java,enum=python,enum=ruby"`
	// Namespaces whose pods are not logged.
	ExcludeNamespaces []string `json:"excludeNamespaces,omitempty" jsonschema:"uniqueItems=true,format=namespace"`
	// Let pods exclude themselves from the logs, with the annotation fluentbit.io/exclude: "true".
	AllowExclusion bool `json:"allowExclusion,omitempty" jsonschema:"default=false"`
	// Level of Fluent Bit's own log; read it with kubectl logs.
	LogLevel LogLevel `json:"logLevel,omitempty" jsonschema:"enum=error,enum=warn,enum=info,enum=debug,default=info"`
	// What a pod of Fluent Bit requests.
	Resources Resources `json:"resources,omitempty"`
}

// Language is a language for whose stack traces Fluent Bit has a built-in parser
// (https://docs.fluentbit.io/manual/5.0/data-pipeline/parsers/multiline-parsing).
type Language string

// The languages.
const (
	Go     Language = "go"
	Java   Language = "java"
	Python Language = "python"
	Ruby   Language = "ruby"
)

// LogLevel is the level of Fluent Bit's own log.
type LogLevel string

// The levels, from the quietest on.
const (
	LevelError LogLevel = "error"
	LevelWarn  LogLevel = "warn"
	LevelInfo  LogLevel = "info"
	LevelDebug LogLevel = "debug"
)

// Resources are what a pod of Fluent Bit requests, as Kubernetes quantities.
type Resources struct {
	// CPU request, for example 50m. There is no limit: it would slow Fluent Bit down just when much is logged.
	CPU string `json:"cpu,omitempty" jsonschema:"format=quantity,default=50m"`
	// Memory request.
	Memory string `json:"memory,omitempty" jsonschema:"format=quantity,default=128Mi"`
	// Memory limit; by default 416Mi, the most that the buffers in memory can use, which is also the minimum.
	MemoryLimit string `json:"memoryLimit,omitempty" jsonschema:"format=quantity"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Environment is the environment's name, the last part of its group's name. Required. Changing it replaces the group.
	Environment string `args:"required"`
	// ClusterName is the EKS cluster's name, part of every group's name. Required. Changing it replaces the groups.
	ClusterName string `args:"required"`
	// ClusterNameOutput is the same name as an output of the cluster, so that the association waits for the cluster.
	// Required with FluentBit.
	ClusterNameOutput pulumi.StringInput
	// Region is the AWS region, for example eu-west-1. Required.
	Region string `args:"required" format:"aws-region"`
	// AccountID is the AWS account, twelve digits. Required.
	AccountID string `args:"required" format:"aws-account-id"`
	// Owner says that this stack owns the cluster.
	Owner bool
	// IPv6 says that the cluster's pods have IPv6 addresses: Fluent Bit then answers probes on them.
	IPv6 bool
	// ControlPlaneLogGroup is the group of the control plane, for saved queries on its audit log. Nil if it writes none;
	// only the cluster's owner uses it.
	ControlPlaneLogGroup pulumi.StringInput
	// Registries replace public ones.
	Registries image.Registries
	// Tags are added to every taggable resource, together with a Name.
	Tags map[string]string
}

// limit returns the memory limit of a pod.
func (r Resources) limit() string {
	if r.MemoryLimit == "" {
		return leastMemory().String()
	}
	return r.MemoryLimit
}

// collects reports whether this stack runs Fluent Bit.
func (a *Args) collects() bool { return a.Owner && a.FluentBit != nil }

// summary is what a preview shows of the component itself.
func (a *Args) summary() pulumi.Map {
	return pulumi.Map{
		"environment":   pulumi.String(a.Environment),
		"retentionDays": pulumi.Int(a.RetentionDays),
		"encrypt":       pulumi.Bool(a.Encrypt),
	}
}
