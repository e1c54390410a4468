package cluster

import (
	"slices"
	"strings"

	"github.com/eks-platform/eks-platform/internal/facts"
)

// Version is a Kubernetes minor version on EKS.
type Version = facts.KubernetesVersion

// versions are the supported versions, oldest first: those of EKS whose support windows are known.
var versions = slices.DeleteFunc(slices.Clone(facts.KubernetesVersions), func(v Version) bool { return v.ExtendedUntil == "" })

// Versions returns the Kubernetes versions that a stack file may name, oldest first.
func Versions() []Version { return slices.Clone(versions) }

func versionOf(minor string) (Version, bool) {
	i := slices.IndexFunc(versions, func(v Version) bool { return v.Minor == minor })
	if i < 0 {
		return Version{}, false
	}
	return versions[i], true
}

// standardVersions lists the versions in standard support, for messages.
func standardVersions() string {
	var names []string
	for _, v := range versions {
		if !v.ExtendedOnly {
			names = append(names, v.Minor)
		}
	}
	return strings.Join(names, ", ")
}
