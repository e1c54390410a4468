// Package helm installs Helm charts the way the platform does.
package helm

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/utilities"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ReleaseType is the type token of a Helm release.
const ReleaseType = "kubernetes:helm.sh/v3:Release"

// Installed is a registered release. The platform registers it without the SDK's package helm/v3, which imports its package
// yaml and with it every Kubernetes API version ever: more than half of the program's object code.
type Installed struct {
	pulumi.CustomResourceState
}

// Release is a chart to install.
type Release struct {
	// Name is the release's name in its namespace. Changing it replaces the release.
	Name string
	// Namespace is the namespace of the release and its objects. It must exist. Changing it replaces the release.
	Namespace string
	// Chart and Repository name the chart: the repository's URL; a chart of an OCI registry has its whole
	// reference, oci://..., in Chart and no Repository.
	Chart, Repository string
	// Version is the chart's pinned version.
	Version string
	// Values is a struct whose JSON is the chart's values.
	Values any
	// Computed are values, by top-level key, that other resources compute.
	Computed map[string]pulumi.Input
}

// timeout is how long a release may take until its pods are ready, in seconds: nodes may still be joining when it
// begins.
const timeout = 600

// New registers a release. It waits until the chart's objects are ready. A failed first installation is removed, and a
// failed upgrade is rolled back, so that the next run finds no release that Helm refuses to change.
func New(ctx *pulumi.Context, id string, r Release, opts ...pulumi.ResourceOption) (*Installed, error) {
	if r.Name == "" || r.Version == "" { // otherwise Helm would generate the name and take the newest version
		return nil, fmt.Errorf("install the chart %s: the release needs a name and a version", r.Chart)
	}
	values, err := asMap(r.Values)
	if err != nil {
		return nil, fmt.Errorf("write the values of the chart %s: %w", r.Chart, err)
	}
	for key, value := range r.Computed {
		if _, twice := values[key]; twice {
			return nil, fmt.Errorf("write the values of the chart %s: %s is both given and computed", r.Chart, key)
		}
		values[key] = value
	}
	args := pulumi.Map{
		"name":       pulumi.String(r.Name),
		"namespace":  pulumi.String(r.Namespace),
		"chart":      pulumi.String(r.Chart),
		"version":    pulumi.String(r.Version),
		"values":     values,
		"atomic":     pulumi.Bool(true),
		"maxHistory": pulumi.Int(5),
		"timeout":    pulumi.Int(timeout),
		"compat":     pulumi.String("true"), // as the SDK's constructor sets it
	}
	if r.Repository != "" {
		args["repositoryOpts"] = pulumi.Map{"repo": pulumi.String(r.Repository)}
	}
	res := &Installed{}
	if err := ctx.RegisterResource(ReleaseType, id, args, res, utilities.PkgResourceDefaultOpts(opts)...); err != nil {
		return nil, fmt.Errorf("install the chart %s: %w", r.Chart, err)
	}
	return res, nil
}

// asMap converts a struct to Pulumi's values through its JSON, so that the struct's tags are the chart's keys.
func asMap(values any) (pulumi.Map, error) {
	raw, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	var plain map[string]any
	if err := json.Unmarshal(raw, &plain); err != nil {
		return nil, err
	}
	out := pulumi.Map{}
	for key, value := range plain {
		out[key] = pulumi.Any(value)
	}
	return out, nil
}
