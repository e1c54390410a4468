package secrets

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/image"
)

// Settings are the secrets' part of a stack file.
type Settings struct {
	// Version of the chart secrets-store-csi-driver-provider-aws, for example 3.1.1. A change restarts the driver on every
	// node; secrets that are mounted stay.
	ChartVersion string `json:"chartVersion" jsonschema:"required,format=chart-version,example=3.1.1"`
	// Read secrets again while pods run, and update their files. Left out, a pod keeps what it started with.
	Rotation *Rotation `json:"rotation,omitempty"`
	// Let a SecretProviderClass also copy secrets into Kubernetes Secrets (secretObjects), for programs that take them from
	// the environment only. Whoever may read the namespace's Secrets reads them then, and the driver may write Secrets in
	// every namespace.
	SyncSecrets bool `json:"syncSecrets,omitempty" jsonschema:"default=false"`
	// CPU and memory of AWS's provider, on every node.
	Provider Resources `json:"provider,omitempty"`
	// CPU and memory of the driver's main container, on every node.
	Driver Resources `json:"driver,omitempty"`
}

// Rotation configures how secrets are read again.
type Rotation struct {
	// How old a file must be before it is read again, for example 2m or 1h; 1m to 24h. Kubelet asks every minute or two, so
	// it becomes a little older. Each secret of each pod is one API call per interval, and AWS charges for those of Secrets
	// Manager.
	Interval string `json:"interval,omitempty" jsonschema:"pattern=^[1-9][0-9]{0\\,4}[smh]$,default=1h"`
}

// Resources are what a container asks for, and what it gets at most.
type Resources struct {
	// CPU that is set aside, for example 50m.
	CPU string `json:"cpu,omitempty" jsonschema:"format=quantity,default=50m"`
	// CPU that it cannot exceed.
	CPULimit string `json:"cpuLimit,omitempty" jsonschema:"format=quantity,default=200m"`
	// Memory that is set aside, for example 100Mi.
	Memory string `json:"memory,omitempty" jsonschema:"format=quantity,default=100Mi"`
	// Memory beyond which it is killed. Pods on the node cannot start until it is back.
	MemoryLimit string `json:"memoryLimit,omitempty" jsonschema:"format=quantity,default=200Mi"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Region is the AWS region that secrets are read in, unless their SecretProviderClass names one. Required.
	Region string `args:"required" format:"aws-region"`
	// Registries stand in for the registries of the images.
	Registries image.Registries
	// After holds node groups whose nodes the chart's jobs can run on, at least one.
	After []pulumi.Resource `args:"required"`
}

// summary is what a preview shows of the component itself.
func (a *Args) summary() pulumi.Map {
	return pulumi.Map{
		"chartVersion": pulumi.String(a.ChartVersion),
		"rotation":     pulumi.Bool(a.Rotation != nil),
		"syncSecrets":  pulumi.Bool(a.SyncSecrets),
	}
}
