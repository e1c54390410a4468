// Package image checks the references of container images, and points them to mirrors.
package image

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"

	"github.com/eks-platform/eks-platform/internal/problem"
)

// Problem tells what is wrong with a reference, or "". It must name its registry, and a version: a tag other than
// latest, or a digest.
func Problem(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return fmt.Sprintf("%q is no image reference such as public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0: %v", ref, err)
	}
	first, _, several := strings.Cut(ref, "/")
	if !several || !strings.ContainsAny(first, ".:") {
		return fmt.Sprintf("%q names no registry; write %s if that is meant", ref, named)
	}
	_, digested := named.(reference.Digested)
	tagged, hasTag := named.(reference.Tagged)
	switch {
	case hasTag && tagged.Tag() == "latest" && !digested:
		return fmt.Sprintf("%q has the tag latest, which moves by itself: name a version", ref)
	case !hasTag && !digested:
		return fmt.Sprintf("%q has no version: add a tag or a digest", ref)
	}
	return ""
}

// Registries maps a registry, such as public.ecr.aws, to what stands in for it, such as
// 111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public: a pull-through cache or a mirror, for clusters that cannot
// or should not reach the internet.
type Registries map[string]string

var domain = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?[.][a-z]+(:[0-9]+)?$`)

// Problems returns what is wrong with the map.
func (r Registries) Problems() problem.List {
	var out problem.List
	for _, from := range slices.Sorted(maps.Keys(r)) {
		if !domain.MatchString(from) {
			out.Add(from, "%q is not the name of a registry, such as public.ecr.aws", from)
		}
		to := r[from]
		if named, err := reference.ParseNormalizedNamed(to + "/x"); err != nil || !domain.MatchString(reference.Domain(named)) ||
			!strings.HasPrefix(to, reference.Domain(named)) {
			out.Add(from, "%q is not a registry with an optional path, such as 111111111111.dkr.ecr.eu-west-1.amazonaws.com/ecr-public", to)
		}
	}
	return out
}

// Resolve returns the reference to pull: the image itself, or the one that stands in for it.
func (r Registries) Resolve(ref string) string {
	from, rest, found := strings.Cut(ref, "/")
	if to, mirrored := r[from]; found && mirrored {
		return to + "/" + rest
	}
	return ref
}

// Split returns a reference's repository and tag, as Helm charts take them. A digest stays with the tag.
func Split(ref string) (repository, tag string) {
	name, _, _ := strings.Cut(ref, "@")
	at := strings.LastIndex(name, ":")
	if at < 0 || strings.Contains(name[at:], "/") { // a port, not a tag
		return ref, ""
	}
	return ref[:at], ref[at+1:]
}
