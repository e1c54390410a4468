package addons

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// version is the version of an add-on: upstream's, and EKS's build of it.
type version struct{ major, minor, patch, build int }

var versionForm = regexp.MustCompile(`^v([0-9]+)\.([0-9]+)\.([0-9]+)-eksbuild\.([0-9]+)$`)

func parseVersion(text string) (version, bool) {
	m := versionForm.FindStringSubmatch(text)
	if m == nil {
		return version{}, false
	}
	var n [4]int
	for i := range n {
		var err error
		if n[i], err = strconv.Atoi(m[i+1]); err != nil {
			return version{}, false
		}
	}
	return version{n[0], n[1], n[2], n[3]}, true
}

// before compares versions without their builds.
func (v version) before(major, minor, patch int) bool {
	return slices.Compare([]int{v.major, v.minor, v.patch}, []int{major, minor, patch}) < 0
}

// kubernetesMinor returns 35 of "1.35".
func kubernetesMinor(text string) (int, bool) {
	minor, found := strings.CutPrefix(text, "1.")
	n, err := strconv.Atoi(minor)
	return n, found && err == nil
}
