package logging

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/retention"
)

// Settings are the logs' part of a stack file.
type Settings struct {
	// Days until CloudWatch Logs deletes a record, in every group of this stack. Shortening it deletes older records soon
	// after.
	RetentionDays retention.Days `json:"retentionDays,omitempty" jsonschema:"default=30"`
	// Encrypt the groups of this stack with a KMS key of its own instead of CloudWatch's. Records keep the key that they
	// were written with: while protect holds, turning it off is refused, because it would delete the key.
	Encrypt bool `json:"encrypt,omitempty" jsonschema:"default=false"`
	// Refuse to delete or replace the groups and their key. Turn it off, and update once, before the environment is
	// destroyed.
	Protect *bool `json:"protect,omitempty" jsonschema:"default=true"`
	// Fluent Bit on every node of the cluster. Only the stack that owns the cluster has it, and it serves every
	// environment; without it nothing writes to the groups.
	FluentBit *FluentBit `json:"fluentBit,omitempty"`
}

// FluentBit configures the DaemonSet. Changing anything replaces its pods, a tenth of the nodes at a time; what they
// had not sent yet waits on the nodes.
type FluentBit struct {
	// Image of AWS for Fluent Bit 3.4 or later, with a version: public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.15.
	// Earlier ones hold a Fluent Bit that lacks options used here.
	Image string `json:"image" jsonschema:"required,format=image,example=public.ecr.aws/aws-observability/aws-for-fluent-bit:3.4.15"`
	// Megabytes of pods' logs that a node keeps on its disk while CloudWatch cannot be reached. Beyond it the oldest are lost.
	// The node's own logs have 128 MB more.
	BufferMB int `json:"bufferMB,omitempty" jsonschema:"minimum=50,maximum=20000,default=1000"`
	// Languages whose stack traces become one record instead of one per line. Records that are being put together, about
	// two seconds' worth, are held in memory: a node that fails loses them.
	Multiline []Language `json:"multiline,omitempty" jsonschema:"uniqueItems=true,enum=go,enum=java,enum=python,enum=ruby"`
	// Namespaces whose pods are not logged at all.
	ExcludeNamespaces []string `json:"excludeNamespaces,omitempty" jsonschema:"uniqueItems=true,format=namespace"`
	// Let pods keep themselves out of the logs, by the annotation fluentbit.io/exclude: "true".
	AllowExclusion bool `json:"allowExclusion,omitempty" jsonschema:"default=false"`
	// How much Fluent Bit says about itself; read it with kubectl logs.
	LogLevel LogLevel `json:"logLevel,omitempty" jsonschema:"enum=error,enum=warn,enum=info,enum=debug,default=info"`
	// What a pod of Fluent Bit asks for.
	Resources Resources `json:"resources,omitempty"`
}

// Language is a language whose stack traces Fluent Bit recognizes by itself
// (https://docs.fluentbit.io/manual/5.0/data-pipeline/parsers/multiline-parsing).
type Language string

// The languages.
const (
	Go     Language = "go"
	Java   Language = "java"
	Python Language = "python"
	Ruby   Language = "ruby"
)

// LogLevel is how much Fluent Bit says about itself.
type LogLevel string

// The levels, from the quietest on.
const (
	LevelError LogLevel = "error"
	LevelWarn  LogLevel = "warn"
	LevelInfo  LogLevel = "info"
	LevelDebug LogLevel = "debug"
)

// Resources are what a pod of Fluent Bit asks for, as Kubernetes quantities.
type Resources struct {
	// CPU that is set aside, for example 50m. It has no limit: a limit would slow it down just when much is logged.
	CPU string `json:"cpu,omitempty" jsonschema:"format=quantity,default=50m"`
	// Memory that is set aside.
	Memory string `json:"memory,omitempty" jsonschema:"format=quantity,default=128Mi"`
	// Memory at which the kernel kills the pod; by default what the buffers in memory can come to, 416Mi, which is also
	// the least.
	MemoryLimit string `json:"memoryLimit,omitempty" jsonschema:"format=quantity"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Environment is the environment's name, the last part of its group's name. Required. Another one replaces the group.
	Environment string `args:"required"`
	// ClusterName is the EKS cluster's name, part of every group's. Required. Another one replaces the groups.
	ClusterName string `args:"required"`
	// ClusterNameOutput is the same name as an output of the cluster, so that the role is given to Fluent Bit only once
	// the cluster is there. Required with FluentBit.
	ClusterNameOutput pulumi.StringInput
	// Region is the AWS region, for example eu-west-1. Required.
	Region string `args:"required" format:"aws-region"`
	// AccountID is the AWS account, twelve digits. Required.
	AccountID string `args:"required" format:"aws-account-id"`
	// Owner says that this stack owns the cluster.
	Owner bool
	// IPv6 says that the cluster's pods have IPv6 addresses: Fluent Bit then answers probes on those.
	IPv6 bool
	// ControlPlaneLogGroup is the group of the control plane, for saved queries on its audit log. Nil when it writes none;
	// only the cluster's owner uses it.
	ControlPlaneLogGroup pulumi.StringInput
	// Registries stand in for public ones.
	Registries image.Registries
	// Tags go onto every resource that can carry tags, together with a Name.
	Tags map[string]string
}

// limit returns the memory at which a pod is killed.
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
