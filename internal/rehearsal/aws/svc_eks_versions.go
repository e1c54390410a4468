package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// kubernetesMinors are the minors of Kubernetes that EKS runs, as of 2026-11-20, and whether they are in extended
// support, which costs extra and which a cluster's support policy can refuse
// (https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html).
var kubernetesMinors = map[int]struct{ extended bool }{
	31: {true}, 32: {true}, 33: {true}, 34: {false}, 35: {false}, 36: {false},
}

// defaultMinor is what EKS gives a cluster that asks for no version.
const defaultMinor = 36

// maxSkew is how many minors a kubelet may be behind its control plane
// (https://kubernetes.io/releases/version-skew-policy/).
const maxSkew = 3

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

func supportedVersions() string {
	var minors []int
	for n := range kubernetesMinors {
		minors = append(minors, n)
	}
	slices.Sort(minors)
	out := make([]string, 0, len(minors))
	for _, n := range minors {
		out = append(out, versionOf(n))
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
