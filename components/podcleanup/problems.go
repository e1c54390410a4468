package podcleanup

import (
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/eks-platform/eks-platform/internal/image"
	"github.com/eks-platform/eks-platform/internal/problem"
	"github.com/eks-platform/eks-platform/internal/schema"
)

// Problems returns everything that is wrong with the settings, and with them on this cluster. Paths are those of the
// settings.
func (a *Args) Problems() problem.List {
	_, problems := schema.Args(a, (*Args).settings, (*Args).relations)
	return problems
}

func (a *Args) settings() *Settings { return &a.Settings }

// relations returns what is wrong beyond the struct tags.
func (a *Args) relations() problem.List {
	var out problem.List
	_, tag := image.Split(a.Image)
	tag, _, _ = strings.Cut(tag, "@")
	// Tags may hold more than a version: v1.35.7-alpine.
	client, err := semver.NewVersion(strings.TrimPrefix(tag, "v"))
	server, wrong := semver.NewVersion(a.ClusterVersion)
	if err != nil || wrong != nil || client.Major() != server.Major() {
		return out
	}
	if c, s := client.Minor(), server.Minor(); c+1 < s || c > s+1 {
		out.Relate("image", []string{"image", "$.cluster.version"},
			"must be a kubectl at most one minor away from the cluster's Kubernetes (%s), got %s", a.ClusterVersion, tag)
	}
	return out
}
