package nodegroup

import (
	"regexp"
	"strings"

	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// customAMI is the AMI.Type of a custom image.
const customAMI = "CUSTOM"

// The operating system families; they differ in the formats of user data and releases, and in volumes.
const (
	familyAL2023       = "al2023"
	familyBottlerocket = "bottlerocket"
)

// The formats of a release: https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html and
// https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-versions-bottlerocket.html.
var (
	releaseAL2023       = regexp.MustCompile(`^(1\.[0-9]+)\.[0-9]+-20[0-9]{6}$`)
	releaseBottlerocket = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+-[0-9a-f]{8}$`)
)

func (a AMI) custom() bool { return a.Type == customAMI }

func (a AMI) family() string {
	switch {
	case a.custom():
		return a.Family
	case strings.HasPrefix(a.Type, "BOTTLEROCKET_"):
		return familyBottlerocket
	default:
		return familyAL2023
	}
}

func (a AMI) arch() instancetype.Arch {
	switch {
	case a.custom():
		return instancetype.Arch(a.Architecture)
	case strings.Contains(a.Type, "_ARM_64"):
		return instancetype.Arm
	default:
		return instancetype.X86
	}
}

// gpu reports whether the image has NVIDIA's drivers.
func (a AMI) gpu() bool { return strings.HasSuffix(a.Type, "_NVIDIA") }

// problems checks the image on its own.
func (a AMI) problems() problem.List {
	var out problem.List
	if a.custom() {
		for _, part := range []struct{ key, value, what string }{
			{"id", a.ID, "its id, such as ami-0123456789abcdef0"}, {"family", a.Family, "the family that it was built from, al2023 or bottlerocket"},
			{"architecture", a.Architecture, "its architecture, x86_64 or arm64"},
		} {
			if part.value == "" {
				out.Relate(part.key, []string{"type", part.key}, "is required with type CUSTOM: %s", part.what)
			}
		}
		if a.Release != "" {
			out.Relate("release", []string{"type", "release"}, "has no effect with a custom AMI: remove it")
		}
		return out
	}
	for key, value := range map[string]string{"id": a.ID, "family": a.Family, "architecture": a.Architecture} {
		if value != "" {
			out.Relate(key, []string{"type", key}, "needs type CUSTOM, but type is %s", a.Type)
		}
	}
	both := []string{"type", "release"}
	switch form := a.family(); {
	case form == familyAL2023 && !releaseAL2023.MatchString(a.Release):
		out.Relate("release", both, "must be an AL2023 release such as 1.35.8-20260930 (Kubernetes patch version, date), got %q", a.Release)
	case form == familyBottlerocket && !releaseBottlerocket.MatchString(a.Release):
		out.Relate("release", both, "must be a Bottlerocket release such as 1.66.0-1ad6b4a4 (version, build), got %q", a.Release)
	}
	return out
}

// versionProblems checks that an AL2023 release is one of the cluster's minor version. A Bottlerocket release has no
// Kubernetes version in it: EKS picks the variant by the group's version.
func (a AMI) versionProblems(cluster string) problem.List {
	var out problem.List
	if cluster == "" || a.custom() || a.family() != familyAL2023 {
		return nil
	}
	m := releaseAL2023.FindStringSubmatch(a.Release)
	if m == nil {
		return nil // said elsewhere
	}
	if m[1] != cluster {
		out.Relate("release", []string{"type", "release", "$.cluster.version"}, "%s is a release for Kubernetes %s, but the cluster is "+
			"on %s: choose a release for that version", a.Release, m[1], cluster)
	}
	return out
}
