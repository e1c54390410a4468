package secrets

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/image"
)

// Settings are the secrets part of a stack file.
type Settings struct {
	// Version of the chart secrets-store-csi-driver-provider-aws, for example 3.1.1. A change restarts the driver on every
	// node; mounted secrets stay.
	ChartVersion string `json:"chartVersion" jsonschema:"required,format=chart-version,example=3.1.1"`
	// Reread secrets while pods run, and update their files. By default a pod keeps the values that it started with.
	Rotation *Rotation `json:"rotation,omitempty"`
	// Let a SecretProviderClass also copy secrets into Kubernetes Secrets (secretObjects), for programs that only read
	// environment variables. Anyone who may read the namespace's Secrets can then read them, and the driver may write
	// Secrets in every namespace.
	SyncSecrets bool `json:"syncSecrets,omitempty" jsonschema:"default=false"`
	// CPU and memory of the AWS provider, on every node.
	Provider Resources `json:"provider,omitempty"`
	// CPU and memory of the driver's main container, on every node.
	Driver Resources `json:"driver,omitempty"`
}

// Rotation configures how secrets are reread.
type Rotation struct {
	// How old a file must be before it is reread, for example 2m or 1h; 1m to 24h. Kubelet checks every minute or two, so
	// files get a little older. Each secret of each pod is one API call per interval, and AWS charges for those to Secrets
	// Manager.
	Interval string `json:"interval,omitempty" jsonschema:"pattern=^[1-9][0-9]{0\\,4}[smh]$,default=1h"`
}

// Resources are a container's requests and limits.
type Resources struct {
	// CPU request, for example 50m.
	CPU string `json:"cpu,omitempty" jsonschema:"format=quantity,default=50m"`
	// CPU limit.
	CPULimit string `json:"cpuLimit,omitempty" jsonschema:"format=quantity,default=200m"`
	// Memory request, for example 100Mi.
	Memory string `json:"memory,omitempty" jsonschema:"format=quantity,default=100Mi"`
	// Memory limit. If the container is killed for exceeding it, pods with secrets on the node cannot start until it is
	// back.
	MemoryLimit string `json:"memoryLimit,omitempty" jsonschema:"format=quantity,default=200Mi"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// Region is the AWS region from which secrets are read, unless their SecretProviderClass names one. Required.
	Region string `args:"required" format:"aws-region"`
	// Registries replace the registries of the images.
	Registries image.Registries
	// After lists node groups that the chart's jobs can run on, at least one.
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
