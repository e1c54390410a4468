// Package helm installs Helm charts the way the platform does.
package helm

import (
	"encoding/json"
	"fmt"

	helmv3 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Release is a chart to install.
type Release struct {
	// Name is the release's name in its namespace. Changing it replaces the release.
	Name string
	// Namespace is where the release and its objects live. It must exist. Changing it replaces the release.
	Namespace string
	// Chart and Repository name the chart: the repository's URL; a chart of an OCI registry has its whole
	// reference, oci://..., in Chart and no Repository.
	Chart, Repository string
	// Version is the chart's version; nothing moves by itself.
	Version string
	// Values is a struct whose JSON is the chart's values.
	Values any
	// Computed holds values, by top-level key, that other resources compute.
	Computed map[string]pulumi.Input
}

// timeout is how long a release may take until its pods are ready, in seconds: nodes may still be joining when it
// begins.
const timeout = 600

// New registers a release. It waits until what the chart makes is ready. A first installation that fails is removed
// again, and an upgrade that fails is rolled back, so that the next run finds no release that Helm refuses to touch.
func New(ctx *pulumi.Context, id string, r Release, opts ...pulumi.ResourceOption) (*helmv3.Release, error) {
	if r.Name == "" || r.Version == "" { // Helm would make the name up, and take the newest version
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
	args := &helmv3.ReleaseArgs{
		Name:       pulumi.String(r.Name),
		Namespace:  pulumi.String(r.Namespace),
		Chart:      pulumi.String(r.Chart),
		Version:    pulumi.String(r.Version),
		Values:     values,
		Atomic:     pulumi.Bool(true),
		MaxHistory: pulumi.Int(5),
		Timeout:    pulumi.Int(timeout),
	}
	if r.Repository != "" {
		args.RepositoryOpts = helmv3.RepositoryOptsArgs{Repo: pulumi.String(r.Repository)}
	}
	res, err := helmv3.NewRelease(ctx, id, args, opts...)
	if err != nil {
		return nil, fmt.Errorf("install the chart %s: %w", r.Chart, err)
	}
	return res, nil
}

// asMap turns a struct into Pulumi's values by way of its JSON, so that the struct's tags are the chart's keys.
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
