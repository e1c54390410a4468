package helm

import (
	"fmt"
	"regexp"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/eks-platform/eks-platform/internal/image"
)

// Image is an image as most charts take it.
type Image struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
}

// ImageOf splits a reference that ImageProblem has nothing against.
func ImageOf(ref string) Image {
	repository, tag := image.Split(ref)
	return Image{Repository: repository, Tag: tag}
}

// ImageProblem tells what is wrong with an image that goes to a chart as repository and tag, or "".
func ImageProblem(ref string) string {
	if wrong := image.Problem(ref); wrong != "" {
		return wrong
	}
	if _, tag := image.Split(ref); tag == "" {
		return fmt.Sprintf("%q has no tag, and the chart wants one: write it in front of the digest", ref)
	}
	return ""
}

var version = regexp.MustCompile(`^[0-9]+[.][0-9]+[.][0-9]+$`)

// VersionProblem tells what is wrong with the version of a chart, or "".
func VersionProblem(v string) string {
	if !version.MatchString(v) {
		return fmt.Sprintf("must be one version of the chart such as 3.5.0, not a range, got %q", v)
	}
	return ""
}

// Resources are the resources of a container as charts take them.
type Resources struct {
	Requests map[string]string `json:"requests"`
	Limits   map[string]string `json:"limits"`
}

// ResourcesOf requests CPU and memory, and limits the memory to what is requested: a container that leaks dies alone.
// CPU has no limit, which would slow the container down while the node has nothing else to do.
func ResourcesOf(cpu, memory string) Resources {
	return Resources{
		Requests: map[string]string{"cpu": cpu, "memory": memory},
		Limits:   map[string]string{"memory": memory},
	}
}

// QuantityProblem tells what is wrong with an amount of CPU or memory, or "".
func QuantityProblem(text string) string {
	if q, err := resource.ParseQuantity(text); err != nil || q.Sign() <= 0 {
		return fmt.Sprintf("must be an amount such as 100m (CPU) or 256Mi (memory), got %q", text)
	}
	return ""
}
