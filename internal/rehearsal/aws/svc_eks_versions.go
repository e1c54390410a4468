package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/eks-platform/eks-platform/internal/facts"
)

var versionForm = regexp.MustCompile(`^1\.(\d+)$`)

// minorOf returns 35 of "1.35".
func minorOf(version string) (int, bool) {
	m := versionForm.FindStringSubmatch(version)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}

func versionOf(minor int) string { return "1." + strconv.Itoa(minor) }

// kubernetesVersion returns what EKS knows of a version.
func kubernetesVersion(version string) (facts.KubernetesVersion, bool) {
	i := slices.IndexFunc(facts.KubernetesVersions, func(v facts.KubernetesVersion) bool { return v.Minor == version })
	if i < 0 {
		return facts.KubernetesVersion{}, false
	}
	return facts.KubernetesVersions[i], true
}

func supportedVersions() string {
	out := make([]string, 0, len(facts.KubernetesVersions))
	for _, v := range facts.KubernetesVersions {
		out = append(out, v.Minor)
	}
	return strings.Join(out, ", ")
}

var (
	al2023Release       = regexp.MustCompile(`^1\.(\d+)\.\d+-\d{8}$`)
	bottlerocketRelease = regexp.MustCompile(`^\d+\.\d+\.\d+-[0-9a-f]{8}$`)
)

// checkRelease checks an AMI release version against the AMI type and the Kubernetes version
// (https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html).
func checkRelease(release, amiType string, minor int) error {
	ok := true
	switch {
	case release == "":
	case strings.HasPrefix(amiType, "AL2"):
		m := al2023Release.FindStringSubmatch(release)
		ok = m != nil && m[1] == strconv.Itoa(minor)
	case strings.HasPrefix(amiType, "BOTTLEROCKET"):
		ok = bottlerocketRelease.MatchString(release) && !al2023Release.MatchString(release)
	}
	if !ok {
		return refuse("InvalidParameterException", "Requested release version %s is not valid for kubernetes version %s. (AMI type %s)",
			release, versionOf(minor), amiType)
	}
	return nil
}

// defaultRelease is a release version for a node group that asks for none.
func defaultRelease(amiType string, minor int) string {
	if strings.HasPrefix(amiType, "BOTTLEROCKET") {
		return "1.66.0-1ad6b4a4"
	}
	return fmt.Sprintf("%s.1-20260930", versionOf(minor))
}
