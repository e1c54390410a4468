package podcleanup

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/eks-platform/eks-platform/internal/image"
)

// Settings are the pod cleanup's part of a stack file.
type Settings struct {
	// Image with kubectl, for example registry.k8s.io/kubectl:v1.35.7: with registry and version, at most one Kubernetes
	// minor from the cluster's. kubectl must be its entrypoint; a shell is not needed.
	Image string `json:"image" jsonschema:"required,format=image,example=registry.k8s.io/kubectl:v1.35.7"`
	// When to clean up: a cron expression with five fields, or @hourly, @daily and the like. A change takes effect with
	// the next run.
	Schedule string `json:"schedule,omitempty" jsonschema:"format=cronjob-schedule,default=17 * * * *"`
	// IANA time zone of the schedule.
	TimeZone string `json:"timeZone,omitempty" jsonschema:"format=time-zone,default=Etc/UTC,example=Europe/Berlin"`
	// Also remove the failed pods of Jobs, which their Jobs would clean up: for clusters whose Jobs have no limits.
	Jobs bool `json:"jobs,omitempty" jsonschema:"default=false"`
	// Only log what each run would remove.
	DryRun bool `json:"dryRun,omitempty" jsonschema:"default=false"`
}

// Args are the settings together with what the rest of the program decides.
type Args struct {
	Settings
	// ClusterVersion is the cluster's Kubernetes minor, for example 1.35. The image's version is checked against it, unless
	// it is "".
	ClusterVersion string
	// Registries replace the image's registry.
	Registries image.Registries
}

// summary is what a preview shows of the component itself.
func (a *Args) summary() pulumi.Map {
	return pulumi.Map{"schedule": pulumi.String(a.Schedule), "timeZone": pulumi.String(a.TimeZone)}
}
