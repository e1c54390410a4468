package nodegroup

import (
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"

	"github.com/eks-platform/eks-platform/internal/facts/instancetype"
	"github.com/eks-platform/eks-platform/internal/problem"
)

// customAMI is the AMI.Type of an image of one's own.
const customAMI = "CUSTOM"

// The families of operating systems; they differ in the form of user data, of releases and of volumes.
const (
	familyAL2023       = "al2023"
	familyBottlerocket = "bottlerocket"
)

// amiTypes are the values of AMI.Type. All of them pass the validation of pulumi-aws 6.83.2.
var amiTypes = []string{
	"AL2023_x86_64_STANDARD", "AL2023_ARM_64_STANDARD", "AL2023_x86_64_NVIDIA", "AL2023_ARM_64_NVIDIA",
	"BOTTLEROCKET_x86_64", "BOTTLEROCKET_ARM_64", "BOTTLEROCKET_x86_64_NVIDIA", "BOTTLEROCKET_ARM_64_NVIDIA",
	"BOTTLEROCKET_x86_64_FIPS", "BOTTLEROCKET_ARM_64_FIPS", customAMI,
}

// The forms of a release: https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html and
// https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-versions-bottlerocket.html.
var (
	releaseAL2023       = regexp.MustCompile(`^(1\.[0-9]+)\.[0-9]+-20[0-9]{6}$`)
	releaseBottlerocket = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+-[0-9a-f]{8}$`)
	amiID               = regexp.MustCompile(`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`)
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

// gpu tells whether the image carries NVIDIA's drivers.
func (a AMI) gpu() bool { return strings.HasSuffix(a.Type, "_NVIDIA") }

// problems checks the image by itself.
func (a AMI) problems() problem.List {
	var out problem.List
	if !slices.Contains(amiTypes, a.Type) {
		out.Add("type", "must be one of %s, got %q", strings.Join(amiTypes, ", "), a.Type)
		return out
	}
	if a.custom() {
		if !amiID.MatchString(a.ID) {
			out.Add("id", "a custom AMI needs its id, such as ami-0123456789abcdef0, got %q", a.ID)
		}
		if a.Family != familyAL2023 && a.Family != familyBottlerocket {
			out.Add("family", "a custom AMI needs the family that it was built from, al2023 or bottlerocket, got %q", a.Family)
		}
		if arch := instancetype.Arch(a.Architecture); arch != instancetype.X86 && arch != instancetype.Arm {
			out.Add("architecture", "a custom AMI needs its architecture, x86_64 or arm64, got %q", a.Architecture)
		}
		if a.Release != "" {
			out.Add("release", "has no meaning for a custom AMI, whose id says it all; remove it")
		}
		return out
	}
	for key, value := range map[string]string{"id": a.ID, "family": a.Family, "architecture": a.Architecture} {
		if value != "" {
			out.Add(key, "only goes with type CUSTOM, and type is %s", a.Type)
		}
	}
	switch form := a.family(); {
	case form == familyAL2023 && !releaseAL2023.MatchString(a.Release):
		out.Add("release", "must be an AL2023 release such as 1.35.8-20260930 (Kubernetes patch version, date), got %q", a.Release)
	case form == familyBottlerocket && !releaseBottlerocket.MatchString(a.Release):
		out.Add("release", "must be a Bottlerocket release such as 1.66.0-1ad6b4a4 (version, build), got %q", a.Release)
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
	v, err := version.ParseGeneric(cluster)
	if m == nil || err != nil {
		return nil // said elsewhere
	}
	if release := version.MustParseGeneric(m[1]); release.Major() != v.Major() || release.Minor() != v.Minor() {
		out.Add("release", "%s is a release of Kubernetes %s and the cluster is on %s: take a release of that version",
			a.Release, m[1], cluster)
	}
	return out
}
